"""Child processes of `make run`."""

import sys
import time

import pytest

from povfund import supervisor as module
from povfund.supervisor import Child, Supervisor


@pytest.fixture
def make_child(tmp_path):
    def make(code, name="child"):
        return Child(name=name, command=[sys.executable, "-c", code], env={}, log=tmp_path / f"{name}.log")

    return make


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def test_stop_ends_every_child_even_one_that_ignores_the_request(make_child, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 1.0)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    supervisor = Supervisor()
    supervisor.start([make_child("import time; time.sleep(60)", "polite"), make_child(deaf, "deaf")])
    wait_for(lambda: "deaf" in supervisor.children[1].last_words())
    supervisor.stop()
    assert not any(child.running for child in supervisor.children)


def test_a_fallen_child_is_told_once_and_started_again_after_a_pause(make_child, monkeypatch):
    monkeypatch.setattr(module, "RESTART_PAUSE", 0.2)
    supervisor = Supervisor()
    supervisor.start([make_child("print('up', flush=True)")])
    child = supervisor.children[0]
    wait_for(lambda: not child.running)
    assert supervisor.revive() == [child]
    assert supervisor.revive() == []
    time.sleep(0.3)
    supervisor.revive()
    wait_for(lambda: child.last_words().count("up") == 2)
    supervisor.stop()


def test_a_child_that_ran_long_before_it_fell_is_started_again_soon(make_child):
    supervisor = Supervisor()
    supervisor.start([make_child("")])
    child = supervisor.children[0]
    wait_for(lambda: not child.running)
    child.falls, child.started_at = 5, child.started_at - module.LONGEST_PAUSE - 1
    assert supervisor.revive() == [child]
    assert child.pause == module.RESTART_PAUSE


def test_a_child_that_keeps_falling_waits_longer_each_time(make_child):
    child = make_child("")
    child.falls = 1
    first = child.pause
    child.falls = 3
    assert child.pause == 4 * first
    child.falls = 50
    assert child.pause == module.LONGEST_PAUSE
