"""What a list of the API is asked: each parameter is known and read exactly, or refused with what is allowed."""

from __future__ import annotations

import django_filters
import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.places import DivisionKnown, PlacesKnown, UnitKnown
from funds.models import FundDocument
from povfund.api import router
from povfund.common.filtering import DayFilter, WholeFilter, YesNoFilter
from povfund.policy import POLICY, addresses
from tests.documents import draft
from tests.people import account
from tests.permissions.test_url_table import path_of

pytestmark = pytest.mark.django_db

READERS = ("510000.finance.head", "510000.audit")
NAMES = sorted(
    {name for name, _pattern in addresses() if name in POLICY and POLICY[name].api and "GET" in POLICY[name].methods}
)
DESCRIPTION = {"schema", "api-docs"}
LISTS = [(name, view) for name, view, _basename in router.registry if hasattr(view, "list")]
PAGED = [
    (name, view) for name, view in LISTS if getattr(view, "pagination_class", None) and name not in ("attachments",)
]
BAD = {
    WholeFilter: ("NaN", "1_000", "2016.5", "1e3", "２０１６年"),
    DayFilter: ("202631", "20260230", "2026-02-30", "soon", "03/01/2026"),
    YesNoFilter: ("maybe", "2"),
    django_filters.ChoiceFilter: ("no_such_value",),
    django_filters.MultipleChoiceFilter: ("no_such_value",),
    django_filters.UUIDFilter: ("not-a-uid",),
    django_filters.ModelChoiceFilter: ("P99",),
    DivisionKnown: ("zz", "999999"),
    UnitKnown: ("zz", "511921", "511921.nonsense", "999999.finance"),
    PlacesKnown: ("zz", "县"),
}


def client_for(name):
    client = APIClient()
    client.force_authenticate(account(READERS[1] if name.startswith("audit") else READERS[0]))
    return client


def refused(answer, field):
    """The errors of a 400 that name `field`."""
    assert answer.status_code == 400, (answer.status_code, answer.content[:300])
    found = [error for error in answer.json()["errors"] if error["field"] == field]
    assert found, answer.json()
    assert all(error["message"] for error in found)
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if name not in DESCRIPTION])
def test_every_address_of_the_api_refuses_a_parameter_it_does_not_know(name):
    (error,) = refused(client_for(name).get(path_of(name), {"nonsense": "1"}), "nonsense")
    assert error["remedy"], "it says what is possible instead"


@pytest.mark.parametrize(("name", "view"), PAGED)
def test_every_list_refuses_sizes_orders_and_places_it_does_not_know(name, view):
    path = reverse(f"{name}-list")
    for value in ("0", "-1", "501", "abc", "1_0", "5.0", ""):
        (error,) = refused(client_for(name).get(path, {"page_size": value}), "page_size")
        assert "500" in error["remedy"]
    for value in ("nonsense", "-nonsense", "uid; DROP"):
        refused(client_for(name).get(path, {"ordering": value}), "ordering")
    refused(client_for(name).get(path, {"cursor": "forged"}), "cursor")
    for value in ("1", "500"):
        assert client_for(name).get(path, {"page_size": value}).status_code == 200


@pytest.mark.parametrize(("name", "view"), [row for row in LISTS if getattr(row[1], "filterset_class", None)])
def test_every_filter_of_every_list_refuses_what_it_cannot_read(name, view):
    tried = 0
    for parameter, one in view.filterset_class.base_filters.items():
        for value in next((values for kind, values in BAD.items() if type(one) is kind), ()):
            refused(client_for(name).get(reverse(f"{name}-list"), {parameter: value}), parameter)
            tried += 1
        if not isinstance(one, django_filters.MultipleChoiceFilter):
            twice = client_for(name).get(reverse(f"{name}-list"), {parameter: ["a", "b"]})
            assert refused(twice, parameter)[0]["message"]
    assert tried, "a filter set without a single value to read"


def test_a_choice_that_is_none_is_told_what_is_possible():
    (error,) = refused(client_for("").get("/api/v1/fund-documents/", {"state": "nonsense"}), "state")
    assert "acknowledged" in error["remedy"]


