"""Chromium and a server for journeys; any policy violation, script error or missing file fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connections
from django.test import Client
from django.test.testcases import LiveServerThread

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', event =>
  console.error('CSP violation: ' + event.violatedDirective + ' ' + event.blockedURI));
"""


def chromium_path() -> str | None:
    """The system's Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def _product_alone(handler: Any) -> Any:
    """Without Django's own handlers of files for tests: the product's WhiteNoise serves them."""
    return handler.application


class _Server(ThreadedWSGIServer):
    """Keeps as many callers waiting as the product's own server does: Django's resets the connection of the 11th."""

    request_queue_size = 2048


class _Thread(LiveServerThread):
    server_class = _Server


class LiveServer:
    """The pages of the test's committed database on a free port; `url` without trailing slash."""

    def __init__(self) -> None:
        self.thread = _Thread("127.0.0.1", _product_alone, connections_override={})
        self.thread.daemon = True
        self.thread.start()
        self.thread.is_ready.wait()
        if self.thread.error:
            raise self.thread.error
        self.url = f"http://127.0.0.1:{self.thread.port}"

    def stop(self) -> None:
        self.thread.terminate()


@pytest.fixture
def live_server(committed_db: str) -> Iterator[LiveServer]:
    """A server on `committed_db`."""
    server = LiveServer()
    yield server
    server.stop()
    connections["default"].close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for each worker."""
    path = chromium_path()
    if path is None:
        pytest.skip("chromium is not installed: journeys are skipped")
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


def _watch(page: Any, problems: list[str]) -> None:
    """Collect what must not happen; a refused form (4xx of a page) is not a problem, a missing asset is."""

    def on_console(message: Any) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            problems.append(message.text)

    def on_response(response: Any) -> None:
        if response.status >= 500 or (response.status == 404 and "/static/" in response.url):
            problems.append(f"{response.status} {response.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("response", on_response)


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """`open_page(url)` opens a page on that server in a fresh browser profile, as another person would."""
    problems: list[str] = []
    contexts = []

    def open_one(url: str, **options: Any) -> Any:
        chosen = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": {"width": 1366, "height": 768}}
        context = browser.new_context(base_url=url, **(chosen | options))
        context.set_default_timeout(15_000)
        context.add_init_script(REPORT_VIOLATIONS)
        contexts.append(context)
        page = context.new_page()
        _watch(page, problems)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def new_page(live_server: LiveServer, open_page: Any) -> Any:
    """`new_page()` opens a page of `live_server` in a fresh browser profile; pages close before the server goes."""
    return partial(open_page, live_server.url)


@pytest.fixture
def browser_page(new_page: Any) -> Any:
    """One page on `live_server`, with relative addresses."""
    return new_page()


def sign_in(page: Any, user: Any, *, url: str) -> None:
    """Give the page's browser profile a session of `user` on the server at `url`, without the sign-in form."""
    client = Client()
    client.force_login(user, backend="accounts.backends.AccountBackend")
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


def sign_in_by_form(page: Any, username: str, password: str) -> None:
    """Sign in as people do; the page stands on what they land on."""
    page.goto("/")
    page.get_by_label("账号").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/")


def paste(page: Any, text: str) -> None:
    """Paste text into the element that has the focus, as Ctrl+V does with a block copied from a spreadsheet."""
    page.evaluate(
        """text => {
          const data = new DataTransfer(); data.setData('text/plain', text);
          document.activeElement.dispatchEvent(
            new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        text,
    )
