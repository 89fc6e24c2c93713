"""The suite's PostgreSQL: one server, one template database, a clone for each worker and test that commits."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import connections
from psycopg import sql

from povfund.embedded import Cluster
from povfund.roles import LOGIN_NAMES
from povfund.settings.env import DATABASE_URL
from tests.settings import TEST_HOME

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "file_copy_method": "clone",
}
KEPT_TEMPLATES = 2
SOURCES = (
    "*/models.py",
    "*/models/*.py",
    "*/*/models.py",
    "povfund/database/*.py",
    "*/migrations/*.py",
    "*/*/migrations/*.py",
    "*/management/commands/load_*.py",
    "*/data/**/*",
    "*/load*.py",
)


def fingerprint(root: Path) -> str:
    """Twelve hex digits over everything a template is made from."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in root.glob(pattern) if path.is_file()}):
        if not {"var", ".venv", "frontend", "__pycache__"} & set(path.relative_to(root).parts):
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@dataclass
class TestServer:
    """
    The embedded cluster with durability off, or the server of POVFUND_DATABASE_URL.

    The account of that address must be allowed to create databases and roles and to become them.
    """

    __test__ = False

    cluster: Cluster | None = field(default=None)
    template: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        if not DATABASE_URL:
            self.cluster = Cluster(TEST_HOME, options=FAST)
            self.cluster.start()
        with self._locked():
            self._ensure_roles()
            self._drop_leftovers()
            self._ensure_template()

    @contextmanager
    def admin(self) -> Iterator[psycopg.Connection]:
        """An autocommit connection that may create databases."""
        connection = (
            self.cluster.connect() if self.cluster else psycopg.connect(**self._parameters("postgres"), autocommit=True)
        )
        with connection:
            yield connection

    @contextmanager
    def as_role(self, login: str, *, database: str) -> Iterator[psycopg.Connection]:
        """An autocommit connection as fp_owner, fp_app or fp_sync; its locks are free at the end."""
        if self.cluster:
            connection = self.cluster.connect(database, user=login)
        else:
            connection = psycopg.connect(**self._parameters(database), autocommit=True)
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(login)))
        with connection:
            yield connection
            # the server process of a closed connection frees its locks a moment later
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                connection.execute("SELECT pg_advisory_unlock_all()")

    def url(self, database: str, *, role: str) -> str:
        """The address by which a process of that role reaches the database."""
        if self.cluster:
            login, password = LOGIN_NAMES[role], self.cluster.password(LOGIN_NAMES[role])
            return f"postgresql://{login}:{password}@{self.cluster.host}:{self.cluster.port}/{database}"
        return DATABASE_URL.rsplit("/", 1)[0] + f"/{database}?options=-c%20role%3D{LOGIN_NAMES[role]}"

    def clone(self) -> str:
        """A fresh copy of the template; the caller drops it."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        with self.admin() as connection:
            self._create(connection, name, template=self.template)
        return name

    def drop(self, name: str) -> None:
        with self.admin() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @staticmethod
    def _parameters(database: str) -> dict[str, Any]:
        return psycopg.conninfo.conninfo_to_dict(DATABASE_URL) | {"dbname": database}

    def _create(self, connection: psycopg.Connection, name: str, *, template: str) -> None:
        """A database with the rights it has in production: a copy brings none of its template's."""
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(LOGIN_NAMES["owner"]), sql.Identifier(template)
            )
        )
        Cluster.restrict(connection, name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        TEST_HOME.mkdir(parents=True, exist_ok=True)
        with (TEST_HOME / "template.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _ensure_roles(self) -> None:
        with self.admin() as connection:
            for login in LOGIN_NAMES.values():
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [login]).fetchone():
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(login)))

    def _names(self, prefix: str) -> list[str]:
        """Databases by prefix, newest first."""
        with self.admin() as connection:
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid DESC", [prefix]
            )
            return [name for (name,) in rows]

    def _drop_leftovers(self) -> None:
        for name in self._names("test_"):
            if not _alive(int(name.split("_")[1])):
                self.drop(name)

    def _ensure_template(self) -> None:
        self.template = f"template_{fingerprint(settings.BASE_DIR)}"
        known = self._names("template_")
        if self.template in known:
            return
        for name in known[KEPT_TEMPLATES:]:
            self.drop(name)
        draft = f"test_{os.getpid()}_template"
        with self.admin() as connection:
            self._create(connection, draft, template="template0")
        with connected_to(draft):
            fill_template()
        with self.admin() as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(self.template))
            )


def fill_template() -> None:
    """Migrations, code tables, divisions: what every test finds."""
    call_command("migrate", verbosity=0, interactive=False)
    for command in ("load_divisions", "load_codes"):
        if command in get_commands():
            call_command(command, verbosity=0)
    with connections["default"].cursor() as cursor:
        cursor.execute("ANALYZE")


@contextmanager
def connected_to(name: str) -> Iterator[str]:
    """The default connection, of every thread, points at database `name` meanwhile."""
    connection = connections["default"]
    connection.close()
    before, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], name
    try:
        yield name
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        with suppress(PermissionError):
            os.kill(pid, 0)
        return True
    return False
