"""`make run`: central and the province Sichuan on this machine, with the demo world."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import NoReturn

from povfund.embedded import EmbeddedError, running_cluster
from povfund.settings.database import database_name
from povfund.settings.env import BASE_DIR, POVFUND_HOME
from povfund.settings.secrets import remembered_secret
from povfund.site import Site, SiteError
from povfund.supervisor import Supervisor

START_SECONDS = 90
SEEDING = "seeding"
"""The mark that stands while the demo world is made."""
PREPARED_FROM = ("*/migrations/*.py", "*/*/migrations/*.py", "*/management/commands/load_*.py", "*/data/**/*")
ACCOUNTS = (
    ("province", "511921.finance.entry", "通江县财政局 录入"),
    ("province", "511921.finance.review", "通江县财政局 审核"),
    ("province", "511921.finance.head", "通江县财政局 负责人、审核"),
    ("province", "511921.poverty.entry", "通江县扶贫办 录入"),
    ("province", "510000.finance.review", "四川省财政厅 审核"),
    ("province", "510000.finance.head", "四川省财政厅 负责人、上报"),
    ("central", "000000.finance.analyst", "中央财政 分析"),
    ("central", "000000.finance.head", "中央财政 负责人"),
    ("central", "000000.security", "中央 安全管理员"),
)


class Stopped(Exception):
    """Ctrl-C or a request to end."""


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_stopped)
    supervisor = Supervisor()
    try:
        run(supervisor)
    except Stopped:
        print("\nStopping ...", flush=True)
        return 0
    except (EmbeddedError, SiteError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop()


def _raise_stopped(number: int, frame: FrameType | None) -> None:
    raise Stopped


def run(supervisor: Supervisor) -> NoReturn:
    """Prepare, start, seed once, then watch until stopped. Raises SiteError, EmbeddedError, Stopped."""
    central_port, province_port = _port("CENTRAL_PORT", default=8000), _port("PROVINCE_PORT", default=8001)
    password = os.environ.get("POVFUND_DEMO_PASSWORD") or remembered_secret(
        POVFUND_HOME / "demo_password", make=_memorable_password
    )
    sites = _sites(central_port=central_port, province_port=province_port, password=password)
    say("Starting the embedded PostgreSQL ...")
    _clear_unfinished(sites)
    with ThreadPoolExecutor() as pool:
        list(pool.map(_prepare, sites))
    say("Starting both servers ...")
    for site in sites:
        supervisor.start(site.web())
    for site in sites:
        wait_until_answers(site, supervisor)
        supervisor.start(site.background())
    _seed_once(sites)
    _announce(sites, password)
    while True:
        time.sleep(1)
        for child in supervisor.revive():
            say(f"{child.name} ended and is started again; see {child.log}")


def say(text: str) -> None:
    print(text, flush=True)


def _sites(*, central_port: int, province_port: int, password: str) -> list[Site]:
    central_url = f"http://127.0.0.1:{central_port}"
    extra = {"POVFUND_DEMO_PASSWORD": password}
    return [
        Site("central", "central", "C", central_port, POVFUND_HOME, central_url, extra),
        Site("province", "provincial", "P51", province_port, POVFUND_HOME, central_url, extra),
    ]


def _port(name: str, *, default: int) -> int:
    """The port from the environment, free on 127.0.0.1. Raises SiteError."""
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise SiteError(f"{name} is “{text}”; write a port number between 1 and 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError:
            raise SiteError(f"Port {text} is in use; stop the other program or choose one: {name}=8100.") from None
    return int(text)


def _memorable_password() -> str:
    """A password of four classes that can be typed from the screen."""
    letters = "abcdefghjkmnpqrstuvwxyz"
    parts = ["".join(secrets.choice(letters) for _ in range(4)) for _ in range(3)]
    return f"{parts[0].capitalize()}-{parts[1]}-{parts[2]}-{secrets.randbelow(90) + 10}"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted({path for pattern in PREPARED_FROM for path in BASE_DIR.glob(pattern) if path.is_file()}):
        if path.relative_to(BASE_DIR).parts[0] not in {"var", "tests", "frontend"}:
            digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def _prepared(site: Site) -> Path:
    """Holds the fingerprint of what the site's database was last prepared from."""
    return running_cluster(site.home).folder / f"prepared-{site.node.lower()}"


def _prepare(site: Site) -> None:
    """Migrations and code tables; skipped when nothing changed since the last start."""
    stamp, wanted = _prepared(site), _fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say(f"Preparing the database of {site.name} ...")
    site.manage("migrate", "--no-input", "--verbosity=0")
    site.manage("load_divisions")
    site.manage("load_codes")
    stamp.write_text(wanted)


def wait_until_answers(site: Site, supervisor: Supervisor, *, seconds: float = START_SECONDS) -> None:
    """Until /healthz answers. Raises SiteError with the end of the log."""
    deadline = time.monotonic() + seconds
    web = next(child for child in supervisor.children if child.name == f"{site.name}-web")
    while time.monotonic() < deadline and web.running:
        try:
            with urllib.request.urlopen(f"{site.url}/healthz", timeout=5) as answer:  # noqa: S310 - own address
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SiteError(f"{site.name} does not answer on {site.url}:\n{web.last_words()}")


def _clear_unfinished(sites: list[Site]) -> None:
    """A demo world whose making was interrupted, by Ctrl-C or a loss of power, can be neither used nor finished."""
    cluster = running_cluster(POVFUND_HOME)
    if not (cluster.folder / SEEDING).exists():
        return
    say("The first start ended before the demo world was there; it is made anew ...")
    for site in sites:
        cluster.drop_database(database_name(site.node))
        _prepared(site).unlink(missing_ok=True)
        shutil.rmtree(POVFUND_HOME / site.node.lower(), ignore_errors=True)
    (cluster.folder / SEEDING).unlink()


def _seed_once(sites: list[Site]) -> None:
    """The demo world, on the first start only: accounts at the centre, then the province's work."""
    folder = running_cluster(POVFUND_HOME).folder
    stamp = folder / "seeded"
    if stamp.exists():
        return
    (folder / SEEDING).touch()
    for site in sites:
        site.manage("node_key")
    for site in sites:
        say(f"Seeding the demo world of {site.name} ...")
        site.manage("seed_demo")
    for site in reversed(sites):
        site.manage("seed_demo", "--changes")
    stamp.touch()
    (folder / SEEDING).unlink()


def _announce(sites: list[Site], password: str) -> None:
    say("\n财政扶贫资金管理监测信息系统 已启动 / ready")
    for site in sites:
        label = "中央 central" if site.name == "central" else "四川 province"
        say(f"\n  {label:<14} {site.url}")
        for where, login, who in ACCOUNTS:
            if where == site.name:
                say(f"    {login:<26} {who}")
    say(f"\n  口令 password   {password}")
    say("  Ctrl-C 停止 stops everything; data stays in " + str(POVFUND_HOME))


if __name__ == "__main__":
    sys.exit(main())
