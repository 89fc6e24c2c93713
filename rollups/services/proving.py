"""Proving totals against the facts, at random and whole, and rebuilding them."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from povfund.common import clock
from rollups.models import GRAIN, Proof
from rollups.services.merging import MERGE_LOCK
from rollups.sql import FACTS, MERGE, NODES, PENDING

_GRAIN = ", ".join(["node", *GRAIN])

_SPREAD_FACTS = NODES.format(d="t", table=f"({FACTS})") + " AND t.state IS NOT NULL"
_SPREAD_PENDING = NODES.format(d="t", table=PENDING)

_COMPARE = f"""
SELECT {_GRAIN}, sum(fact_n), sum(fact_fen), sum(cell_n), sum(cell_fen) FROM (
    SELECT {_GRAIN}, n AS fact_n, fen AS fact_fen, 0 AS cell_n, 0 AS cell_fen FROM ({_SPREAD_FACTS}) f
    UNION ALL
    SELECT {_GRAIN}, 0, 0, n, fen FROM rollups_cell
    UNION ALL
    SELECT {_GRAIN}, 0, 0, n, fen FROM ({_SPREAD_PENDING}) p
) both_sides {{where}}
GROUP BY {_GRAIN}
HAVING sum(fact_n) <> sum(cell_n) OR sum(fact_fen) <> sum(cell_fen)
ORDER BY {_GRAIN} LIMIT {{limit}}
"""


def _differences(where: str, params: list[Any], *, limit: int) -> list[dict[str, Any]]:
    names = ["node", *GRAIN, "fact_n", "fact_fen", "cell_n", "cell_fen"]
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE.format(where=where, limit=limit), params)
        return [
            {
                name: int(value) if name.endswith(("_n", "_fen")) else value
                for name, value in zip(names, row, strict=True)
            }
            for row in cursor.fetchall()
        ]


def verify(*, limit: int = 100) -> list[dict[str, Any]]:
    """
    Compare every cell (with what is pending) with the facts, in one snapshot.

    Returns the differing cells, at most `limit`: dimensions, fact and cell count, fact and cell 分.
    Costs a scan of the facts.
    """
    return _differences("", [], limit=limit)


def prove_random_cells(*, cells: int = 20) -> Proof:
    """
    Recompute the cells of random places and years from the facts, and publish the result.

    One of them is of a province or the nation, whose facts are many; the others are of cities and counties.
    """
    wanted = _random_places(lengths=[0, 2], most=1) + _random_places(lengths=[4, 6, 9, 12], most=cells - 1)
    details: list[dict[str, Any]] = []
    for node, year in wanted:
        details += _prove_place(node=node, year=year)
    return Proof.objects.create(at=clock.now(), cells=len(wanted), differing=len(details), details=details[:50])


def _random_places(*, lengths: list[int], most: int) -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT node, year FROM (SELECT DISTINCT node, year FROM rollups_cell WHERE length(node) = ANY(%s)) c
               ORDER BY random() LIMIT %s""",
            [lengths, most],
        )
        return cursor.fetchall()


def _prove_place(*, node: str, year: int) -> list[dict[str, Any]]:
    """Differences at one place and year; reads only facts whose recipient lies there."""
    facts = f"SELECT * FROM ({FACTS}) every WHERE recipient_key >= %s AND recipient_key < %s AND year = %s"
    spread = NODES.format(d="t", table=f"({facts})") + " AND t.state IS NOT NULL"
    pending = NODES.format(
        d="t", table=f"(SELECT * FROM {PENDING} p WHERE recipient_key >= %s AND recipient_key < %s AND year = %s)"
    )
    statement = (
        _COMPARE.replace(_SPREAD_FACTS, spread)
        .replace(_SPREAD_PENDING, pending)
        .replace("FROM rollups_cell", "FROM rollups_cell WHERE node = %s AND year = %s")
    )
    names = ["node", *GRAIN, "fact_n", "fact_fen", "cell_n", "cell_fen"]
    place: list[Any] = [node, node + "~", year]
    with connection.cursor() as cursor:
        cursor.execute(statement.format(where="WHERE node = %s", limit=50), [*place, node, year, *place, node])
        return [dict(zip(names, [str(v) for v in row], strict=True)) for row in cursor.fetchall()]


@transaction.atomic
def rebuild() -> int:
    """
    Compute every cell anew from the facts; returns how many cells differed from them.

    History keeps what was published: the difference is booked on today's cut-off, so that old
    as-of figures stay as they were shown. Writers of funds wait until it is done. The facts are read
    twice, because the roles of the product may make no scratch table.
    """
    names = f"{_GRAIN}, n, fen"
    fresh = f"""SELECT {_GRAIN}, sum(n)::bigint AS n, sum(fen)::bigint AS fen
                FROM ({_SPREAD_FACTS}) f GROUP BY {_GRAIN}"""
    held = f"SELECT {names} FROM rollups_cell"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MERGE_LOCK])
        cursor.execute(
            "LOCK TABLE funds_fundline, funds_funddocument, funds_arrival, rollups_chainbalance IN SHARE MODE"
        )
        cursor.execute(MERGE)
        cursor.execute(f"SELECT count(*) FROM ({_differing(fresh, 'rollups_cell')}) differing")
        wrong: int = cursor.fetchone()[0]
        cursor.execute("DELETE FROM rollups_cell")
        cursor.execute(f"INSERT INTO rollups_cell ({names}) {fresh}")
        cursor.execute(
            f"""INSERT INTO rollups_cellhistory AS h ({_GRAIN}, cutoff, n, fen)
                SELECT {_GRAIN}, %s, n, fen FROM ({_differing(held, "rollups_cellhistory")}) differing
                ON CONFLICT ON CONSTRAINT rollups_cellhistory_once
                DO UPDATE SET n = h.n + excluded.n, fen = h.fen + excluded.fen""",
            [clock.today()],
        )
    return wrong


def _differing(right: str, table: str) -> str:
    """By how much each cell of the query `right` differs from what `table` sums up to."""
    return f"""SELECT {_GRAIN}, sum(n) AS n, sum(fen) AS fen FROM (
        SELECT {_GRAIN}, n, fen FROM ({right}) r UNION ALL SELECT {_GRAIN}, -n, -fen FROM {table}
    ) d GROUP BY {_GRAIN} HAVING sum(n) <> 0 OR sum(fen) <> 0"""
