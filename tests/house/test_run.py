"""`make run` from nothing, stopped by Ctrl-C, and started again on the same data."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRST_START, LATER_START, STOP = 280, 150, 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Run:
    """One `make run` in a folder of its own."""

    def __init__(self, home, *, password=""):
        self.home, self.log = home, home.parent / "run.log"
        self.ports = [free_port(), free_port()]
        own = {"POVFUND_HOME": str(home), "POVFUND_DATABASE_URL": "", "POVFUND_DEMO_PASSWORD": password}
        ports = {"CENTRAL_PORT": str(self.ports[0]), "PROVINCE_PORT": str(self.ports[1])}
        dropped = {"POVFUND_SECRET_KEY", "POVFUND_FIELD_KEY", "POVFUND_DB_ROLE", "DJANGO_SETTINGS_MODULE"}
        self.env = {k: v for k, v in os.environ.items() if k not in dropped} | own | ports

    def start(self, *, seconds, until="Ctrl-C"):
        with self.log.open("w") as log:
            command = [sys.executable, "-m", "povfund.run"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)
        deadline = time.monotonic() + seconds
        while until not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)
        return self.log.read_text()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(STOP) == 0

    def get(self, which, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[which]}{path}", timeout=10) as answer:
            return json.load(answer)

    def processes(self):
        """Command lines of processes that still mention the folder."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if str(self.home).encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                    found.append((path.parent / "cmdline").read_bytes())
            except OSError:
                continue
        return [command for command in found if command]


@pytest.mark.slow
def test_run_serves_both_sites_stops_cleanly_and_keeps_its_data(tmp_path):
    run = Run(tmp_path / "home")
    # given a first start that is interrupted while it makes the demo world
    run.start(seconds=FIRST_START, until="Seeding")
    run.stop()
    # when it is started again, the world is made from nothing
    said = run.start(seconds=FIRST_START)
    assert "made anew" in said
    password = re.search(r"password\s+(\S+)", said).group(1)
    try:
        assert run.get(0, "/healthz") == run.get(1, "/healthz") == {"status": "ok"}
        for which in (0, 1):
            ready_by = time.monotonic() + LATER_START
            while time.monotonic() < ready_by and not _ready(run, which):
                time.sleep(1)
            assert _ready(run, which)
    finally:
        run.stop()
    # then nothing is left behind
    assert not run.processes()
    # and a later start seeds nothing and has the same password
    said = run.start(seconds=LATER_START)
    try:
        assert "Seeding" not in said
        assert re.search(r"password\s+(\S+)", said).group(1) == password
    finally:
        run.stop()
    assert not run.processes()


def _ready(run, which):
    try:
        return run.get(which, "/readyz")["status"] == "ok"
    except OSError:
        return False


def test_a_port_in_use_is_said_in_one_line(tmp_path):
    run = Run(tmp_path / "home")
    with socket.socket() as other:
        other.bind(("127.0.0.1", run.ports[0]))
        other.listen()
        done = subprocess.run(
            [sys.executable, "-m", "povfund.run"], cwd=ROOT, env=run.env, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert f"Port {run.ports[0]} is in use" in done.stderr
    assert "Traceback" not in done.stderr
