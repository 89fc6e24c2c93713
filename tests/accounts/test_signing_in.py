"""Signing in, locks, sessions, second factor."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.hashers import check_password
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import services
from accounts.models import AuditEntry
from accounts.services import locks
from povfund.common import clock
from povfund.common.verdict import Refused
from tests import people

pytestmark = pytest.mark.django_db

PAGE = "/password/"
"""Any page that needs a session."""

CSRF_TOKEN = re.compile(r"[A-Za-z0-9]{64}")


def post_login(client, username, password=people.PASSWORD, **extra):
    fields = {"username": username, "password": password} | {k: extra.pop(k) for k in ("otp", "next") if k in extra}
    return client.post("/login/", fields, **extra)


def signed_in(username=people.COUNTY_CLERK, **extra):
    people.account(username)
    client = Client(**extra)
    assert post_login(client, username).status_code == 302
    return client


def is_open(client, **extra):
    return client.get(PAGE, **extra).status_code == 200


def test_right_credentials_open_a_session_and_are_audited():
    client = signed_in()
    assert is_open(client)
    entry = AuditEntry.objects.get(action="accounts.session.start")
    assert entry.target_id == people.COUNTY_CLERK
    assert entry.after == {"address": "127.0.0.1"}


def test_the_session_id_changes_at_sign_in():
    people.county_clerk()
    client = Client()
    planted = client.session
    planted.save()
    post_login(client, people.COUNTY_CLERK)
    assert client.session.session_key != planted.session_key


def test_signing_out_ends_the_session_on_the_server_too():
    client = signed_in()
    thief = Client()
    thief.cookies.load(client.cookies.output(header="", sep=";"))
    assert client.post("/logout/").status_code == 302
    assert not is_open(thief)


def test_a_sign_out_by_get_is_refused():
    assert signed_in().get("/logout/").status_code == 405


def test_sign_in_demands_the_csrf_token():
    people.county_clerk()
    client = Client(enforce_csrf_checks=True)
    assert post_login(client, people.COUNTY_CLERK).status_code == 403


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_only_own_addresses_follow_the_sign_in(target):
    people.county_clerk()
    response = post_login(Client(), people.COUNTY_CLERK, next=target)
    assert response["Location"] == "/"
    assert post_login(Client(), people.COUNTY_CLERK, next="/password/?a=1")["Location"] == "/password/?a=1"


def test_unknown_account_wrong_password_and_closed_account_answer_alike():
    people.county_clerk()
    closed = people.account("511921.poverty.entry")
    services.deactivate(None, account=closed)
    answers = {
        CSRF_TOKEN.sub("", post_login(Client(), name, password).content.decode().replace(name, "X"))
        for name, password in (
            ("no.such.account", "x"),
            (people.COUNTY_CLERK, "x"),
            (closed.username, people.PASSWORD),
        )
    }
    assert len(answers) == 1


def test_unknown_and_known_accounts_cost_one_hash_each(monkeypatch):
    people.county_clerk()
    counted = []
    from tests.support.hashing import CheapArgon2

    original = CheapArgon2.encode
    monkeypatch.setattr(CheapArgon2, "encode", lambda *a, **k: counted.append("hash") or original(*a, **k))
    verify = CheapArgon2.verify
    monkeypatch.setattr(CheapArgon2, "verify", lambda *a, **k: counted.append("hash") or verify(*a, **k))
    for name in ("no.such.account", people.COUNTY_CLERK):
        counted.clear()
        post_login(Client(), name, "wrong")
        assert len(counted) == 1, name


def test_five_failures_lock_the_account_at_that_address_for_half_an_hour():
    people.county_clerk()
    with time_machine.travel(clock.now(), tick=False) as clock_hand:
        for _n in range(5):
            assert post_login(Client(), people.COUNTY_CLERK, "wrong").status_code == 422
        assert post_login(Client(), people.COUNTY_CLERK).status_code == 429
        lock = AuditEntry.objects.get(action="accounts.session.lock")
        assert (lock.target_id, lock.after) == (people.COUNTY_CLERK, {"address": "127.0.0.1"})
        clock_hand.shift(timedelta(minutes=29))
        assert post_login(Client(), people.COUNTY_CLERK).status_code == 429
        clock_hand.shift(timedelta(minutes=1, seconds=1))
        assert post_login(Client(), people.COUNTY_CLERK).status_code == 302


def test_a_colleague_cannot_lock_the_owner_out_of_the_owners_office():
    signed_in(REMOTE_ADDR="10.51.19.21")
    attackers = [f"192.0.{n}.7" for n in range(6)]
    for address in attackers:
        for _n in range(5):
            post_login(Client(REMOTE_ADDR=address), people.COUNTY_CLERK, "wrong")
    assert post_login(Client(REMOTE_ADDR="10.51.19.99"), people.COUNTY_CLERK).status_code == 302
    assert post_login(Client(REMOTE_ADDR="198.51.100.1"), people.COUNTY_CLERK).status_code == 429


def test_one_address_that_tries_many_accounts_is_locked_for_all_of_them():
    people.county_clerk()
    for n in range(locks.TRIES_OF_ADDRESS):
        post_login(Client(REMOTE_ADDR="192.0.2.1"), f"guess.{n}", "wrong")
    assert post_login(Client(REMOTE_ADDR="192.0.2.1"), people.COUNTY_CLERK).status_code == 429
    assert post_login(Client(REMOTE_ADDR="192.0.2.2"), people.COUNTY_CLERK).status_code == 302


def test_a_forged_forwarded_for_does_not_escape_the_lock(settings):
    people.county_clerk()
    for n in range(5):
        post_login(Client(), people.COUNTY_CLERK, "wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{n}")
    assert post_login(Client(), people.COUNTY_CLERK, HTTP_X_FORWARDED_FOR="198.51.100.77").status_code == 429
    settings.BEHIND_PROXY = True
    forged = {"HTTP_X_FORWARDED_FOR": "198.51.100.88, 203.0.113.5"}
    assert post_login(Client(), people.COUNTY_CLERK, **forged).status_code == 302


@pytest.mark.parametrize("address", ["", "rubbish", "1.2.3.4, x", "::ffff:10.51.19.21", "2001:db8::1"])
def test_whatever_a_proxy_says_the_sign_in_answers(settings, address):
    settings.BEHIND_PROXY = True
    people.county_clerk()
    assert post_login(Client(), people.COUNTY_CLERK, HTTP_X_FORWARDED_FOR=address).status_code == 302
    assert locks.network_of("10.51.19.21") == "10.51.19.0/24"
    assert locks.network_of("2001:db8::1") == "2001:db8::/64"


def test_the_security_administrator_unlocks_and_the_system_administrator_does_not():
    clerk = people.county_clerk()
    for _n in range(5):
        post_login(Client(), clerk.username, "wrong")
    assert [lock.username for lock in locks.locks_now([clerk])] == [clerk.username]
    with pytest.raises(Refused):
        services.unlock(people.system_admin(), account=clerk)
    services.unlock(people.security_admin(), account=clerk)
    assert post_login(Client(), clerk.username).status_code == 302


@pytest.mark.parametrize("hours", [0.3, 9])
def test_an_idle_session_and_an_old_one_end(hours):
    with time_machine.travel(clock.now(), tick=False) as hand:
        client = signed_in()
        if hours > 8:
            for _n in range(49):
                hand.shift(timedelta(minutes=10))
                client.get(PAGE)
            assert not is_open(client)
        else:
            hand.shift(timedelta(minutes=14))
            assert is_open(client)
            hand.shift(timedelta(minutes=16))
            response = client.get(PAGE, follow=True)
            assert "15" in response.content.decode()
            assert not is_open(client)


def test_a_cookie_used_by_another_browser_or_from_another_network_ends():
    for change in ({"HTTP_USER_AGENT": "thief"}, {"REMOTE_ADDR": "203.0.113.9"}):
        client = signed_in(REMOTE_ADDR="10.51.19.21", HTTP_USER_AGENT="office")
        assert is_open(client, REMOTE_ADDR="10.51.19.250")
        assert not is_open(client, **change)
        assert not is_open(client)


@pytest.mark.parametrize(
    "change",
    [
        lambda account: services.change_duties(people.security_admin(), account=account, duties=["review"], reason="x"),
        lambda account: services.deactivate(people.system_admin(), account=account),
        lambda account: services.reset_password(people.security_admin(), account=account),
        lambda account: services.leave(people.system_admin(), person=account.person),
    ],
)
def test_a_change_to_the_account_ends_its_sessions_at_the_next_request(change):
    client = signed_in()
    change(people.county_clerk())
    assert not is_open(client)


def test_changing_the_own_password_keeps_this_session_and_ends_the_others():
    here, there = signed_in(), signed_in()
    fields = {"current": people.PASSWORD, "new": "Quartz-8-meadow!", "again": "Quartz-8-meadow!"}
    assert here.post("/password/", fields).status_code == 302
    assert is_open(here)
    assert not is_open(there)


def test_a_given_password_must_be_changed_before_anything_else():
    clerk = people.county_clerk()
    password = services.reset_password(people.security_admin(), account=clerk)
    client = Client()
    assert post_login(client, clerk.username, password).status_code == 302
    assert client.get("/administration/units/")["Location"] == "/password/"
    fields = {"current": password, "new": "Quartz-8-meadow!", "again": "Quartz-8-meadow!"}
    assert client.post("/password/", fields).status_code == 302
    assert client.get("/administration/units/").status_code == 403


def test_where_one_session_per_account_holds_the_newer_ends_the_older(settings):
    settings.ONE_SESSION_PER_ACCOUNT = True
    older, newer = signed_in(), signed_in()
    assert is_open(newer)
    assert not is_open(older)


def test_a_code_opens_once_and_neither_missing_nor_wrong(settings):
    head = people.county_head()
    device = TOTPDevice.objects.create(user=head, name="totp", confirmed=True)
    with time_machine.travel(clock.now(), tick=False) as hand:
        code = f"{totp(device.bin_key):06d}"
        assert post_login(Client(), head.username).status_code == 422
        assert post_login(Client(), head.username, otp=code).status_code == 302
        assert post_login(Client(), head.username, otp=code).status_code == 422
        hand.shift(timedelta(minutes=2))
        assert post_login(Client(), head.username, otp=f"{totp(device.bin_key):06d}").status_code == 302


def test_in_production_a_head_without_device_sets_one_up_first(settings):
    settings.SECOND_FACTOR_REQUIRED = True
    client = signed_in(people.COUNTY_HEAD)
    assert client.get(PAGE).status_code == 200
    assert client.get("/administration/units/")["Location"] == "/second-factor/"
    assert client.get("/second-factor/").status_code == 200
    device = TOTPDevice.objects.get(user=people.county_head())
    assert client.post("/second-factor/", {"code": "000000"}).status_code == 422
    device.refresh_from_db()
    device.throttle_reset()
    assert client.post("/second-factor/", {"code": f"{totp(device.bin_key):06d}"}).status_code == 302
    assert client.get("/administration/units/").status_code == 403
    assert signed_in(people.COUNTY_CLERK).get("/administration/units/").status_code == 403


def test_passwords_are_kept_as_argon2_hashes():
    clerk = people.county_clerk()
    assert clerk.password.startswith("argon2")
    assert check_password(people.PASSWORD, clerk.password)


def test_every_answer_carries_a_number_that_the_trail_repeats():
    people.county_clerk()
    response = post_login(Client(), people.COUNTY_CLERK, HTTP_X_REQUEST_ID="forged\r\nline")
    assert AuditEntry.objects.get(action="accounts.session.start").request_id == response["X-Request-Id"]
    assert "forged" not in response["X-Request-Id"]
