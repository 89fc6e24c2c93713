"""One site as `make run` and the tests start it: its environment and its processes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from povfund.roles import APP, OWNER, SYNC
from povfund.settings.env import BASE_DIR
from povfund.supervisor import Child


class SiteError(RuntimeError):
    """A site cannot be prepared; the text is what the failing command said last."""


@dataclass(frozen=True)
class Site:
    """站点 — a central or provincial server on 127.0.0.1 with web, two workers and a ticker."""

    name: str
    edition: str
    node: str
    port: int
    home: Path
    central_url: str
    extra: dict[str, str] = field(default_factory=dict)
    database_urls: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def env(self, role: str) -> dict[str, str]:
        """Environment of a process of that database role."""
        own = {
            "DJANGO_SETTINGS_MODULE": "povfund.settings",
            "POVFUND_HOME": str(self.home),
            "POVFUND_EDITION": self.edition,
            "POVFUND_NODE": self.node,
            "POVFUND_NODE_DIVISION": "",
            "POVFUND_CENTRAL_URL": self.central_url,
            "POVFUND_DB_ROLE": role,
            "POVFUND_DATABASE_URL": self.database_urls.get(role, ""),
            "POVFUND_OWNER_DATABASE_URL": self.database_urls.get(OWNER, ""),
            "PYTHONUNBUFFERED": "1",
        }
        return own | self.extra

    def manage(self, *arguments: str, role: str = OWNER) -> str:
        """Run a management command of this site; gives what it printed. Raises SiteError."""
        done = subprocess.run(
            [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
            env=os.environ | self.env(role),
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines()
            raise SiteError(f"{self.name}: {' '.join(arguments)} failed: " + "\n".join(words[-8:]))
        return done.stdout

    def children(self) -> list[Child]:
        """All processes of the site."""
        return [*self.web(), *self.background()]

    def web(self) -> list[Child]:
        """The pages and the API, as fp_app."""
        return [self._child("web", ["gunicorn", *self._gunicorn_options(), "povfund.wsgi"], role=APP)]

    def background(self) -> list[Child]:
        """Worker of `work` (fp_app), worker of `sync` and ticker (fp_sync)."""
        celery = ["celery", "--app", "povfund.celery", "worker", "--without-gossip", "--without-mingle"]
        work = [*celery, "--queues=work", "--pool=threads", "--concurrency=2", f"--hostname=work@{self.node}"]
        sync = [*celery, "--queues=sync", "--pool=solo", f"--hostname=sync@{self.node}"]
        return [
            self._child("worker-work", work, role=APP),
            self._child("worker-sync", sync, role=SYNC),
            self._child("ticker", ["povfund.ticker"], role=SYNC),
        ]

    def _gunicorn_options(self) -> list[str]:
        return [
            f"--bind=127.0.0.1:{self.port}",
            "--workers=2",
            "--threads=4",
            "--timeout=120",
            "--preload",
            "--no-control-socket",
        ]

    def _child(self, name: str, module: list[str], *, role: str) -> Child:
        return Child(
            name=f"{self.name}-{name}",
            command=[sys.executable, "-m", *module],
            env=self.env(role),
            log=self.home / self.node.lower() / "logs" / f"{name}.log",
        )
