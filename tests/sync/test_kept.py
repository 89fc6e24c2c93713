"""What is kept of acknowledged records equals the records, however they came, and a change behind its back is named."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from importlib import import_module
from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from povfund.common import clock
from povfund.common.uid import uuid7
from records.models import Alarm
from records.registry import record_types
from sync import kept, reconcile
from sync.models import Batch, KeptCheck, KeptDigest, Node
from sync.proving import prove, verify
from tests.sync.forge import Forger, a_permit, a_record, change_of, document, money


@pytest.fixture
def forger(world):
    return Forger(world)


def recomputed(scope_key="51"):
    """The state digest by another way: record by record, in Python."""
    digests = []
    for kind in record_types().values():
        for row in kind.model.objects.filter(acked_rev__isnull=False, deleted=False, scope_key__startswith=scope_key):
            text = f"{kind.key}|{row.uid}|{row.acked_rev}|{row.acked_hash}"
            digests.append(int.from_bytes(hashlib.sha256(text.encode()).digest()))
    return {"n": len(digests), "digest": f"{sum(digests) % 2**256:064x}"}


def stated():
    return reconcile.state_digest(scope_key="51")


def p51():
    return Node.objects.select_related("division").get(pk="P51")


def changed_behind(statement, *values):
    with connection.cursor() as cursor:
        for table in ("funds_funddocument", "funds_fundline"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        for table in ("funds_funddocument", "funds_fundline"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_the_kept_digest_is_that_of_the_records_after_inserts_corrections_and_deletions(world, forger):
    uids = [uuid7() for _n in range(3)]
    contents = [document() for _uid in uids]
    forger.send(*(a_record(content, uid=uid) for uid, content in zip(uids, contents, strict=True)))
    with world.at("C"):
        assert stated() == recomputed() != {"n": 0, "digest": "0" * 64}
        draft = change_of(uids[0], contents[0], lines=[money(amount="7.00")])
        words = {"permit": a_permit(uids[0], draft), "lines": json.loads(draft)["c"]["lines"]}
        changed = change_of(uids[0], contents[0], **words)
    assert forger.send(changed).applied == 1
    with world.at("C"):
        assert stated() == recomputed()
        assert stated()["n"] == 3
        base = json.loads(a_record(contents[1], uid=uids[1]))["h"]
        words = {"uid": uids[1], "rev": 2, "base_rev": 1, "base_hash": base, "operation": "del"}
        words["evidence"] = json.loads(changed)["rv"]
        gone = a_record(**words, permit=a_permit(uids[1], a_record(**words)))
    assert forger.send(gone).applied == 1
    with world.at("C"):
        assert stated() == recomputed()
        assert stated()["n"] == 2
        assert verify(p51()) == []
        before = (stated(), reconcile.totals_for(scope_key="51"))
        kept.rebuild()
        assert (stated(), reconcile.totals_for(scope_key="51")) == before
        filled = import_module("sync.migrations.0018_kept")
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM sync_keptdigest; DELETE FROM sync_keptsum; {filled.DIGESTS}; {filled.SUMS}")
        assert (stated(), reconcile.totals_for(scope_key="51")) == before


def test_the_kept_digest_does_not_depend_on_the_order_in_which_records_came(world, forger):
    lines = [a_record() for _n in range(4)]
    forger.send(*lines[:3])
    forger.send(lines[3])
    with world.at("C"):
        first = stated()
        kinds = list(KeptDigest.objects.order_by("pk").values_list("n", flat=True))
        assert sum(kinds) == 4
        expected = sum(
            reconcile.leaf(kind="fund_document", uid=row["u"], rev=row["r"], content_hash=row["h"])
            for row in map(json.loads, reversed(lines))
        )
        assert first == {"n": 4, "digest": f"{expected % 2**256:064x}"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE funds_funddocument SET acked_hash = repeat('f', 64) WHERE uid = %s",
        "UPDATE funds_funddocument SET deleted = true WHERE uid = %s",
        "UPDATE funds_fundline SET amount = amount + 1 WHERE document_id = %s",
    ],
)
def test_a_row_changed_behind_its_back_is_found_by_its_uid_and_an_alarm_stands_until_it_is_mended(
    world, forger, statement
):
    lines = [a_record() for _n in range(4)]
    forger.send(*lines)
    uid = json.loads(lines[2])["u"]
    with world.at("C"):
        prove()
        assert KeptCheck.objects.get().found == []
        changed_behind(statement, uid)
        prove()
        assert KeptCheck.objects.get().found == [], "once a day"
        KeptCheck.objects.update(at=clock.now() - timedelta(days=2))
        prove()
        found = KeptCheck.objects.get().found
        assert {row["uid"] for row in found if "uid" in row} == {uid}
        assert Alarm.objects.filter(kind="sync.kept", over_at=None).exists()
        with pytest.raises(CommandError):
            call_command("kept", "verify", stderr=StringIO())
        call_command("kept", "rebuild", stdout=StringIO())
        assert not Alarm.objects.filter(kind="sync.kept", over_at=None).exists()
        assert verify(p51()) == []


def test_a_batch_whose_rows_do_not_add_up_is_not_applied(world, forger):
    with patch("sync.kept.enter"):
        batch = forger.send(a_record())
    with world.at("C"):
        assert (Batch.objects.get(pk=batch.pk).state, batch.applied) == ("held_assert", 0)
        assert not KeptDigest.objects.exists()
