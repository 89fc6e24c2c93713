"""One change order over thousands of records, against plain statements that store the same rows."""

from __future__ import annotations

import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec
from django.db import connection, transaction

from bench.figure import Figure
from bench.harness import analyze, fresh_database, once
from funds.models import FundDocument, FundLine
from povfund.common.canonical import canonical
from povfund.scale import seed_scale
from records.choices import RecordState
from records.models import RecordRevision
from records.registry import record_type
from sync.changes import services
from sync.changes.carrying import carry_out
from sync.changes.ticks import send_corrections
from sync.models import ChangeOrder
from tests.people import account
from tests.sync.orders import CONSENTERS, SIGNERS, decide, post, proof, sign
from tests.sync.world import World

REVIEWED = """
WITH steps(step, who) AS (VALUES ('unit', '乙'), ('province', '丙')), moved AS (
    UPDATE funds_funddocument SET state = 'province_reviewed', reviewed_rev = rev, reviewed_hash = content_hash
    WHERE state = 'submitted' RETURNING uid, rev, cycle, content_hash, division_id, acked_hash
), seen AS (
    INSERT INTO records_review (record_type, record_uid, cycle, rev, content_hash, step, person_name, unit_key,
        reason_code, comment, explained, at)
    SELECT 'fund_document', m.uid, m.cycle, m.rev, m.content_hash, s.step, s.who,
        CASE s.step WHEN 'unit' THEN d.code || '.finance' ELSE '510000.finance' END, '', '', '[]', now()
    FROM moved m JOIN accounts_division d ON d.id = m.division_id CROSS JOIN steps s
)
INSERT INTO records_outbox (record_type, record_uid, rev, content_hash, permit, at)
SELECT 'fund_document', m.uid, m.rev, m.content_hash, p.permit_id, now()
FROM moved m JOIN records_permit p ON p.record_uid = m.uid
"""
"""Both reviews of every correction at once: their cost is the case `review`."""

PLAIN = """
UPDATE funds_fundline SET amount = amount + 0.01;
UPDATE funds_funddocument SET total = total + 0.1, rev = rev + 1, content_hash = repeat('a', 64), state = 'submitted';
INSERT INTO records_recordrevision (record_type, record_uid, rev, content, content_hash, schema, at)
    SELECT record_type, record_uid, rev + 100, content, content_hash, schema, at FROM records_recordrevision
    WHERE rev = 1;
"""
TABLES = ("funds_fundline", "funds_funddocument", "records_recordrevision")


def run(*, quick: bool) -> Iterator[Figure]:
    many = 300 if quick else 3_000
    with fresh_database() as server, tempfile.TemporaryDirectory() as folder:
        world = World(server, Path(folder))
        with world.at("P51"):
            seed_scale(lines=many * 10, province="51", state=RecordState.PROVINCE_REVIEWED)
            analyze()
        world.send()
        yield from _order(world, many)
        world.close()


def _order(world: World, many: int) -> Iterator[Figure]:
    with world.at("P51"):
        floor, plain = once(_encode), once(_plain)
        made: list[ChangeOrder] = []
        for name in ("510000.finance.entry", *SIGNERS.values()):
            account(name)
        proposals = _proposals()
        drawn = once(lambda: made.append(_propose(proposals)))
        yield Figure(f"draw up an order over {many:,} records", drawn, floor, 12, many)
        for seat in ("province_unit", "province_finance"):
            sign(made[0], seat)
    yield Figure("its letter, signed, sent and taken by the centre", once(lambda: post(world)), floor, 12, many)
    order = made[0]
    with world.at("C"):
        for name in CONSENTERS.values():
            account(name)
    decide(world, order, "central_unit")
    yield Figure(
        "the second consent: permit minted", once(lambda: decide(world, order, "central_finance")), plain, 1, many
    )
    yield Figure("the permit taken by the province", once(lambda: post(world)), plain, 2, many)
    with world.at("P51"):
        clerk = account("510000.finance.entry")
        services.execute(actor=clerk, order=order, proof=proof(clerk))
        yield Figure("the change made at the province", once(lambda: carry_out(order.pk)), plain, 5, many)
        with connection.cursor() as cursor:
            cursor.execute(REVIEWED)
        batch = send_corrections()
    assert batch is not None
    assert batch.lines == many
    world.deliver(batch)
    yield Figure("the correction applied at the centre", once(world.ingest), plain, 8, many)
    assert world.fetch(batch).applied == many


def _proposals() -> list[services.Proposal]:
    """Every line of every document 0.01 yuan dearer: nothing of the records stays as it was."""
    lines: dict[UUID, list[dict[str, str]]] = defaultdict(list)
    for document, uid, amount in FundLine.objects.order_by("n").values_list("document", "uid", "amount"):
        lines[document].append({"uid": str(uid), "amount": str(amount + Decimal("0.01"))})
    held = FundDocument.objects.values_list("uid", "rev")
    return [services.Proposal(uid=uid, rev=rev, changes={"lines": lines[uid]}) for uid, rev in held]


def _propose(proposals: list[services.Proposal]) -> ChangeOrder:
    return services.propose(
        actor=account("510000.finance.entry"),
        kind=record_type("fund_document"),
        proposals=proposals,
        reason_code="import",
        reason="导入时列错位",
    )


def _encode() -> None:
    """Every content read, changed, written and hashed: the least of drawing up; rules and storing come on top."""
    for content in RecordRevision.objects.filter(rev=1).values_list("content", flat=True):
        hashlib.sha256(canonical(msgspec.json.decode(bytes(content)) | {"remark": "x"})).hexdigest()


def _plain() -> None:
    """The same rows stored by plain statements without triggers, undone afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(PLAIN)
        transaction.set_rollback(True)
