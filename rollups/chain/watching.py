"""The tick of the chain: documents that moved, and balances whose age reached a mark; cases opened and closed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count
from django.urls import reverse

from accounts.choices import UnitKind
from accounts.models import Unit
from povfund.common import clock
from records.services import clear_alarm, raise_alarm
from rollups.chain.ages import MARK, NEXT_LOOK
from rollups.chain.edges import EDGES
from rollups.chain.models import ChainBalance, ChainCase
from rollups.chain.settling import FOUND, LEFT

CHAIN_LOCK = 0x70F2
ROUND = 1_000
ROUNDS = 5
"""Of one tick: the ticker has other work as well; what is left waits for the next one."""

_TAKE = """
WITH taken AS (
    DELETE FROM rollups_chaintouched
    WHERE id <= (SELECT max(id) FROM (SELECT id FROM rollups_chaintouched ORDER BY id LIMIT %(most)s) oldest)
    RETURNING document
), aged AS (SELECT document FROM rollups_chainbalance WHERE next_look <= %(today)s LIMIT %(most)s)
SELECT document FROM taken UNION SELECT document FROM aged
UNION SELECT f.parent_id FROM funds_funddocument f JOIN taken t ON t.document = f.uid
    WHERE f.issue_batch = 'recovery' AND f.parent_id IS NOT NULL
UNION SELECT p.parent_id FROM funds_funddocument f JOIN taken t ON t.document = f.uid
    JOIN funds_funddocument p ON p.uid = f.parent_id AND p.scope_key = f.scope_key
    WHERE f.issue_batch = 'recovery' AND p.parent_id IS NOT NULL
"""
"""The oldest are taken by a range of ids: joined with itself, a queue last analysed empty is searched row by row."""


def watch_chain() -> int:
    """
    Look at everything that moved or came of age; returns how many documents. Safe to repeat and to kill:
    a round is one transaction, and a second ticker finds the lock taken.
    """
    seen = 0
    for _n in range(ROUNDS):
        looked = _one_round()
        seen += looked
        if not looked:
            break
    return seen


@transaction.atomic
def _one_round() -> int:
    today = clock.today()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [CHAIN_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_TAKE, {"most": ROUND, "today": today})
        documents = [uid for (uid,) in cursor.fetchall()]
    if documents:
        look_at(documents, today=today)
    return len(documents)


_BALANCE = ", ".join(field.attname for field in ChainBalance._meta.concrete_fields)


def _of(alias: str) -> str:
    return ", ".join(f"{alias}.{column}" for column in _BALANCE.split(", "))


_LOOK = f"""
WITH {EDGES}, {LEFT}, {FOUND},
balance AS (
    SELECT b.*, {MARK} AS mark, {NEXT_LOOK} AS next_look
    FROM (SELECT l.uid AS line, l.document, l.holder_key AS recipient_key, l.year, l.category_id, l.item_id,
            l.money_level, l.unit_kind, l.state, l.rest AS fen, e.since
          FROM left_over l JOIN edge e USING (document, holder_key) WHERE l.rest > 0) b),
spent AS (
    DELETE FROM rollups_chainbalance b WHERE b.document = ANY(%(documents)s)
        AND NOT EXISTS (SELECT FROM balance w WHERE w.line = b.line)),
stored AS (
    INSERT INTO rollups_chainbalance AS b ({_BALANCE}) SELECT {_BALANCE} FROM balance
    ON CONFLICT (line) DO UPDATE SET ({_BALANCE}) = ROW ({_of("excluded")})
    WHERE ({_of("b")}) IS DISTINCT FROM ({_of("excluded")})),
ended AS (
    UPDATE rollups_chaincase c SET closed_at = %(now)s
    WHERE c.closed_at IS NULL AND c.document_id = ANY(%(documents)s) AND NOT EXISTS (
        SELECT FROM found f WHERE (f.document, f.holder, f.kind) = (c.document_id, c.holder_id, c.kind))
    RETURNING c.acts_id),
opened AS (
    INSERT INTO rollups_chaincase AS c (document_id, issuer_id, issuer_key, holder_id, holder_key, kind, fen, since,
        mark, acts_id, opened_at)
    SELECT f.document, f.issuer, f.issuer_key, f.holder, f.holder_key, f.kind, f.fen, f.since, f.age, u.id, %(now)s
    FROM found f LEFT JOIN accounts_unit u ON u.division_id = f.acting AND u.kind = '{UnitKind.FINANCE}'
    ON CONFLICT (document_id, holder_id, kind) WHERE closed_at IS NULL
    DO UPDATE SET (fen, since, mark) = ROW (excluded.fen, excluded.since, excluded.mark)
    WHERE (c.fen, c.since, c.mark) IS DISTINCT FROM (excluded.fen, excluded.since, excluded.mark)
    RETURNING c.acts_id, c.xmax = 0 AS fresh)
SELECT acts_id FROM ended UNION SELECT acts_id FROM opened WHERE fresh
"""
"""
Balances are written only where they differ, so that totals move only when one does; cases that are new open, those
that changed are renewed, those that are over close. Returns the units whose number of cases changed.
"""


def look_at(documents: Collection[UUID], *, today: date) -> None:
    """Bring balances and cases of these documents to where the records stand; a fixed number of statements."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"documents": list(documents), "today": today, "now": clock.now()})
        units = {unit for (unit,) in cursor.fetchall() if unit}
    _tell(units)


def _tell(units: set[int]) -> None:
    """One alarm in 我的工作 of each unit that must act, with the number of its open cases."""
    counts = ChainCase.objects.open().filter(acts__in=units).order_by().values_list("acts").annotate(n=Count("pk"))
    waiting = dict(counts)
    for unit in Unit.objects.filter(pk__in=units).select_related("division"):
        if n := waiting.get(unit.pk):
            details = {"message": f"{unit} {n}", "url": f"{reverse('rollups:cases')}?mine=on"}
            raise_alarm(kind="chain.cases", key=unit.key, unit=unit, details=details)
        else:
            clear_alarm(kind="chain.cases", key=unit.key)
