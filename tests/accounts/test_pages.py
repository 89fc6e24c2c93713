"""Pages of administration."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts import services
from accounts.models import AuditEntry, Grant, Person, User
from povfund.common import clock
from tests import people

pytestmark = pytest.mark.django_db

ADMIN = "/administration"


def client_of(account):
    client = Client()
    client.force_login(account)
    return client


def test_a_system_administrator_files_a_person_and_makes_an_account():
    client = client_of(people.system_admin())
    fields = {"name": "王立", "personnel_class": "staff", "office_phone": "0827-7212345", "email": ""}
    answer = client.post(f"{ADMIN}/units/511921.poverty/", fields)
    person = Person.objects.get(name="王立")
    assert answer["Location"] == f"{ADMIN}/persons/{person.pk}/"
    made = client.post(
        f"{ADMIN}/persons/{person.pk}/accounts/", {"unit": "511921.poverty", "username": "511921.poverty.wang"}
    )
    assert made.status_code == 302
    assert User.objects.get(username="511921.poverty.wang").duties == []
    assert "王立" in client.get(f"{ADMIN}/units/511921.poverty/").content.decode()
    assert client.get(f"{ADMIN}/persons/{person.pk}/").status_code == 200
    assert client.post(f"{ADMIN}/persons/{person.pk}/leave/", {"reason": "调离"}).status_code == 302
    assert client.get(f"{ADMIN}/persons/{person.pk}/").status_code == 200


def test_a_security_administrator_gives_duties_password_and_exception():
    clerk, client = people.county_clerk(), client_of(people.security_admin())
    page = f"{ADMIN}/accounts/{clerk.username}/"
    assert client.get(page).status_code == 200
    assert client.post(f"{page}duties/", {"duties": ["entry", "review"], "reason": "调整"}).status_code == 302
    clerk.refresh_from_db()
    assert clerk.duties == ["entry", "review"]
    answer = client.post(f"{page}password/")
    clerk.refresh_from_db()
    shown = answer.content.decode().split("<code>")[1].split("</code>")[0]
    assert clerk.check_password(shown)
    assert "no-store" in answer["Cache-Control"]
    today = clock.today()
    given = client.post(
        f"{ADMIN}/persons/{clerk.person_id}/grants/",
        {
            "target": "511922.finance",
            "right": "read",
            "valid_from": today.isoformat(),
            "valid_to": (today + timedelta(days=5)).isoformat(),
            "reason": "联合检查",
        },
    )
    assert given.status_code == 302
    row = Grant.objects.get(person=clerk.person)
    assert client.post(f"{ADMIN}/persons/{clerk.person_id}/grants/{row.pk}/end/").status_code == 302
    assert client.post(f"{page}unlock/").status_code == 302
    assert client.post(f"{page}second-factor/").status_code == 302


def test_a_refused_form_comes_back_with_its_reason():
    clerk, client = people.county_clerk(), client_of(people.system_admin())
    wrong = {"unit": "511921.circus", "username": "Ä"}
    answer = client.post(f"{ADMIN}/persons/{clerk.person_id}/accounts/", wrong)
    assert answer.status_code == 422
    assert "511921.circus" in answer.content.decode()
    taken = client.post(
        f"{ADMIN}/persons/{clerk.person_id}/accounts/", {"unit": "511921.finance", "username": clerk.username}
    )
    assert taken.status_code == 422
    assert clerk.username in taken.content.decode()


def test_what_another_administrator_looks_after_is_absent():
    outsider = people.outsider()
    client = client_of(people.account("511921.sysadmin"))
    assert client.get(f"{ADMIN}/accounts/{outsider.username}/").status_code == 404
    assert client.get(f"{ADMIN}/persons/{outsider.person_id}/").status_code == 404
    assert client.get(f"{ADMIN}/units/511922.finance/").status_code == 404
    assert client.get(f"{ADMIN}/units/?division=511922").status_code == 404
    assert outsider.username not in client.get(f"{ADMIN}/accounts/").content.decode()
    assert outsider.username not in client.get(f"{ADMIN}/accounts/?search=511922").content.decode()


def test_closing_an_account_asks_for_a_reason():
    clerk, client = people.county_clerk(), client_of(people.system_admin())
    page = f"{ADMIN}/accounts/{clerk.username}/activation/"
    assert client.post(page, {}).status_code == 422
    assert client.post(page, {"reason": "休假"}).status_code == 302
    clerk.refresh_from_db()
    assert not clerk.is_active
    assert client.post(page, {"reason": "回岗"}).status_code == 302
    clerk.refresh_from_db()
    assert clerk.is_active


def test_a_unit_closes_only_without_accounts_in_use_and_opens_again():
    people.county_clerk()
    client = client_of(people.system_admin())
    client.post(f"{ADMIN}/units/511921.finance/close/")
    assert people.unit("511921.finance").active
    client.post(f"{ADMIN}/units/511921.ethnic/close/")
    assert not people.unit("511921.ethnic").active
    client.post(f"{ADMIN}/units/open/", {"division": "511921", "kind": "ethnic"})
    assert people.unit("511921.ethnic").active


def test_accounts_are_paged_by_key_and_filtered():
    for n in range(55):
        people_unit = people.unit("511921.finance")
        person = services.create_person(None, unit=people_unit, name=f"人{n}")
        services.create_account(None, person=person, unit=people_unit, username=f"paged.{n:03}", duties=["entry"])
    client = client_of(people.system_admin())
    first = client.get(f"{ADMIN}/accounts/?search=paged&duty=entry")
    assert len(first.context["rows"]) == 50
    second = client.get(f"{ADMIN}/accounts/{first.context['next_page']}")
    assert [row.username for row in second.context["rows"]] == [f"paged.{n:03}" for n in range(50, 55)]
    assert not second.context["next_page"]


def test_the_auditor_reads_entries_with_before_and_after():
    clerk, client = people.county_clerk(), client_of(people.auditor())
    services.change_duties(people.security_admin(), account=clerk, duties=["review"], reason="换岗")
    listed = client.get(f"{ADMIN}/audit/?action=accounts.user.change_duties")
    assert len(listed.context["rows"]) == 1
    entry = listed.context["rows"][0]
    page = client.get(f"{ADMIN}/audit/{entry.pk}/").content.decode()
    assert "换岗" in page
    assert '<td class="chg">审核</td>' in page
    assert client.get(f"{ADMIN}/audit/?since=2999-01-01").context["rows"] == []
    wrong = client.get(f"{ADMIN}/audit/?since=rubbish")
    assert (wrong.status_code, wrong.context["rows"]) == (422, [])
    assert "“rubbish”不是日期" in wrong.content.decode()


def test_the_pages_say_who_does_what_this_administrator_may_not():
    clerk = people.county_clerk()
    page = client_of(people.system_admin()).get(f"{ADMIN}/accounts/{clerk.username}/").content.decode()
    assert "只由安全管理员授予" in page
    page = client_of(people.security_admin()).get(f"{ADMIN}/accounts/{clerk.username}/").content.decode()
    assert "只由系统管理员管理" in page


def test_a_succession_is_noted_once_dated_and_audited_and_leads_nowhere_back():
    client = client_of(people.system_admin())
    people.unit("510000.poverty"), people.unit("510000.development"), people.unit("511921.finance")
    address = f"{ADMIN}/units/510000.poverty/succession/"
    words = {"successor": "510000.development", "since": clock.today().isoformat(), "document": "川委发〔2018〕1号"}
    ahead = (clock.today() + timedelta(days=1)).isoformat()
    for wrong in (
        {"successor": "510000.poverty"},
        {"successor": "511921.finance"},
        {"since": ahead},
        {"document": " "},
    ):
        assert client.post(address, words | wrong).status_code == 422, wrong
    assert client.post(address, words).status_code == 302
    entry = AuditEntry.objects.get(action="accounts.unit.succeed")
    assert (entry.actor.username, entry.after["successor"]) == (people.SYSTEM_ADMIN, "510000.development")
    assert client.post(address, words).status_code == 422
    back = client.post(f"{ADMIN}/units/510000.development/succession/", words | {"successor": "510000.poverty"})
    assert back.status_code == 422
    for key in ("510000.poverty", "510000.development"):
        assert "川委发〔2018〕1号" in client.get(f"{ADMIN}/units/{key}/").content.decode()
    assert client_of(people.provincial_head()).post(address, words).status_code in (403, 404)
