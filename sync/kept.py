"""
What is kept of acknowledged records: additive digests and sums, moved by the records of a batch alone.

Both move in the transaction that moves the records, and what moves is read from the live tables before and after it:
`leave` takes the records of a batch out as they stand, `enter` puts them in as they stand then.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from records.registry import RecordType, record_types
from sync.live import BELOW, MODULUS, OF_BATCH, below, digests_sql, held_contents, sums_sql
from sync.models import Batch, Node

_MOVE_DIGESTS = f"""INSERT INTO sync_keptdigest AS k (record_type, division_id, bucket, n, digest)
    SELECT %(kind)s, division_id, bucket, %(sign)s * n, mod({MODULUS} + %(sign)s * digest, {MODULUS})
    FROM (%(found)s) found ORDER BY 2, 3
    ON CONFLICT (record_type, division_id, bucket)
    DO UPDATE SET n = k.n + excluded.n, digest = mod(k.digest + excluded.digest, {MODULUS})"""
_MOVE_SUMS = """INSERT INTO sync_keptsum AS k (record_type, division_id, owner_kind, year, category, n, fen)
    SELECT %(kind)s, division_id, owner_kind, year, category, %(sign)s * n, %(sign)s * fen
    FROM (%(found)s) found ORDER BY 2, 3, 4, 5
    ON CONFLICT (record_type, division_id, owner_kind, year, category)
    DO UPDATE SET n = k.n + excluded.n, fen = k.fen + excluded.fen"""
_HELD = """SELECT * FROM unnest(%(divisions)s::bigint[], %(owners)s::text[], %(years)s::int[], %(categories)s::text[],
    %(counts)s::bigint[], %(fens)s::numeric[]) AS h(division_id, owner_kind, year, category, n, fen)"""


def leave(batch: Batch) -> None:
    """Before the records of a batch move, its outcomes being stored: those acknowledged already are taken out."""
    for kind in record_types().values():
        _move(kind, OF_BATCH, {"batch": batch.pk}, sign=-1)


def enter(batch: Batch) -> None:
    """After they moved: those acknowledged now are put in."""
    for kind in record_types().values():
        _move(kind, OF_BATCH, {"batch": batch.pk}, sign=1)


@transaction.atomic
def rebuild() -> None:
    """
    Compute everything anew from the live tables. As fp_sync or the owner; batches that are applied or acknowledged
    meanwhile wait.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE sync_keptdigest, sync_keptsum IN EXCLUSIVE MODE")
        cursor.execute("UPDATE sync_keptdigest SET n = 0, digest = 0")
        cursor.execute("UPDATE sync_keptsum SET n = 0, fen = 0")
    for node in Node.objects.sending().select_related("division"):
        for kind in record_types().values():
            _move(kind, BELOW, below(node.division.scope_key), sign=1)


def _move(kind: RecordType, where: str, params: dict[str, Any], *, sign: int) -> None:
    params = params | {"kind": kind.key, "sign": sign}
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_DIGESTS.replace("%(found)s", digests_sql(kind, where)), params)
        cursor.execute(_MOVE_SUMS.replace("%(found)s", sums_sql(kind, where)), params)
        if held := list(measured(kind, held_contents(kind, where, params))):
            names = ("divisions", "owners", "years", "categories", "counts", "fens")
            columns = dict(zip(names, map(list, zip(*held, strict=True)), strict=True))
            cursor.execute(_MOVE_SUMS.replace("%(found)s", _HELD), params | columns)


def measured(
    kind: RecordType, contents: Iterable[tuple[int, str, bytes]]
) -> Iterable[tuple[int, str, int, str, int, int]]:
    """(division_id, owner_kind, year, category, records, 分) of contents, one row for each combination."""
    sums: dict[tuple[int, str, int, str], tuple[int, int]] = {}
    for division, owner, content in contents:
        for (year, category), fen in kind.measure(kind.decode(content)).items():
            n, before = sums.get((division, owner, year, category), (0, 0))
            sums[division, owner, year, category] = (n + 1, before + fen)
    return [(*key, n, fen) for key, (n, fen) in sums.items()]
