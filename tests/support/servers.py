"""Two real servers, central and province, each with its processes and a database of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from povfund.roles import APP, OWNER, SYNC
from povfund.run import wait_until_answers
from povfund.site import Site
from povfund.supervisor import Supervisor
from tests.support.database import TestServer, connected_to

DEMO_PASSWORD = "Lantern-7-orchard"


@dataclass(frozen=True)
class RunningSite:
    """A site of the test; `database()` points the test's own ORM at its database meanwhile."""

    site: Site
    name: str

    @property
    def url(self) -> str:
        return self.site.url

    @property
    def home(self) -> Path:
        return self.site.home / self.site.node.lower()

    def database(self) -> AbstractContextManager[str]:
        return connected_to(self.name)

    def manage(self, *arguments: str, role: str = OWNER) -> str:
        return self.site.manage(*arguments, role=role)


@dataclass(frozen=True)
class Servers:
    """`central` and `province`, with the supervisor that started their processes."""

    central: RunningSite
    province: RunningSite
    supervisor: Supervisor


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of the test's own, empty."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed: tests of the Redis queue are skipped")
    (port,) = _free_ports(1)
    options = [f"--port {port}", "--bind 127.0.0.1", "--save ''", "--appendonly no", f"--dir {tmp_path}"]
    process = subprocess.Popen([program, *" ".join(options).split()], stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(10)


@pytest.fixture
def demo_servers(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Servers:
    """Both servers with their demo world: seeding is itself a transmission through the workers."""
    monkeypatch.setenv("POVFUND_DEMO_PASSWORD", DEMO_PASSWORD)
    servers: Servers = request.getfixturevalue("two_servers")
    for command in ("node_key", "seed_demo"):
        for server in (servers.central, servers.province):
            server.manage(command)
    return servers


@pytest.fixture
def known_servers(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Servers:
    """Both servers with the demo accounts, each knowing the other's key, and no record."""
    monkeypatch.setenv("POVFUND_DEMO_PASSWORD", DEMO_PASSWORD)
    servers: Servers = request.getfixturevalue("two_servers")
    inhabited = ((servers.central, ["000000"]), (servers.province, ["510000", "511900", "511921"]))

    def inhabit(server: RunningSite, codes: list[str]) -> None:
        server.manage("shell", "--no-imports", "--command", INHABIT.format(codes=codes))

    with ThreadPoolExecutor() as together:
        list(together.map(lambda pair: pair[0].manage("node_key"), inhabited))
        list(together.map(lambda pair: inhabit(*pair), inhabited))
    return servers


INHABIT = """
from povfund.demo import nodes, people
people.make_accounts({codes})
if "000000" in {codes}:
    people.make_second_administrator("000000")
nodes.know_each_other()
"""


@pytest.fixture
def two_servers(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    database_server: TestServer,
    django_db_blocker: Any,
    tmp_path: Path,
) -> Iterator[Servers]:
    """
    Central C and province P51 on free ports; the ticker runs every two seconds.

    With `parametrize("two_servers", ["redis"], indirect=True)` their queues are in Redis.
    """
    ports, names = _free_ports(2), [database_server.clone(), database_server.clone()]
    central_url = f"http://127.0.0.1:{ports[0]}"
    extra = {"POVFUND_TICK_SECONDS": "2"}
    if getattr(request, "param", "") == "redis":
        extra["POVFUND_REDIS_URL"] = request.getfixturevalue("redis_url")
    running = [
        RunningSite(
            Site(
                name=label,
                edition=edition,
                node=node,
                port=port,
                home=tmp_path,
                central_url=central_url,
                extra=extra,
                database_urls={role: database_server.url(name, role=role) for role in (OWNER, APP, SYNC)},
            ),
            name,
        )
        for label, edition, node, port, name in zip(
            ("central", "province"), ("central", "provincial"), ("C", "P51"), ports, names, strict=True
        )
    ]
    supervisor = Supervisor()
    try:
        for server in running:
            supervisor.start(server.site.children())
        for server in running:
            wait_until_answers(server.site, supervisor)
        with django_db_blocker.unblock():
            yield Servers(running[0], running[1], supervisor)
    finally:
        supervisor.stop()
        for child in supervisor.children:
            request.node.add_report_section("teardown", f"log of {child.name}", child.last_words(lines=30))
        for name in names:
            database_server.drop(name)
