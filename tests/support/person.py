"""A person at the API of a server."""

from __future__ import annotations

import time
from typing import Any

import httpx

from tests.support.servers import DEMO_PASSWORD


class Person:
    """An account signed in over the API of one server."""

    def __init__(self, url: str, username: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/api/v1/", timeout=60)
        token = self.http.post("auth/token", json={"username": username, "password": DEMO_PASSWORD})
        assert token.status_code == 200, token.text
        self.http.headers["Authorization"] = f"Token {token.json()['token']}"

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: dict[str, Any], *, status: int = 200) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def wait_for(self, path: str, *, seconds: int = 90, **query: Any) -> list[Any]:
        """The results of a list once it holds something."""
        deadline = time.monotonic() + seconds
        while not (found := self.get(path, **query)["results"]):
            assert time.monotonic() < deadline, f"nothing at {path} {query}"
            time.sleep(0.5)
        return list(found)
