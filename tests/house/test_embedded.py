"""The embedded PostgreSQL: starts anywhere, keeps data, is stopped by its last user."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from povfund import embedded
from povfund.embedded import Cluster, EmbeddedError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path / "带 空格 的目录", options={"fsync": "off"})
    yield cluster
    cluster.leave()


def test_it_starts_below_a_private_folder_whose_name_has_blanks_and_chinese(cluster):
    cluster.home.mkdir(mode=0o700)
    cluster.start()
    cluster.ensure_database("povfund_p51")
    with cluster.connect("povfund_p51", user="fp_app") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("fp_app",)
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)


def test_passwords_are_in_a_file_that_only_its_owner_reads(cluster):
    cluster.start()
    assert stat.S_IMODE((cluster.folder / "server.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=cluster.host, port=cluster.port, user="fp_app", password="guess", dbname="postgres")


def test_a_second_start_keeps_the_data_and_the_port(cluster):
    cluster.start()
    cluster.ensure_database("kept")
    with cluster.connect("kept") as connection:
        connection.execute("CREATE TABLE sums (yuan numeric)")
    port = cluster.port
    cluster.leave()
    again = Cluster(cluster.home, options=cluster.options)
    again.start()
    try:
        assert again.port == port
        with again.connect("kept") as connection:
            assert connection.execute("SELECT count(*) FROM sums").fetchone() == (0,)
    finally:
        again.leave()


def test_a_remembered_port_that_another_program_took_is_replaced(cluster):
    cluster.start()
    cluster.leave()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((cluster.host, cluster.port))
        other.listen()
        taken = cluster.port
        cluster.start()
        assert cluster.port != taken
        cluster.connect().close()


def test_a_pid_file_left_by_a_power_cut_does_not_stop_it(cluster):
    cluster.start()
    cluster.leave()
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")
    cluster.start()
    cluster.connect().close()


def test_only_the_last_user_stops_it(cluster):
    cluster.start()
    code = (
        "import sys; from pathlib import Path; from povfund.embedded import Cluster;"
        "c = Cluster(Path(sys.argv[1])); c.start(); c.connect().close()"
    )
    subprocess.run([sys.executable, "-c", code, str(cluster.home)], cwd=ROOT, check=True)
    cluster.connect().close()
    cluster.leave()
    with pytest.raises(psycopg.OperationalError):
        cluster.connect()


def test_where_it_cannot_run_it_says_what_to_set_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded.os, "geteuid", lambda: 0)
    monkeypatch.setattr(embedded.os, "chown", lambda *_: None)
    monkeypatch.setattr(embedded, "_succeeds", lambda *_, **__: False)
    with pytest.raises(EmbeddedError, match=r"POVFUND_HOME.*POVFUND_DATABASE_URL") as raised:
        Cluster(tmp_path).start()
    assert "\n" not in str(raised.value)


def test_the_script_for_a_served_database_makes_roles_and_database(cluster):
    cluster.start()
    psql = [str(embedded.binaries() / "psql"), "-h", cluster.host, "-p", str(cluster.port), "-U", "postgres"]
    values = ["database=served", "owner_password=o-secret", "app_password=a-secret", "sync_password=s-secret"]
    for _twice in range(2):
        subprocess.run(
            [*psql, "-d", "postgres", "-v", "ON_ERROR_STOP=1", *(f"-v{v}" for v in values), "-f", "deploy/roles.sql"],
            env={**os.environ, "PGPASSWORD": cluster.password("postgres")},
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
    address = {"host": cluster.host, "port": cluster.port, "user": "fp_app", "password": "a-secret"}
    with psycopg.connect(dbname="served", **address) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("fp_app",)
