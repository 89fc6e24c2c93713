"""Totals and digests from live tables, computed alike at the province and at the centre."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django.db import connection

from records.registry import RecordType, record_types

Key = tuple[str, str, str, int, str]
"""(record type, line, division code, year, category)."""
Totals = dict[Key, tuple[int, int]]
"""key -> (records, 分)."""

CHANGED = "f.content_hash <> f.acked_hash"
"""A permitted change is made and the centre does not hold it yet: what is acknowledged is an earlier revision."""
ACKNOWLEDGED = f"""f.acked_rev IS NOT NULL AND NOT (f.deleted AND NOT {CHANGED})
    AND f.scope_key >= %(low)s AND f.scope_key < %(high)s"""


def totals_for(*, scope_key: str) -> Totals:
    """
    对账合计 — records and 分 of everything acknowledged below a division, from the live tables; of a record
    whose permitted change is under way, from the revision the centre holds.
    """
    found: Totals = {}
    for kind in record_types().values():
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT f.owner_kind, d.code, t.year, t.category, count(*), sum(t.fen)
                    FROM {kind.model._meta.db_table} f JOIN accounts_division d ON d.id = f.division_id
                    JOIN ({kind.totals_sql}) t ON t.uid = f.uid
                    WHERE {ACKNOWLEDGED} AND NOT {CHANGED} GROUP BY 1, 2, 3, 4""",
                {"low": scope_key, "high": scope_key + "~"},
            )
            for line, division, year, category, n, fen in cursor.fetchall():
                found[kind.key, line, division, year, category] = (n, int(fen))
            cursor.execute(
                f"""SELECT r.content FROM {kind.model._meta.db_table} f
                    JOIN records_recordrevision r ON r.record_uid = f.uid AND r.rev = f.acked_rev
                    WHERE {ACKNOWLEDGED} AND {CHANGED}""",
                {"low": scope_key, "high": scope_key + "~"},
            )
            for (content,) in cursor.fetchall():
                add_content(found, kind, kind.decode(bytes(content)))
    return {key: value for key, value in found.items() if value != (0, 0)}


def totals_of(kind: RecordType, contents: Iterable[Any]) -> Totals:
    """The same sums of decoded contents: what a batch adds."""
    found: Totals = {}
    for content in contents:
        add_content(found, kind, content)
    return found


def add_content(totals: Totals, kind: RecordType, content: Any, *, sign: int = 1) -> None:
    """Add one content (or, with sign -1, take it away)."""
    division, _dot, line = content.owner.partition(".")
    for (year, category), fen in kind.measure(content).items():
        key = (kind.key, line, division, year, category)
        n, sum_fen = totals.get(key, (0, 0))
        totals[key] = (n + sign, sum_fen + sign * fen)


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


GROUP = """encode(sha256(string_agg(
    (f.uid::text || ':' || f.acked_rev || ':' || f.acked_hash || E'\\n')::bytea, '' ORDER BY f.uid)), 'hex')"""
RECORD = "max(f.acked_rev || ':' || f.acked_hash)"


def digests(*, scope_key: str, kind: str = "", division: str = "", bucket: str = "") -> dict[str, dict[str, Any]]:
    """
    One level of the reconciliation tree: name -> {"n", "digest"}.

    Without arguments by record type; of a type by division; of a division by the last two digits of
    the uid; of such a bucket record by record (then "digest" is rev:hash). Both sides descend alike
    to the first record that differs.
    """
    types = record_types()
    wanted = [types[kind]] if kind else list(types.values())
    label = _label(kind, division, bucket)
    found: dict[str, dict[str, Any]] = {}
    for record_type in wanted:
        where = ACKNOWLEDGED
        where += " AND d.code = %(division)s" if division else ""
        where += " AND right(f.uid::text, 2) = %(bucket)s" if bucket else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT {label}::text, count(*), {RECORD if bucket else GROUP}
                    FROM {record_type.model._meta.db_table} f JOIN accounts_division d ON d.id = f.division_id
                    WHERE {where} GROUP BY 1 ORDER BY 1""",
                {
                    "kind": record_type.key,
                    "division": division,
                    "bucket": bucket,
                    "low": scope_key,
                    "high": scope_key + "~",
                },
            )
            found |= {name: {"n": n, "digest": digest} for name, n, digest in cursor.fetchall()}
    return found


def _label(kind: str, division: str, bucket: str) -> str:
    if not kind:
        return "%(kind)s"
    if not division:
        return "d.code"
    return "f.uid::text" if bucket else "right(f.uid::text, 2)"


def state_digest(*, scope_key: str) -> dict[str, Any]:
    """{"n", "digest"} over everything acknowledged below a division: equal on both sides, or not."""
    tree = digests(scope_key=scope_key)
    text = "\n".join(f"{name}:{leaf['n']}:{leaf['digest']}" for name, leaf in sorted(tree.items()))
    return {"n": sum(leaf["n"] for leaf in tree.values()), "digest": hashlib.sha256(text.encode()).hexdigest()}
