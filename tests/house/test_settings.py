"""Settings: wrong values are refused in words, production is strict, nodes do not share cookies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.people import county_clerk

ROOT = Path(__file__).resolve().parents[2]
GOOD_SECRET = "0123456789" * 5
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
ENVIRONMENT["DJANGO_SETTINGS_MODULE"] = "povfund.settings"


def run_check(tmp_path, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=ROOT,
        env=ENVIRONMENT | {"POVFUND_HOME": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("POVFUND_EDITION", "national", "one of: provincial, central"),
        ("POVFUND_NODE", "51 省", "node code such as C, P51"),
        ("POVFUND_WINDOW_TIME", "nine", "an hour such as 09:00"),
        ("POVFUND_DATABASE_URL", "mysql://a@b/c", "postgresql://user:password@host"),
        ("POVFUND_TICK_SECONDS", "often", "a whole number"),
        ("POVFUND_DEBUG", "maybe", "write 1 or 0"),
    ],
)
def test_wrong_value_is_refused_with_its_name_and_what_to_write(tmp_path, name, value, words):
    done = run_check(tmp_path, **{name: value})
    assert done.returncode != 0
    assert name in done.stderr
    assert words in done.stderr


def test_production_refuses_missing_secrets_debugging_and_a_set_clock(tmp_path):
    done = run_check(
        tmp_path,
        POVFUND_ENV="production",
        POVFUND_SECRET_KEY="",
        POVFUND_FIELD_KEY="short",
        POVFUND_DEBUG="1",
        POVFUND_FAKE_NOW="2026-01-01T00:00",
    )
    assert done.returncode != 0
    for number in (1, 2, 3, 4, 5):
        assert f"povfund.E{number:03}" in done.stderr


def test_production_with_its_own_secrets_passes_the_deployment_checks(tmp_path):
    done = run_check(
        tmp_path,
        "--deploy",
        "--fail-level=WARNING",
        POVFUND_ENV="production",
        POVFUND_SECRET_KEY=GOOD_SECRET + "abcdefXYZ!",
        POVFUND_FIELD_KEY=GOOD_SECRET,
        POVFUND_ALLOWED_HOSTS="pf.example.gov.cn",
    )
    assert done.returncode == 0, done.stderr


PRODUCTION = {
    "POVFUND_ENV": "production",
    "POVFUND_SECRET_KEY": GOOD_SECRET + "abcdefXYZ!",
    "POVFUND_FIELD_KEY": GOOD_SECRET,
    "POVFUND_ALLOWED_HOSTS": "pf.example.gov.cn",
    "POVFUND_DB_ROLE": "app",
}


def start_web(database_server, tmp_path, **changes):
    own = {"POVFUND_HOME": str(tmp_path), "POVFUND_DATABASE_URL": database_server.url(db_name(), role="app")}
    environment = ENVIRONMENT | own | PRODUCTION | changes
    command = [sys.executable, "-c", "import povfund.wsgi"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def db_name():
    return connection.settings_dict["NAME"]


def test_a_production_server_starts_on_a_database_of_its_own(committed_db, database_server, tmp_path):
    done = start_web(database_server, tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_production_server_refuses_demo_accounts(committed_db, database_server, tmp_path):
    county_clerk()
    done = start_web(database_server, tmp_path)
    assert done.returncode != 0
    assert "povfund.E006: This database holds active demo accounts." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_production_server_refuses_a_missing_secret(committed_db, database_server, tmp_path):
    done = start_web(database_server, tmp_path, POVFUND_SECRET_KEY="")
    assert done.returncode != 0
    assert "povfund.E001: POVFUND_SECRET_KEY must be set in production." in done.stderr


def test_cookies_carry_the_node():
    code = "from povfund import settings as s; print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.NODE_DIVISION)"

    def names(node, edition):
        env = {**os.environ, "POVFUND_NODE": node, "POVFUND_EDITION": edition}
        return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True).stdout

    assert names("C", "central").split() == ["povfund_c_session", "povfund_c_csrf", "000000"]
    assert names("P51", "provincial").split() == ["povfund_p51_session", "povfund_p51_csrf", "510000"]
    assert names("S511921", "standalone").split()[2] == "511921"