def test_a_parameter_unknown_is_said_in_chinese_with_the_parameters_there_are():
    asked = client_for("").get("/api/v1/fund-documents/", {"budget_yaer": "2016"}, headers={"Accept-Language": "zh-CN"})
    (error,) = refused(asked, "budget_yaer")
    assert error["message"] == "这里没有参数“budget_yaer”。"
    assert "budget_year" in error["remedy"]
    assert error["remedy"].startswith("可用：")


def test_set_wise_steps_and_exports_take_the_same_filters_and_no_others():
    clerk = APIClient()
    clerk.force_authenticate(account("511921.finance.entry"))
    step = {"action": "submit", "filter": {"budget_yaer": 2016}}
    refused(clerk.post("/api/v1/fund-documents/steps/", step, format="json"), "filter.budget_yaer")
    step["filter"] = {"budget_year": ["2016", "2017"]}
    refused(clerk.post("/api/v1/fund-documents/steps/", step, format="json"), "filter.budget_year")
    asked = {"resource": "fund-documents", "purpose": "analysis", "filter": {"budget_yaer": "2016"}}
    head = client_for("")
    refused(head.post("/api/v1/exports/", asked, format="json"), "filter.budget_yaer")
    asked["filter"] = {"budget_year": "NaN"}
    refused(head.post("/api/v1/exports/", asked, format="json"), "filter.budget_year")


def test_a_deletion_names_the_revision_looked_at_and_nothing_else():
    clerk = account("511921.finance.entry")
    document, client = draft(), APIClient()
    client.force_authenticate(clerk)
    path = f"/api/v1/fund-documents/{document.pk}/"
    for value in ("abc", "0", "-1", "1.0", "１", ""):
        (error,) = refused(client.delete(f"{path}?rev={value}"), "rev")
        assert error["remedy"]
    for body in ({"rev": "abc"}, {"rev": True}, {"rev": 1.0}, {"rev": []}):
        refused(client.delete(path, body, format="json"), "rev")
    refused(client.delete(f"{path}?rev=1", {"rev": 2}, format="json"), "rev")
    refused(client.delete(f"{path}?revision=1"), "revision")
    for body in (None, {}):
        (error,) = refused(client.delete(path, body, format="json"), "rev")
        assert error["message"] == "缺少修改所依据的版本号。"
    assert FundDocument.objects.filter(pk=document.pk).exists()
    assert client.delete(f"{path}?rev=2").status_code == 409
    assert client.delete(f"{path}?rev=1").status_code == 204


@pytest.mark.parametrize("ordering", ["", "-changed_at", "budget_year", "-total"])
def test_paging_brings_each_record_once_however_many_changed_at_one_moment(ordering):
    clerk = account("511921.finance.entry")
    made = {str(draft(f"通财农〔2016〕{n}号").pk) for n in range(1, 8)}
    first = FundDocument.objects.first()
    FundDocument.objects.update(changed_at=first.changed_at)
    client, seen, pages = APIClient(), [], 0
    client.force_authenticate(clerk)
    address = "/api/v1/fund-documents/?page_size=2" + (f"&ordering={ordering}" if ordering else "")
    while address:
        answer = client.get(address).json()
        seen += [row["uid"] for row in answer["results"]]
        back, address, pages = answer["previous"], answer["next"], pages + 1
    assert (sorted(seen), pages) == (sorted(made), 4)
    walked = list(reversed(seen[-1:]))
    while back:
        answer = client.get(back).json()
        walked += [row["uid"] for row in reversed(answer["results"])]
        back = answer["previous"]
    assert walked == list(reversed(seen)), "and the way back is the same way"


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/api/v1/fund-documents/", "511921.finance.entry"),
        ("/api/v1/arrivals/", "511921.finance.entry"),
        ("/api/v1/exports/", "510000.finance.head"),
        ("/api/v1/imports/", "511921.finance.entry"),
        ("/api/v1/attachments/", "511921.finance.entry"),
        ("/api/v1/change-orders/", "510000.finance.head"),
        ("/api/v1/unit-successions/", "510000.sysadmin"),
    ],
)
def test_what_is_sent_holds_no_field_that_nobody_reads(path, who):
    client = APIClient()
    client.force_authenticate(account(who))
    answer = client.post(path, {"no_such_field": "1"}, format="json" if "imports" not in path else "multipart")
    assert answer.status_code == 400
    assert "no_such_field" in [error["field"] for error in answer.json()["errors"]]
