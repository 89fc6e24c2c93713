"""Fixtures every test may use; `db` rolls back, `committed_db` is a database of one's own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import translation

from povfund.messages import compile_all
from tests.support.database import TestServer, connected_to

pytest_plugins = ["tests.support.browser", "tests.support.servers"]


def pytest_configure(config: pytest.Config) -> None:
    """The texts are compiled once, before the workers start."""
    if not hasattr(config, "workerinput"):
        compile_all()


@pytest.fixture(autouse=True)
def _language_of_the_house() -> None:
    """A request leaves its reader's language in the thread; the next test starts in the default one."""
    translation.deactivate()


@pytest.fixture(scope="session")
def database_server(django_db_blocker: Any) -> TestServer:
    """The suite's PostgreSQL with its template database."""
    server = TestServer()
    with django_db_blocker.unblock():
        server.start()
    return server


@pytest.fixture(scope="session")
def django_db_setup(database_server: TestServer, django_db_blocker: Any) -> Iterator[None]:
    """Each worker has a clone of the template."""
    name = database_server.clone()
    with django_db_blocker.unblock(), connected_to(name):
        yield
    database_server.drop(name)


@pytest.fixture
def committed_db(django_db_setup: None, database_server: TestServer, django_db_blocker: Any) -> Iterator[str]:
    """A fresh database for tests that commit or need several connections; gives its name."""
    name = database_server.clone()
    with django_db_blocker.unblock(), connected_to(name):
        yield name
    database_server.drop(name)


@pytest.fixture
def as_role(database_server: TestServer) -> Callable[[str], AbstractContextManager[psycopg.Connection]]:
    """`with as_role("fp_app") as connection:` — a raw connection to the test's database as that role."""

    def connect(login: str) -> AbstractContextManager[psycopg.Connection]:
        return database_server.as_role(login, database=connection.settings_dict["NAME"])

    return connect


@pytest.fixture(autouse=True)
def _live_server_helper() -> None:
    """Replaces pytest-django's, which would empty tables by TRUNCATE: `live_server` has a database of its own."""
