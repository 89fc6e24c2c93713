"""The HTTP side of sending: signed calls with timeouts; an unknown result is asked for, never guessed."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import httpx
from django.conf import settings

from povfund.common import clock
from records.services import clear_alarm, raise_alarm
from sync import keys
from sync.fpb.frame import MAGIC
from sync.models import Batch
from sync.nodeauth import sign_call
from sync.sealing.build import folder_of

logger = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(30.0, connect=10.0)


PATIENCE = 120
"""Seconds a call waits in all where the centre says 429; what asks for more is left to the schedule of jobs."""
ASSUMED_WAIT = 10
"""Seconds to wait where a 429 does not say how long."""


class Unreachable(Exception):
    """No answer, or one that says to come back later: not before `after` seconds, where it says so."""

    def __init__(self, message: str, *, after: int = 0) -> None:
        super().__init__(message)
        self.after = after


class Refused(Exception):
    """The centre said no, with its code; trying again changes nothing."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class CentreClient:
    """Calls of this node to the centre; learns the centre's clock from a 401 and signs with the difference."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(base_url=settings.CENTRAL_URL, timeout=TIMEOUT, transport=transport)
        self._offset = timedelta()

    def __enter__(self) -> CentreClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def announce(self, batch: Batch) -> dict[str, Any]:
        """Head of the file; answers state and missing parts."""
        blocks = (bytes(batch.manifest), bytes(batch.signatures))
        body = MAGIC + b"".join(len(block).to_bytes(4, "big") + block for block in blocks)
        return self._call("POST", "/sync/v1/batches", body)

    def put_part(self, batch: Batch, sha256: str) -> dict[str, Any]:
        part = batch.parts.filter(sha256=sha256).first()
        if part is None:
            raise Refused("UNLISTED_PART", sha256)
        data = (folder_of(batch) / f"{part.n:04d}.part").read_bytes()
        return self._call("PUT", f"/sync/v1/batches/{batch.uid}/parts/{sha256}", data)

    def complete(self, batch: Batch) -> dict[str, Any]:
        return self._call("POST", f"/sync/v1/batches/{batch.uid}/complete", b"")

    def status(self, batch: Batch) -> dict[str, Any]:
        return self._call("GET", f"/sync/v1/batches/{batch.uid}", b"")

    def digest(self, **wanted: str) -> dict[str, Any]:
        query = "&".join(f"{name}={value}" for name, value in wanted.items() if value)
        return self._call("GET", f"/sync/v1/digest?{query}" if query else "/sync/v1/digest", b"")

    def change(self, letter: bytes) -> dict[str, Any]:
        """A letter about a change order; answers its state and the evidence that is missing."""
        return self._call("POST", "/sync/v1/change-requests", letter)

    def put_evidence(self, order: UUID, sha256: str, data: bytes) -> dict[str, Any]:
        return self._call("PUT", f"/sync/v1/change-requests/{order}/evidence/{sha256}", data)

    def downlink(self, after: int) -> list[dict[str, Any]]:
        """Signed items of the centre after this number, oldest first; at most a page of them."""
        items = self._call("GET", f"/sync/v1/downlink?after={after}", b"").get("items")
        return items if isinstance(items, list) else []

    def time(self) -> datetime:
        """The centre's clock, by the head of any of its answers. Raises Unreachable."""
        try:
            return parsedate_to_datetime(self._http.head("/healthz").headers["date"])
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    def _call(self, method: str, path: str, body: bytes, *, again: bool = True) -> dict[str, Any]:
        try:
            response = self._request_in_turn(method, path, body)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        if not isinstance(answer, dict):
            raise Unreachable(f"{response.status_code}, and no object in the answer")
        if response.status_code == 401 and again and self._learn_clock(answer):
            return self._call(method, path, body, again=False)
        if response.status_code >= 500:
            raise Unreachable(f"{response.status_code} {answer.get('code', '')}")
        if response.status_code >= 400:
            raise Refused(str(answer.get("code", response.status_code)), str(answer.get("message", "")))
        return answer

    def _request_in_turn(self, method: str, path: str, body: bytes) -> httpx.Response:
        """One signed call; where the centre says 429 it is made again after the time it names."""
        url, waited = str(self._http.base_url.join(path)), 0
        while True:
            headers = sign_call(signer=keys.signer(), method=method, url=url, body=body, offset=self._offset)
            response = self._http.request(method, path, content=body, headers=headers)
            if response.status_code != 429:
                return response
            told = response.headers.get("retry-after", "")
            wait = max(int(told), 1) if told.isdigit() else ASSUMED_WAIT
            if waited + wait > PATIENCE:
                raise Unreachable(f"429, come back in {wait} s", after=wait)
            logger.info("the centre asks to wait %d s", wait)
            time.sleep(wait)
            waited += wait

    def _learn_clock(self, answer: dict[str, Any]) -> bool:
        try:
            self._offset = datetime.fromisoformat(str(answer["time"])) - clock.now()
        except (KeyError, ValueError):
            return False
        if abs(self._offset) > timedelta(minutes=5):
            raise_alarm(kind="sync.clock", key="centre", details={"seconds": int(self._offset.total_seconds())})
        else:
            clear_alarm(kind="sync.clock", key="centre")
        return True
