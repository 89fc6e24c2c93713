"""Every address × people × method → the class of answer the policy table promises."""

import uuid
from http.cookies import SimpleCookie

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from povfund.policy import NODE, POLICY, PUBLIC, addresses, uncovered_addresses, unreached_models
from tests import people

SAMPLES = {
    "uid": str(uuid.UUID(int=0x0196_0000_7000_8000_0000_0000_0000_0001)),
    "pk": 999_999_999,
    "grant": 999_999_999,
    "code": "511921",
    "key": "511921.finance",
    "username": "no.such.account",
    "year": 2016,
    "month": 3,
    "seq": 999_999,
    "line_no": 999_999,
    "sha256": "0" * 64,
    "seat": "province_unit",
    "file": str(uuid.UUID(int=0x0196_0000_7000_8000_0000_0000_0000_0002)),
}
"""A value for each name in an address: of a form that fits, and of a thing that is absent where it can be."""

PASSED = {200, 201, 202, 204, 302, 400, 404, 409, 413, 415, 422}
REFUSED = {403, 404}


def path_of(name):
    parameters = {
        parameter: SAMPLES.get(parameter, "x")
        for full_name, pattern in addresses()
        if full_name == name
        for parameter in pattern.pattern.regex.groupindex
    }
    return reverse(name, kwargs=parameters)


def in_resolver():
    return sorted({name for name, _pattern in addresses()})


def test_every_address_has_a_row_and_every_row_an_address():
    missing, known = uncovered_addresses(), set(in_resolver())
    assert not missing, f"povfund/policy.py has no row for {missing}: say who may call it"
    assert all(name in known or name == "home" for name in POLICY), sorted(set(POLICY) - known)


def test_every_model_says_how_people_reach_its_rows():
    missing = unreached_models()
    assert not missing, f"{missing} have no `visible_to` and no word in povfund/policy.py: say who reaches them"


def test_every_address_has_a_name():
    assert [name for name in in_resolver() if "? " in name] == []


def expected(row, capabilities, method):
    """The classes of answer that fit: for nobody `capabilities` is None."""
    if method not in row.methods:
        return {302, 401, 403, 404, 405}
    if row.access == NODE:
        return {400, 401, 403, 404, 415}
    if row.access == PUBLIC:
        return PASSED | {405, 503}
    if capabilities is None:
        return {401, 403} if row.api else {302}
    return PASSED if row.admits(capabilities, method) else REFUSED


def answers(account, *, methods=None, csrf=False):
    """(name, row, method, path, answer) of every address with its methods; nothing a call changes stays."""
    client = Client(enforce_csrf_checks=csrf)
    if account:
        client.force_login(account)
    signed_in = client.cookies.output(attrs=[], header="")
    for name in in_resolver():
        if name not in POLICY:
            continue
        path = path_of(name)
        for method in methods or sorted({"GET", "POST", *POLICY[name].methods}):
            with transaction.atomic():
                client.cookies = SimpleCookie(signed_in)
                answer = getattr(client, method.lower())(path)
                transaction.set_rollback(True)
            yield name, POLICY[name], method, path, answer


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["nobody", *people.PEOPLE])
def test_every_answer_fits_the_table(who):
    account = None if who == "nobody" else people.account(people.PEOPLE[who])
    wrong = []
    for _name, row, method, path, answer in answers(account):
        wanted = expected(row, account and account.capabilities, method)
        if answer.status_code not in wanted:
            wrong.append(f"{method} {path} answered {answer.status_code}; the table wants {sorted(wanted)}")
    assert not wrong, f"{who}:\n" + "\n".join(wrong)


@pytest.mark.django_db
def test_pages_for_accounts_lead_nobody_to_the_sign_in():
    for _name, row, _method, path, answer in answers(None, methods=["GET"]):
        if "GET" in row.methods and not row.api and row.access not in (PUBLIC, NODE):
            assert answer["Location"].startswith("/login/?next="), path


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["county clerk", "provincial finance head", "security administrator"])
def test_unsafe_browser_requests_demand_the_csrf_token(who):
    account = people.account(people.PEOPLE[who])
    for name, row, _method, path, answer in answers(account, methods=["POST"], csrf=True):
        if "POST" in row.methods and row.access != NODE and name != "api-token":
            assert answer.status_code == 403, path
