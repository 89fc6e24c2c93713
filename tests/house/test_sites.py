"""The processes of a site: ready with either queue, each under its own database role."""

import json
import time
import urllib.error
import urllib.request

import pytest


def readiness(url):
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:
            return json.load(answer)["checks"]
    except urllib.error.HTTPError as refused:
        return json.load(refused)["checks"]


def wait_until_ready(url, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not all(readiness(url).values()):
        time.sleep(0.5)
    assert all(readiness(url).values()), readiness(url)


@pytest.mark.parametrize("two_servers", ["files", "redis"], indirect=True)
def test_both_sites_become_ready_and_each_process_is_one_role(two_servers, database_server):
    for server in (two_servers.central, two_servers.province):
        wait_until_ready(server.url)
    with database_server.admin() as connection:
        rows = connection.execute(
            "SELECT DISTINCT datname, usename FROM pg_stat_activity WHERE datname = ANY(%s)",
            [[two_servers.central.name, two_servers.province.name]],
        ).fetchall()
    for server in (two_servers.central, two_servers.province):
        assert {role for name, role in rows if name == server.name} == {"fp_app", "fp_sync"}
    assert not two_servers.supervisor.fallen()
