"""The audit trail: appended only, chained by membership, every tampering found."""

import copy
import json
import random
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DataError, IntegrityError, connection, transaction

from accounts import audit, services
from accounts.chain import entry_content, entry_hash, link_hash
from accounts.management.commands.verify_audit import export_rows, verifier
from accounts.models import AuditEntry, AuditLink, AuditQueue
from tests import people
from tests.accounts.trail import write_entries

pytestmark = pytest.mark.django_db


THIRD = "id = (SELECT entry_id FROM accounts_auditlink WHERE n = 3)"


def sql(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


@pytest.mark.parametrize("table", ["accounts_auditentry", "accounts_auditlink", "accounts_passwordhistory"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {}", "TRUNCATE {} CASCADE"])
def test_even_the_owner_of_the_table_cannot_change_what_was_written(table, statement):
    write_entries(1)
    column = {"accounts_auditentry": "comment=''", "accounts_auditlink": "prev=''"}.get(table, "password=''")
    with pytest.raises(IntegrityError, match="keeps every row"):
        sql(statement.format(table, column))


def test_entries_are_linked_once_and_in_one_chain():
    write_entries(5)
    waiting = AuditEntry.objects.count()
    assert services.unlinked_since() == AuditEntry.objects.order_by("pk").first().at
    assert services.link_audit() == waiting
    assert services.link_audit() == 0
    assert services.unlinked_since() is None
    assert not AuditQueue.objects.exists()
    n, head = services.chain_head()
    assert n == waiting == AuditLink.objects.count()
    assert head == AuditLink.objects.get(n=n).hash


def test_the_documented_example_is_what_the_program_computes():
    text = (settings.BASE_DIR / "docs" / "rules" / "audit-chain.md").read_text()
    entry = json.loads(re.search(r"Entry 7 `(.*?)`", text)[1])
    digest = re.search(r"entry_hash = (\w{64})", text)[1]
    assert entry_hash(entry) == digest
    assert link_hash(1, 7, digest, prev="0" * 64) == re.search(r"\n    hash       = (\w{64})", text)[1]


def tampered(rows, chance):
    """One random tampering of a good export; returns the rows and what was done."""
    rows = copy.deepcopy(rows)
    links = [i for i, row in enumerate(rows) if row.get("n")]
    at = chance.choice(links)
    kind = chance.choice(["change", "delete", "swap", "insert", "relink", "forge", "unlink", "truncate"])
    if kind == "change":
        field = chance.choice(sorted(set(rows[at]["entry"]) - {"before"}))
        rows[at]["entry"][field] = "x" if rows[at]["entry"][field] != "x" else "y"
    elif kind == "delete":
        del rows[at]
    elif kind == "swap":
        other = chance.choice([i for i in links if i != at])
        rows[at]["entry"], rows[other]["entry"] = rows[other]["entry"], rows[at]["entry"]
    elif kind == "insert":
        rows.insert(at, copy.deepcopy(rows[chance.choice(links)]))
    elif kind == "relink":
        field = chance.choice(["prev", "hash", "entry_hash"])
        rows[at][field] = "f" * 64
    elif kind == "forge":
        entry = rows[at]["entry"]
        entry["comment"] += "!"
        rows[at]["entry_hash"] = entry_hash(entry)
        rows[at]["hash"] = link_hash(rows[at]["n"], entry["id"], rows[at]["entry_hash"], prev=rows[at]["prev"])
    elif kind == "unlink":
        rows.insert(-1, {"n": None, "entry": rows[at]["entry"] | {"at": "2016-01-01T00:00:00.000000+00:00"}})
    else:
        rows = [row for row in rows if not row.get("n") or row["n"] < rows[at]["n"]]
    return rows, (kind, at)


def test_a_thousand_random_tamperings_are_all_found():
    write_entries(30)
    services.link_audit()
    rows, heads = list(export_rows()), dict([services.chain_head()])
    assert not verifier().verify(rows, heads).problems
    chance, verify = random.Random(20161116), verifier().verify
    for _n in range(1_000):
        bad, what = tampered(rows, chance)
        assert verify(bad, heads).problems, what


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (f"UPDATE accounts_auditentry SET comment = 'x' WHERE {THIRD}", 3),
        (f"UPDATE accounts_auditentry SET at = at - interval '1 s' WHERE {THIRD}", 3),
        ("DELETE FROM accounts_auditlink WHERE n = 3", 4),
        ("UPDATE accounts_auditlink SET n = 9999 WHERE n = 3", 4),
        ("UPDATE accounts_auditlink SET hash = repeat('0', 64) WHERE n = 3", 3),
    ],
)
def test_tampering_in_sql_names_the_first_bad_link(statement, named, capsys):
    write_entries(10)
    services.link_audit()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("accounts_auditentry", "accounts_auditlink"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
    with pytest.raises(CommandError):
        call_command("verify_audit")
    assert f"link {named}" in capsys.readouterr().out.splitlines()[0]


def test_an_inserted_entry_that_was_never_linked_is_named():
    write_entries(3)
    services.link_audit()
    entry = audit.record(actor=None, action="tests.forged", target_type="thing", target_id=1)
    rows = list(export_rows())
    rows[-1]["exported_at"] = (entry.at + timedelta(seconds=61)).isoformat()
    assert verifier().verify(rows).problems == [f"entry {entry.pk}: without a link since {entry_content(entry)['at']}"]


def test_the_verifier_runs_without_the_product(tmp_path):
    write_entries(3)
    services.link_audit()
    path = tmp_path / "trail.ndjson"
    call_command("verify_audit", export=str(path))
    script = Path(settings.BASE_DIR) / "docs" / "verify_audit.py"
    run = [sys.executable, "-I", "-S", str(script), str(path)]
    good = subprocess.run(run, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert good.returncode == 0, good.stderr
    head = re.search(r"head (\d+:\w+)", good.stdout)[1]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-2] + lines[-1:]))
    cut = subprocess.run([*run, "--head", head], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert cut.returncode == 1
    assert "the tail was cut" in cut.stdout
    path.write_text("{")
    assert subprocess.run(run, capture_output=True, check=False, cwd=tmp_path).returncode == 2


def test_a_failed_audit_entry_aborts_the_change():
    clerk, security = people.county_clerk(), people.security_admin()
    number = audit.request_id.set("\0")
    try:
        with pytest.raises(DataError):
            services.change_duties(security, account=clerk, duties=["review"], reason="ok")
    finally:
        audit.request_id.reset(number)
    clerk.refresh_from_db()
    assert clerk.duties == ["entry"]
