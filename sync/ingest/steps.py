"""Validation once more, step by step: each piece of a batch is judged beside the pieces before it, as if applied."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import IO

from django.db import transaction

from sync.choices import InState
from sync.fpb.line import Line
from sync.ingest.chunks import MOST_LINES
from sync.ingest.merging import all_codes, merge
from sync.ingest.validate import Findings, conclude, examine_all, keep_reasons
from sync.models import Batch, StagedLine
from sync.reconcile import Added


@transaction.atomic
def validate_in_steps(batch: Batch) -> None:
    """
    Decide every line anew where the tables refused the batch as a whole: sums and uniqueness over lines that lie in
    different pieces (F03, F04, F07). Safe to repeat.

    A piece is judged, what nothing speaks against is stored, and the next one finds it there. In the end all of that
    is undone and the reasons alone remain; until then they wait in a file. Costs as much as applying, so it is not done
    for a batch that fits.
    """
    row: Batch = Batch.objects.select_for_update(of=("self",)).select_related("node__division").get(pk=batch.pk)
    if row.state != InState.VALIDATED:
        return
    found, codes = Findings(), all_codes()
    StagedLine.objects.filter(batch=row.uid, record_uid__isnull=False).update(reasons=[], outcome="")

    def store(lines: dict[int, Line]) -> None:
        free = lines.keys() - found.returned - found.duplicates
        merge(row, [line for n, line in lines.items() if n in free], codes=codes, added=Added())

    with tempfile.TemporaryFile("w+", encoding="utf-8") as waiting:
        with transaction.atomic():
            examine_all(row, found, keep=lambda: _put(waiting, found), after=store)
            transaction.set_rollback(True)
        waiting.seek(0)
        told = _read(waiting)
        while piece := list(islice(told, MOST_LINES)):
            for n, reasons in piece:
                found.reasons[n] += reasons
            keep_reasons(row, found)
    conclude(row, found)


def _put(waiting: IO[str], found: Findings) -> None:
    for n, reasons in found.reasons.items():
        waiting.write(json.dumps([n, reasons], default=str) + "\n")
    found.reasons.clear()


def _read(waiting: IO[str]) -> Iterator[tuple[int, list[dict[str, object]]]]:
    for text in waiting:
        yield tuple(json.loads(text))
