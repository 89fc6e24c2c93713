"""Addresses of the house, and the browser fixture's own promise."""

import json

import pytest

from povfund.heartbeat import SYNC, TICKER, WORK, beat
from tests.people import county_clerk
from tests.support.browser import sign_in


@pytest.fixture
def own_home(settings, tmp_path):
    settings.HOME = tmp_path


def test_healthz_says_the_process_is_alive(client):
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
@pytest.mark.usefixtures("own_home")
def test_readyz_names_what_is_missing_without_detail(client):
    answer = client.get("/readyz")
    found = json.loads(answer.content)
    assert answer.status_code == 503
    assert found["checks"]["database"] is True
    assert found["checks"]["migrations"] is True
    assert found["checks"]["workers"] is False
    assert set(found) == {"status", "checks"}


@pytest.mark.django_db
@pytest.mark.usefixtures("own_home")
def test_readyz_is_green_once_workers_and_ticker_show_life(client):
    for name in (WORK, SYNC, TICKER):
        beat(name)
    assert client.get("/readyz").status_code == 200


def test_every_page_carries_the_strict_policy(client):
    policy = client.get("/healthz")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.journey
def test_the_browser_reaches_the_server(browser_page):
    browser_page.goto("/healthz")
    assert '"status"' in browser_page.content()


@pytest.mark.journey
def test_the_description_of_the_api_is_readable_under_the_strict_policy(browser_page, live_server):
    sign_in(browser_page, county_clerk(), url=live_server.url)
    browser_page.goto("/api/v1/docs/")
    browser_page.wait_for_selector(".opblock")
