"""Totals and digests of what is acknowledged, alike at the province and at the centre; where two sides differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from records.registry import RecordType, record_types
from sync.live import ACKNOWLEDGED, BELOW, BUCKET, MODULUS, below

Key = tuple[str, str, str, int, str]
"""(record type, line, division code, year, category)."""
Totals = dict[Key, tuple[int, int]]
"""key -> (records, 分)."""
EQUAL: dict[str, Any] = {"equal": True, "differences": []}
"""What a batch says of itself once both sides hold the same."""


def totals_for(*, scope_key: str) -> Totals:
    """
    对账合计 — records and 分 of everything acknowledged below a division, as kept (`kept.py`); of a record whose
    permitted change is under way, those of the revision the centre holds.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT s.record_type, s.owner_kind, d.code, s.year, s.category, sum(s.n), sum(s.fen)
               FROM sync_keptsum s JOIN accounts_division d ON d.id = s.division_id
               WHERE d.scope_key >= %(low)s AND d.scope_key < %(high)s GROUP BY 1, 2, 3, 4, 5
               HAVING sum(s.n) <> 0 OR sum(s.fen) <> 0""",
            below(scope_key),
        )
        return {tuple(key): (int(n), int(fen)) for *key, n, fen in cursor.fetchall()}


def add_content(totals: Totals, kind: RecordType, content: Any, *, sign: int = 1) -> None:
    """Add one content (or, with sign -1, take it away)."""
    division, _dot, line = content.owner.partition(".")
    for (year, category), fen in kind.measure(content).items():
        key = (kind.key, line, division, year, category)
        n, sum_fen = totals.get(key, (0, 0))
        totals[key] = (n + sign, sum_fen + sign * fen)


@dataclass(slots=True)
class Added:
    """What a batch adds to totals and digest, summed from its own bytes: not from the tables it is checked against."""

    totals: Totals = field(default_factory=dict)
    n: int = 0
    digest: int = 0

    def add(self, kind: RecordType, content: Any, *, uid: UUID, rev: int, content_hash: str, sign: int = 1) -> None:
        """One acknowledged revision, or, with sign -1, the one it takes the place of."""
        add_content(self.totals, kind, content, sign=sign)
        self.n += sign
        self.digest += sign * leaf(kind=kind.key, uid=uid, rev=rev, content_hash=content_hash)

    def onto(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state digest that follows from one before."""
        return {"n": state["n"] + self.n, "digest": as_hex((int(state["digest"], 16) + self.digest) % MODULUS)}


def merged(first: Totals, second: Totals) -> Totals:
    """Sum of two; empty sums left out."""
    both = {key: (first.get(key, (0, 0)), second.get(key, (0, 0))) for key in first | second}
    summed = {key: (a[0] + b[0], a[1] + b[1]) for key, (a, b) in both.items()}
    return {key: value for key, value in summed.items() if value != (0, 0)}


def as_rows(totals: Totals) -> list[dict[str, Any]]:
    """Sorted rows as manifest and receipt carry them; 分 as text."""
    return [
        {"type": t, "kind": k, "division": d, "year": y, "category": c, "n": n, "fen": str(fen)}
        for (t, k, d, y, c), (n, fen) in sorted(totals.items())
    ]


def from_rows(rows: Iterable[dict[str, Any]]) -> Totals:
    return {(r["type"], r["kind"], r["division"], r["year"], r["category"]): (r["n"], int(r["fen"])) for r in rows}


def differences(ours: Totals, theirs: Totals) -> list[dict[str, Any]]:
    """Keys whose sums differ, with both."""
    rows = []
    for key in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(key, (0, 0)), theirs.get(key, (0, 0))
        if mine != other:
            names = dict(zip(("type", "kind", "division", "year", "category"), key, strict=True))
            rows.append(names | {"ours": [mine[0], str(mine[1])], "theirs": [other[0], str(other[1])]})
    return rows


def leaf(*, kind: str, uid: UUID, rev: int, content_hash: str) -> int:
    """What one record adds to a digest; digests are sums modulo 2^256."""
    return int.from_bytes(hashlib.sha256(f"{kind}|{uid}|{rev}|{content_hash}".encode()).digest())


LEVELS = {"kind": "k.record_type", "division": "d.code", "bucket": "k.bucket"}
"""The reconciliation tree above the records."""


def digests(*, scope_key: str, kind: str = "", division: str = "", bucket: str = "") -> dict[str, dict[str, Any]]:
    """
    One level of the reconciliation tree: name -> {"n", "digest"}.

    Without arguments by record type; of a type by division; of a division by the last two digits of
    the uid, all as kept; of such a bucket record by record from the live table (then "digest" is rev:hash). Both
    sides descend alike to the first record that differs.
    """
    params = below(scope_key) | {"kind": kind, "division": division, "bucket": bucket}
    if bucket:
        return _records(record_types()[kind], params)
    chosen = {"kind": kind, "division": division}
    level = next(name for name in LEVELS if not chosen.get(name))
    given = "".join(f" AND {LEVELS[name]} = %({name})s" for name, value in chosen.items() if value)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {LEVELS[level]}, sum(k.n), mod(sum(k.digest), {MODULUS})
                FROM sync_keptdigest k JOIN accounts_division d ON d.id = k.division_id
                WHERE d.scope_key >= %(low)s AND d.scope_key < %(high)s {given}
                GROUP BY 1 HAVING sum(k.n) <> 0 OR mod(sum(k.digest), {MODULUS}) <> 0 ORDER BY 1""",
            params,
        )
        return {name: {"n": int(n), "digest": as_hex(int(digest))} for name, n, digest in cursor.fetchall()}


def _records(kind: RecordType, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT f.uid::text, f.acked_rev || ':' || f.acked_hash
                FROM {kind.model._meta.db_table} f JOIN accounts_division d ON d.id = f.division_id
                WHERE {ACKNOWLEDGED} AND {BELOW} AND d.code = %(division)s AND {BUCKET} = %(bucket)s ORDER BY 1""",
            params,
        )
        return {uid: {"n": 1, "digest": held} for uid, held in cursor.fetchall()}


def as_hex(digest: int) -> str:
    """A digest as a receipt writes it."""
    return f"{digest:064x}"


def state_digest(*, scope_key: str) -> dict[str, Any]:
    """{"n", "digest"} over everything acknowledged below a division: equal on both sides, or not."""
    tree = digests(scope_key=scope_key).values()
    return {
        "n": sum(leaf["n"] for leaf in tree),
        "digest": as_hex(sum(int(leaf["digest"], 16) for leaf in tree) % MODULUS),
    }
