"""Change orders over the API: drawn up, signed with a proof, listed by who acts next."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from funds.models import FundDocument
from povfund.common.errors import RuleViolation
from records.choices import ChangeReason
from sync.models import ChangeOrder, ChangeSignature
from tests.people import PASSWORD, account
from tests.sync import orders
from tests.sync.orders import sent_document

ORDERS = "/api/v1/change-orders/"


@pytest.fixture
def document(world):
    return sent_document(world)


class Caller:
    """One account with a token of its own."""

    def __init__(self, name):
        account(name)
        self.name, self.client, self.headers = name, Client(), {}
        self.sign_in()

    def sign_in(self):
        answer = self.post("/api/v1/auth/token", username=self.name, password=PASSWORD)
        self.headers = {"Authorization": f"Token {answer.json()['token']}"}

    def post(self, path, **body):
        return self.client.post(path, json.dumps(body), content_type="application/json", headers=self.headers)

    def get(self, path):
        return self.client.get(path, headers=self.headers)


def asked_for(document, **changes):
    words = {
        "record_type": "fund_document",
        "uid": str(document.pk),
        "rev": document.rev,
        "proposed": {"title": "更正后的标题"},
        "reason_code": "amount",
        "reason": "录入时看错了文件",
    }
    return words | changes


def test_an_order_is_drawn_up_signed_by_fresh_tokens_and_asked(world, document):
    with world.at("P51"):
        clerk, reviewer, head = (Caller(f"510000.finance.{duty}") for duty in ("entry", "review", "head"))
        made = clerk.post(ORDERS, **asked_for(document))
        assert made.status_code == 201, made.content
        body = made.json()
        assert (body["state"], body["records"][0]["changed"]) == ("draft", {"title": document.title})
        path = f"{ORDERS}{body['uid']}/"
        assert [row["uid"] for row in reviewer.get(f"{ORDERS}?awaiting=me").json()["results"]] == [body["uid"]]
        first = reviewer.post(f"{path}seats/province_unit/", decision="sign", comment="")
        assert (first.status_code, first.json()["state"]) == (200, "signing")
        again = reviewer.post(f"{path}seats/province_unit/", decision="sign", comment="")
        assert (again.status_code, ChangeSignature.objects.count()) == (200, 1)
        second = head.post(f"{path}seats/province_finance/", decision="sign", password=PASSWORD, nonce="a1")
        assert second.json()["state"] == "asked"
        seats = {seat["seat"]: seat["standing"] for seat in head.get(path).json()["seats"]}
        assert seats == {
            "province_unit": "signed",
            "province_finance": "signed",
            "central_unit": "later",
            "central_finance": "later",
        }


def test_a_signature_needs_a_proof_and_a_wrong_password_is_none(world, document):
    with world.at("P51"):
        clerk, reviewer = Caller("510000.finance.entry"), account("510000.finance.review")
        path = f"{ORDERS}{clerk.post(ORDERS, **asked_for(document)).json()['uid']}/seats/province_unit/"
        browser = Client()
        browser.force_login(reviewer)
        for extra, wanted in (({}, 403), ({"password": "wrong"}, 401), ({"password": PASSWORD}, 200)):
            words = json.dumps({"decision": "sign", **extra})
            assert browser.post(path, words, content_type="application/json").status_code == wanted
        assert ChangeOrder.objects.get().state == "signing"


def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(world, document):
    with world.at("P51"):
        clerk = Caller("510000.finance.entry")
        cases = [
            ({"proposed": {"title": document.title}}, 400, "NO_CHANGE", ""),
            ({"proposed": {"division": "510100"}}, 400, "FIXED", "division"),
            ({"proposed": {"lines": [{"amount": "1,5"}]}}, 400, "SHAPE", None),
            ({"proposed": {"lines": "none"}}, 400, "SHAPE", "lines"),
            ({"proposed": ["x"]}, 400, "SHAPE", None),
            ({"reason_code": "because"}, 400, "REASON", "reason_code"),
            ({"rev": 7}, 409, "STALE", "rev"),
        ]
        for change, status, rule, field in cases:
            answer = clerk.post(ORDERS, **asked_for(document, **change))
            error = answer.json()["errors"][0]
            assert (answer.status_code, error["rule"]) == (status, rule), (change, answer.content)
            assert field is None or error["field"] == field
        assert clerk.post(ORDERS, **asked_for(document, uid="01983000-0000-7000-8000-000000000001")).status_code == 404
        assert not ChangeOrder.objects.exists()


def test_an_unknown_reason_names_the_known_ones_and_a_refusal_without_words_says_what_to_do(world, document):
    with world.at("P51"):
        clerk = Caller("510000.finance.entry")
        error = clerk.post(ORDERS, **asked_for(document, reason_code="because")).json()["errors"][0]
        assert "because" in error["message"]
        assert all(code in error["remedy"] for code in ChangeReason.values), error
        with pytest.raises(RuleViolation) as caught:
            orders.sign(orders.drafted(document), "province_unit", "refuse")
        assert str(caught.value.findings[0].remedy)


def test_a_list_costs_the_same_for_one_order_and_for_many(world, django_assert_max_num_queries):
    first = sent_document(world)
    with world.at("P51"):
        clerk = Caller("510000.finance.entry")
        clerk.post(ORDERS, **asked_for(first))
    more = [sent_document(world, f"通财农〔2016〕{n}号") for n in range(10, 12)]
    with world.at("P51"):
        for document in more:
            clerk.post(ORDERS, **asked_for(FundDocument.objects.get(pk=document.pk)))
        with django_assert_max_num_queries(12):
            assert len(clerk.get(ORDERS).json()["results"]) == 3
