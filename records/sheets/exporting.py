"""
Exports of a list: with a purpose, a number on every sheet, expected and written rows, nothing that runs as a formula.

Rows go from the database to the file as they come; memory does not grow with their number.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import get_language, gettext as _, override
from openpyxl.xml.functions import tostring
from rustpy_xlsxwriter import Format, write_worksheet

from accounts import audit
from accounts.models import User
from povfund.common import clock
from povfund.common.cells import csv_line
from povfund.common.errors import Finding, RuleViolation
from povfund.common.verdict import require
from records.choices import ExportPurpose
from records.permissions import may_export
from records.registry import ListType, RecordType, exported
from records.services import JobContext, LostLease, clear_alarm, enqueue, raise_alarm
from records.sheets import form
from records.sheets.form import Column
from records.sheets.importing import folder, jobs_progress
from records.sheets.models import SheetExport
from records.sheets.packing import repack
from records.sheets.template import writer_of
from records.watermarks import Watermark, mark_of, next_number

Exported = RecordType | ListType
FORMATS = ("xlsx", "csv")
MOST = 1_000_000
"""Rows of one file: what a sheet holds."""
PERSONAL_MOST = 10_000
"""Rows with personal columns a person may take out in one day."""
CHUNK = 500
"""Records asked for at a time."""
BLOCK = 2_000
"""Rows made ready at a time."""
SHOWN_EVERY = 1.0
"""Seconds between two signs of progress."""


def file_of(row: SheetExport) -> Path:
    return folder() / f"{row.uid}.{row.file_format}"


def start_export(*, actor: User, kind: Exported, params: dict[str, Any], file_format: str, purpose: str) -> SheetExport:
    """
    Ask for a file of everything the filter holds and the actor may read; written in the background.

    Raises Refused, or RuleViolation for an unknown purpose or format, too many rows, or more personal
    rows than a day allows.
    """
    require(may_export(actor))
    _require_known(file_format, purpose)
    expected = kind.sheet.count(actor, kind.sheet.chosen(actor, params))
    personal = any(column.personal for column in kind.sheet.columns)
    _require_few(actor, expected, personal=personal)
    large = expected > (settings.EXPORT_PERSONAL_ALONE if personal else settings.EXPORT_ALONE)
    with transaction.atomic():
        row = SheetExport.objects.create(
            number=next_number(),
            record_type=kind.key,
            filter=params,
            file_format=file_format,
            purpose=purpose,
            unit=actor.unit,
            asked_by=actor,
            language=get_language() or "zh-hans",
            personal=personal,
            expected=expected,
            needs_consent=large,
            created_at=clock.now(),
        )
        if not large:
            _enqueue(row, actor)
        told = {"number": row.number, "filter": params, "format": file_format, "purpose": purpose, "expected": expected}
        audit.record(actor=actor, action="records.export.ask", target_type=kind.key, target_id=row.number, after=told)
        told = {"message": f"{row.number} {actor.person.name} {actor.unit} {expected}"}
        if personal or large:
            kind_of_alarm = "records.personal_export" if personal else "records.large_export"
            raise_alarm(kind=kind_of_alarm, key=row.number, details=told)
        if large:
            told |= {"url": reverse("records:export", args=[row.pk])}
            raise_alarm(kind="records.export_waiting", key=row.number, unit=actor.unit, details=told)
    row.refresh_from_db()
    return row


def _enqueue(row: SheetExport, asked_by: User) -> None:
    job = enqueue(kind="sheets.export", key=str(row.uid), payload={"export": str(row.uid)}, asked_by=asked_by)
    SheetExport.objects.filter(pk=row.pk).update(job=job.uid)


@transaction.atomic
def decide_export(*, actor: User, row: SheetExport, consent: bool) -> None:
    """
    A second person of the unit lets a large export be written, or refuses it. Audited.

    Raises Refused, or RuleViolation where the actor asked for it or somebody has decided already.
    """
    require(may_export(actor))
    now = SheetExport.objects.waiting_for(actor).select_for_update(of=("self",)).filter(pk=row.pk).first()
    if now is None:
        raise RuleViolation(
            Finding(
                "FOUR_EYES",
                _("This export does not wait for your decision."),
                remedy=_("Another person of the same unit than the one who asked decides, once."),
                article="15",
            )
        )
    SheetExport.objects.filter(pk=now.pk).update(decided_by=actor, decided_at=clock.now(), refused=not consent)
    audit.record(
        actor=actor,
        action="records.export.consent" if consent else "records.export.refuse",
        target_type=now.record_type,
        target_id=now.number,
        after={"expected": now.expected, "asked_by": now.asked_by.username},
    )
    clear_alarm(kind="records.export_waiting", key=now.number)
    if consent:
        _enqueue(now, now.asked_by)


def _require_known(file_format: str, purpose: str) -> None:
    for given, known, name in ((purpose, tuple(ExportPurpose.values), "purpose"), (file_format, FORMATS, "format")):
        if given not in known:
            finding = Finding(
                "PURPOSE" if name == "purpose" else "SHAPE",
                _("Say what the file is for.") if name == "purpose" else _("The file is xlsx or csv."),
                field=name,
                remedy=_("Choose one of: %(known)s.") % {"known": ", ".join(known)},
                article="15",
            )
            raise RuleViolation(finding)


def _require_few(actor: User, expected: int, *, personal: bool) -> None:
    if expected > MOST:
        raise _too_many(expected, MOST)
    if personal:
        today = SheetExport.objects.filter(asked_by=actor, personal=True, created_at__date=clock.today())
        taken = sum(found or 0 for found in today.values_list("expected", flat=True))
        if taken + expected > PERSONAL_MOST:
            raise _too_many(taken + expected, PERSONAL_MOST)


def _too_many(found: int, most: int) -> RuleViolation:
    finding = Finding(
        "EXPORT_LIMIT",
        _("%(found)s rows; at most %(most)s may be taken out.") % {"found": found, "most": most},
        field="filter",
        remedy=_("Narrow the filter."),
        article="15",
    )
    return RuleViolation(finding)


def write(context: JobContext) -> dict[str, Any]:
    """The job: one snapshot of the database, streamed into the file; written must equal expected."""
    row = SheetExport.objects.select_related("asked_by__person", "unit__division").get(
        pk=UUID(context.payload["export"])
    )
    kind = exported()[row.record_type]
    actor = User.objects.with_seat().get(pk=row.asked_by_id)
    draft = file_of(row).with_suffix(".part")
    counted = _Counted(context)
    with override(row.language):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            chosen = kind.sheet.chosen(actor, row.filter)
            counted.expected = kind.sheet.count(actor, chosen)
            rows = counted.of(_rows(actor, kind, chosen.iterator(chunk_size=CHUNK)))
            if row.file_format == "csv":
                _write_csv(draft, row, kind, rows)
            else:
                _write_xlsx(draft, row, kind, rows)
        if row.file_format == "xlsx":
            _stamp(draft, row)
    if counted.written != counted.expected:
        draft.unlink()
        raise RuntimeError(f"{counted.written} of {counted.expected} rows written")
    draft.replace(file_of(row))
    return _finish(context, row, counted.written)


def _finish(context: JobContext, row: SheetExport, written: int) -> dict[str, Any]:
    with transaction.atomic():
        context.progress(done=written, total=written)
        SheetExport.objects.filter(pk=row.pk).update(
            written=written, expected=written, ready=True, finished_at=clock.now()
        )
        audit.record(
            actor=row.asked_by,
            action="records.export.write",
            target_type=row.record_type,
            target_id=row.number,
            after={"written": written, "filter": row.filter},
        )
    return {"written": written}


def given_up(context: JobContext) -> None:
    """The file could not be written, again and again: the export says so."""
    SheetExport.objects.filter(pk=UUID(context.payload["export"]), ready=False).update(failed_at=clock.now())


class _Counted:
    """
    Counts what passes. A second thread, with a connection outside of the snapshot, shows it as progress and
    learns of a lost lease; the next row then raises LostLease.
    """

    def __init__(self, context: JobContext) -> None:
        self.context, self.expected, self.written, self.lost = context, 0, 0, False

    def of(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        over = threading.Event()
        thread = threading.Thread(target=self._show, args=(over,), daemon=True)
        thread.start()
        try:
            for row in rows:
                if self.lost:
                    raise LostLease
                self.written += 1
                yield row
        finally:
            over.set()
            thread.join()

    def _show(self, over: threading.Event) -> None:
        while not over.wait(SHOWN_EVERY) and not self.lost:
            try:
                self.context.progress(done=self.written, total=self.expected)
            except LostLease:
                self.lost = True
            finally:
                connection.close()


def _rows(actor: User, kind: Exported, uids: Iterator[UUID]) -> Iterator[dict[str, Any]]:
    """Rows by head of column, values as a sheet writes them; made column by column, a block at a time."""
    sheet_form = kind.sheet
    written = writer_of(sheet_form.written, sheet_form.lookups(actor, None))
    heads = [column.head() for column in sheet_form.written]
    while part := list(islice(uids, CHUNK)):
        rows = iter(sheet_form.written_rows(actor, part))
        while block := list(islice(rows, BLOCK)):
            yield from (dict(zip(heads, values, strict=True)) for values in written(block))


def watermark(row: SheetExport) -> Watermark:
    """Who took it out, when, why, and the number that finds it in the log."""
    return mark_of(row.asked_by, purpose=row.purpose, number=row.number, at=row.created_at)


def _write_xlsx(path: Path, row: SheetExport, kind: Exported, rows: Iterator[dict[str, Any]]) -> None:
    columns = kind.sheet.written
    mark = watermark(row).words.replace("&", "&&")
    write_worksheet(
        _never_empty(rows, columns),
        str(path),
        sheet_name=str(kind.label)[:31],
        freeze_row=1,
        bold_headers=True,
        column_widths={column.head(): float(column.width) for column in columns},
        column_formats={column.head(): _format(column) for column in columns},
        page_setup={"landscape": True, "repeat_rows": 0, "header": f"&L{mark}", "footer": f"&L{mark}&R&P / &N"},
    )


def _format(column: Column) -> Format:
    made = Format()
    if column.kind == form.MONEY:
        return made.set_num_format("#,##0.00####")
    if column.kind == form.DAY:
        return made.set_num_format("yyyy-mm-dd")
    return (
        made.set_num_format("0")
        if column.kind in (form.YEAR, form.REV, form.WHOLE)
        else made.set_num_format("@").set_quote_prefix()
    )


def _never_empty(rows: Iterator[dict[str, Any]], columns: tuple[Column, ...]) -> Iterator[dict[str, Any]]:
    """The writer takes the heads from the first row: without rows, one of empty cells."""
    first = next(rows, None)
    yield first or dict.fromkeys((column.head() for column in columns), "")
    yield from rows


def _write_csv(path: Path, row: SheetExport, kind: Exported, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(csv_line(column.head() for column in kind.sheet.written))
        for values in rows:
            file.write(csv_line(map(_plain, values.values())))
        file.write(csv_line([watermark(row).words]))


def _plain(value: Any) -> Any:
    """Amounts exact to the fen, days as 2016-03-01; text as it is."""
    if isinstance(value, float):
        return Decimal(f"{value:.6f}")
    return value.isoformat() if isinstance(value, date) else value


def _stamp(path: Path, row: SheetExport) -> None:
    """Number and watermark as properties of the document, where people look for its origin."""
    repack(path, path, {"docProps/core.xml": tostring(watermark(row).properties.to_tree())})


def exports_of(user: User) -> Any:
    """One's own exports, with their people."""
    return _with_people(SheetExport.objects.visible_to(user))


def exports_to_decide(user: User) -> Any:
    """Exports of colleagues that wait for the user's consent, with their people."""
    return _with_people(SheetExport.objects.waiting_for(user))


def export_for(user: User, uid: UUID) -> SheetExport | None:
    """One's own export."""
    return exports_of(user).filter(pk=uid).first()


def export_to_decide(user: User, uid: UUID) -> SheetExport | None:
    """A colleague's export that waits for the user's consent."""
    return exports_to_decide(user).filter(pk=uid).first()


def _with_people(rows: Any) -> Any:
    return rows.select_related("asked_by__person", "unit__division", "decided_by__person")


def progress_of(row: SheetExport) -> float:
    """How far the file is, 0 to 1."""
    return progress_of_all([row])[row.pk]


def progress_of_all(rows: Sequence[SheetExport]) -> dict[UUID, float]:
    """How far each file is, 0 to 1. One query."""
    working = jobs_progress(row.job for row in rows if not row.ready)
    return {row.pk: 1.0 if row.ready else working.get(row.job, 0.0) for row in rows}


def file_name(row: SheetExport) -> str:
    return f"{exported()[row.record_type].label} {row.number}.{row.file_format}"
