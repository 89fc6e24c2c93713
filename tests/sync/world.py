"""A province and the centre in one test process: two databases, two folders, real HTTP views between them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import httpx
from django.db import connections
from django.db.models import Q
from django.test import Client, override_settings

from accounts.models import Division
from povfund.common import clock
from records.jobs.models import Job
from records.jobs.services import STALE, run
from sync import keys
from sync.fpb.line import encode_line
from sync.ingest import ingest, pick_up
from sync.models import Batch, Node
from sync.nodeauth import sign_call
from sync.sealing import build, seal
from sync.sending.client import CentreClient
from sync.sending.deliver import deliver, take_receipts
from tests.support.database import TestServer, connected_to

URL = "http://centre.test"


class World:
    """`with world.at("P51"):` works as that node; `world.send()` does a whole transmission."""

    def __init__(self, server: TestServer, folder: Path, provinces: tuple[str, ...] = ("P51",)) -> None:
        self.server, self.folder = server, folder
        self.databases = {node: server.clone() for node in ("C", *provinces)}
        self.codes: dict[str, str] = {}
        self.lost: set[tuple[str, str]] = set()
        self.spoil: dict[tuple[str, str], Callable[[bytes], bytes]] = {}
        with self.at("C"):
            centre = self._node("C", "000000", sends=False)
            centre_key = keys.signer()
        for node in provinces:
            with self.at(node):
                self._node(node, f"{node[1:]}0000")
                keys.trust(
                    node=self._node("C", "000000", sends=False), key_id=centre_key.key_id, public=centre_key.public
                )
                own = keys.signer()
            with self.at("C"):
                keys.trust(node=self._node(node, f"{node[1:]}0000"), key_id=own.key_id, public=own.public)
        self.centre = centre

    @staticmethod
    def _node(code: str, division: str, *, sends: bool = True) -> Node:
        found = Division.objects.get(code=division, level__in=("central", "province"))
        node, _made = Node.objects.get_or_create(code=code, defaults={"name": code, "division": found, "sends": sends})
        return node

    @contextmanager
    def at(self, node: str) -> Iterator[None]:
        """Work as this node: its database, folder and edition."""
        code = self.codes.get(node, node)
        edition = "central" if node == "C" else "provincial"
        with ExitStack() as stack:
            stack.enter_context(connected_to(self.databases[node]))
            stack.enter_context(
                override_settings(
                    NODE=code,
                    NODE_DIVISION="000000" if node == "C" else f"{code[1:]}0000",
                    EDITION=edition,
                    HOME=self.folder / node,
                    CENTRAL_URL=URL,
                    ALLOWED_HOSTS=["*"],
                )
            )
            yield

    def copy(self, node: str, *, name: str) -> None:
        """A copy of a server's disk, started as a second server of the same node."""
        self.codes[name] = node
        self.databases[name] = replace(self.server, template=self.databases[node]).clone()
        shutil.copytree(self.folder / node, self.folder / name)

    def client(self, node: str = "P51") -> CentreClient:
        return CentreClient(transport=Wire(self, node))

    def seal(self, node: str = "P51", **words: Any) -> Batch:
        with self.at(node):
            return build(seal(**({"trigger": "manual", "reason": "重要数据"} | words)))

    def deliver(self, batch: Batch, node: str = "P51") -> Batch:
        """Announce, parts, complete; the centre has received, not applied."""
        with self.at(node), self.client(node) as client:
            return deliver(batch.uid, client=client)

    def work_off(self) -> None:
        """The centre's ticker and its worker: every piece of work that is due, in the order of the queue."""
        with self.at("C"):
            pick_up()
            while due := _due_jobs():
                for uid in due:
                    run(uid)

    def ingest(self) -> None:
        """The centre works through everything it received."""
        with self.at("C"):
            pick_up()
            for uid in Batch.objects.filter(direction="in").order_by("seq").values_list("pk", flat=True):
                ingest(uid)

    def fetch(self, batch: Batch, node: str = "P51") -> Batch:
        with self.at(node), self.client(node) as client:
            batch = Batch.objects.get(pk=batch.pk)
            return take_receipts(batch, client.status(batch))

    def send(self, node: str = "P51") -> Batch:
        """Seal, deliver, apply, believe the receipt."""
        batch = self.seal(node)
        self.deliver(batch, node)
        self.ingest()
        return self.fetch(batch, node)

    def send_spoilt(self, change: Callable[[int, bytes], bytes], node: str = "P51") -> Batch:
        """The same, with every line (numbered from 0) changed before the file is signed."""
        count = itertools.count()
        with patch("sync.sealing.build.encode_line", lambda **words: change(next(count), encode_line(**words))):
            return self.send(node)

    def announce(self, batch: Batch, node: str = "P51") -> dict[str, Any]:
        """Only the head of the file."""
        with self.at(node), self.client(node) as client:
            return client.announce(batch)

    def call(self, method: str, path: str, body: bytes = b"", node: str = "P51") -> httpx.Response:
        """Any signed call of a node to the centre, answered whatever it says."""
        with self.at(node):
            headers = sign_call(signer=keys.signer(), method=method, url=URL + path, body=body)
            with httpx.Client(base_url=URL, transport=Wire(self, node)) as http:
                return http.request(method, path, content=body, headers=headers)

    def close(self) -> None:
        connections["default"].close()
        for name in self.databases.values():
            self.server.drop(name)


def _due_jobs() -> list[UUID]:
    now = clock.now()
    free = Q(state="queued", next_try_at__lte=now) | Q(state="running", heartbeat_at__lt=now - STALE)
    return list(Job.objects.filter(free, kind="sync.ingest").order_by("created_at").values_list("pk", flat=True))


class Wire(httpx.BaseTransport):
    """
    Carries a call to the centre's views. Calls named in `world.lost` lose their answer once, bodies
    of those in `world.spoil` are changed once on the way.
    """

    def __init__(self, world: World, node: str) -> None:
        self.world, self.node = world, node

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        for (method, piece), change in list(self.world.spoil.items()):
            if method == request.method and piece in request.url.path:
                del self.world.spoil[method, piece]
                body = change(body)
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        with self.world.at("C"):
            answer = Client(SERVER_NAME=request.url.host).generic(
                request.method,
                request.url.raw_path.decode(),
                data=body,
                content_type="application/octet-stream",
                headers=headers,
            )
        for lost in list(self.world.lost):
            if (request.method, lost[1]) == lost and lost[1] in request.url.path:
                self.world.lost.discard(lost)
                raise httpx.ReadTimeout("the answer was lost", request=request)
        told = {name: answer[name] for name in ("Content-Type", "Retry-After") if name in answer}
        return httpx.Response(answer.status_code, content=answer.content, headers=told)
