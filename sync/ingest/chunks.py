"""Staged lines a piece at a time, bounded in lines and in bytes, whatever a batch holds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from django.db.models.functions import Length

from sync.models import Batch, StagedLine

MOST_LINES = 5_000
MOST_RAW = 8 * 2**20


def staged_chunks(batch: Batch, **where: Any) -> Iterator[list[tuple[int, bytes]]]:
    """
    (number, bytes) of the readable staged lines that fit `where`, in order: at most 5,000 lines and 8 MiB together.
    """
    lines = StagedLine.objects.filter(batch=batch.uid, record_uid__isnull=False, **where).order_by("line_no")
    done = 0
    while sizes := list(lines.filter(line_no__gt=done).values_list("line_no", Length("raw"))[:MOST_LINES]):
        sums = accumulate(size for _n, size in sizes)
        last = max([n for (n, _size), total in zip(sizes, sums, strict=True) if total <= MOST_RAW], default=sizes[0][0])
        piece = lines.filter(line_no__gt=done, line_no__lte=last).values_list("line_no", "raw")
        yield [(n, bytes(raw)) for n, raw in piece]
        done = last
