"""The tick of the chain: documents that moved, and balances whose age reached a mark; cases opened and closed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count
from django.urls import reverse

from accounts.choices import UnitKind
from accounts.models import Unit
from povfund.common import clock
from records.services import clear_alarm, raise_alarm
from rollups.chain.edges import Edge, edges_of
from rollups.chain.finding import Found, found_in, mark_of, next_look
from rollups.chain.models import ChainBalance, ChainCase

CHAIN_LOCK = 0x70F2
ROUND = 1_000
ROUNDS = 5
"""Of one tick: the ticker has other work as well; what is left waits for the next one."""
Key = tuple[UUID, int, str]

_TAKE = """
WITH taken AS (
    DELETE FROM rollups_chaintouched WHERE id IN (SELECT id FROM rollups_chaintouched ORDER BY id LIMIT %(most)s)
    RETURNING document
), aged AS (SELECT document FROM rollups_chainbalance WHERE next_look <= %(today)s LIMIT %(most)s)
SELECT document FROM taken UNION SELECT document FROM aged
UNION SELECT f.parent_id FROM funds_funddocument f JOIN taken t ON t.document = f.uid
    WHERE f.issue_batch = 'recovery' AND f.parent_id IS NOT NULL
UNION SELECT p.parent_id FROM funds_funddocument f JOIN taken t ON t.document = f.uid
    JOIN funds_funddocument p ON p.uid = f.parent_id AND p.scope_key = f.scope_key
    WHERE f.issue_batch = 'recovery' AND p.parent_id IS NOT NULL
"""


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


def look_at(documents: Collection[UUID], *, today: date) -> None:
    """Bring balances and cases of these documents to where the records stand; a fixed number of statements."""
    edges = edges_of(documents)
    _store_balances(documents, edges, today=today)
    _store_cases(documents, edges, today=today)


def _store_balances(documents: Collection[UUID], edges: list[Edge], *, today: date) -> None:
    """Only rows that differ are written, so that totals move only when a balance does."""
    wanted = {
        line.uid: ChainBalance(
            line=line.uid,
            document=edge.document,
            recipient_key=edge.holder_key,
            year=line.year,
            category_id=line.tag[1],
            item_id=line.tag[2],
            money_level=line.tag[0],
            unit_kind=line.unit_kind,
            state=line.state,
            fen=line.left,
            since=edge.since,
            mark=mark_of(edge.since, today=today),
            next_look=next_look(edge.since, today=today),
        )
        for edge in edges
        for line in edge.lines
        if line.left
    }
    stored = {row.line: row for row in ChainBalance.objects.filter(document__in=documents)}
    stale = [uid for uid, row in stored.items() if uid not in wanted or _values(row) != _values(wanted[uid])]
    ChainBalance.objects.filter(pk__in=stale).delete()
    ChainBalance.objects.bulk_create([row for uid, row in wanted.items() if uid not in stored or uid in stale])


def _values(row: ChainBalance) -> tuple[Any, ...]:
    return tuple(getattr(row, field.attname) for field in ChainBalance._meta.concrete_fields)


def _store_cases(documents: Collection[UUID], edges: list[Edge], *, today: date) -> None:
    """Open what is new, renew what changed, close what is over."""
    found = {
        (edge.document, edge.holder, str(case.kind)): (edge, case)
        for edge in edges
        for case in found_in(edge, today=today)
    }
    stored = {_key(row): row for row in ChainCase.objects.open().filter(document__in=documents)}
    over = [row for key, row in stored.items() if key not in found]
    ChainCase.objects.filter(pk__in=[row.pk for row in over]).update(closed_at=clock.now())
    units = _finance_units([edge for edge, _case in found.values()])
    fresh = [_case_row(edge, case, units) for key, (edge, case) in found.items() if key not in stored]
    ChainCase.objects.bulk_create(fresh)
    renewed = []
    for key in stored.keys() & found.keys():
        row, (_edge, case) = stored[key], found[key]
        if (row.fen, row.since, row.mark) != (case.fen, case.since, case.mark):
            row.fen, row.since, row.mark = case.fen, case.since, case.mark
            renewed.append(row)
    ChainCase.objects.bulk_update(renewed, ["fen", "since", "mark"])
    _tell({row.acts_id for row in [*over, *fresh] if row.acts_id})


def _key(row: ChainCase) -> Key:
    return row.document_id, row.holder_id, row.kind


def _case_row(edge: Edge, case: Found, units: dict[int, Unit]) -> ChainCase:
    return ChainCase(
        kind=case.kind,
        document_id=edge.document,
        issuer_id=edge.issuer,
        issuer_key=edge.issuer_key,
        holder_id=edge.holder,
        holder_key=edge.holder_key,
        acts=units.get(edge.holder if case.holder_acts else edge.issuer),
        fen=case.fen,
        since=case.since,
        mark=case.mark,
        opened_at=clock.now(),
    )


def _finance_units(edges: list[Edge]) -> dict[int, Unit]:
    divisions = {place for edge in edges for place in (edge.holder, edge.issuer)}
    units = Unit.objects.filter(division__in=divisions, kind=UnitKind.FINANCE)
    return {unit.division_id: unit for unit in units}


def _tell(units: set[int]) -> None:
    """One alarm in 我的工作 of each unit that must act, with the number of its open cases."""
    counts = ChainCase.objects.open().filter(acts__in=units).order_by().values_list("acts").annotate(n=Count("pk"))
    waiting = dict(counts)
    for unit in Unit.objects.filter(pk__in=units).select_related("division"):
        if n := waiting.get(unit.pk):
            details = {"message": f"{n} ({unit})", "url": f"{reverse('rollups:cases')}?mine=on"}
            raise_alarm(kind="chain.cases", key=unit.key, unit=unit, details=details)
        else:
            clear_alarm(kind="chain.cases", key=unit.key)
