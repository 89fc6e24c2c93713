"""Tokens of the API."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import services
from accounts.models import ApiToken
from povfund.common import clock
from tests import people

pytestmark = pytest.mark.django_db

SIGN_IN = "/api/v1/auth/token"


def ask(username=people.COUNTY_CLERK, password=people.PASSWORD, **extra):
    body = {"username": username, "password": password, **extra}
    return Client().post(SIGN_IN, body, content_type="application/json")


def get(token, path="/api/v1/units/"):
    return Client().get(path, HTTP_AUTHORIZATION=f"Token {token}")


@pytest.fixture
def token():
    people.county_clerk()
    response = ask()
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    return response.json()["token"]


def test_a_token_opens_the_api_and_is_kept_as_a_hash(token):
    assert get(token).status_code == 200
    assert not ApiToken.objects.filter(digest=token).exists()
    assert len(token) >= 32


@pytest.mark.parametrize("header", ["Token", "Token x", "Token x y", "Token \xe4\xb8\xad", "Bearer x", "token  "])
def test_without_a_good_token_the_answer_is_401(header):
    response = Client().get("/api/v1/units/", HTTP_AUTHORIZATION=header)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"
    assert response.json()["errors"][0]["message"]


def test_a_token_ends_after_eight_hours(token):
    with time_machine.travel(clock.now() + timedelta(hours=7, minutes=59)):
        assert get(token).status_code == 200
    with time_machine.travel(clock.now() + timedelta(hours=8, minutes=1)):
        assert get(token).status_code == 401


@pytest.mark.parametrize(
    "end",
    [
        lambda clerk: services.change_duties(people.security_admin(), account=clerk, duties=["review"], reason="x"),
        lambda clerk: services.change_password(clerk, current=people.PASSWORD, new="Quartz-8-meadow!"),
        lambda clerk: services.reset_password(people.security_admin(), account=clerk),
        lambda clerk: services.deactivate(people.system_admin(), account=clerk),
        lambda clerk: services.revoke_tokens(clerk),
    ],
)
def test_a_change_of_password_duties_or_activation_ends_tokens(token, end):
    end(people.county_clerk())
    assert get(token).status_code == 401


def test_wrong_credentials_are_401_then_locked_429():
    people.county_clerk()
    assert [ask(password="wrong").status_code for _n in range(5)] == [401] * 5
    locked = ask()
    assert locked.status_code == 429
    assert locked.json()["errors"][0]["rule"] == "SIGN_IN_LOCKED"


def test_a_due_password_is_403_with_what_to_do():
    clerk = people.county_clerk()
    password = services.reset_password(people.security_admin(), account=clerk)
    response = ask(password=password)
    assert response.status_code == 403
    assert response.json()["errors"][0]["remedy"]


@pytest.mark.parametrize("body", [{}, {"username": "a"}, {"username": "a\0", "password": "x"}, [], "x"])
def test_a_shapeless_sign_in_is_400(body):
    assert Client().post(SIGN_IN, body, content_type="application/json").status_code == 400


def test_the_code_of_a_second_factor_is_asked_for():
    head = people.county_head()
    device = TOTPDevice.objects.create(user=head, name="totp", confirmed=True)
    assert ask(head.username).status_code == 401
    assert ask(head.username, otp=f"{totp(device.bin_key):06d}").status_code == 200


def test_a_session_may_use_the_api_with_the_csrf_token_only():
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.county_clerk())
    assert client.get("/api/v1/units/").status_code == 200


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 50_000, "{", "\x00"])
def test_a_body_that_cannot_be_read_is_refused_in_words(body):
    answer = Client().post(SIGN_IN, body, content_type="application/json")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["message"].startswith("请求内容")
