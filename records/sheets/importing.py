"""An import from upload to undo: what a person asks for, and the jobs that do it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import get_language

from accounts import audit
from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.phrases import phrase as _
from povfund.common.text import clean_text
from povfund.common.uid import uuid7
from povfund.common.verdict import require
from records.models import Job
from records.permissions import may_enter
from records.registry import RecordType, record_type
from records.services import cancel_job, enqueue
from records.sheets.asking import open_questions, told_open
from records.sheets.layout import Layout
from records.sheets.models import HELD, OPEN, ImportStatus, SheetImport, SheetMapping
from records.sheets.reading import MAX_SIZE, refusal

S = ImportStatus


class TooLarge(RuleViolation):
    """More bytes than a workbook may have (413)."""

    status = 413


class NotNow(RuleViolation):
    """The import is not in a state for this (409)."""

    status = 409


class Duplicate(RuleViolation):
    """The same file was imported for this form and unit (409); `values["import"]` is its uid."""

    status = 409


def folder() -> Path:
    """Where uploaded and returned workbooks and exports lie."""
    found = Path(settings.HOME) / "sheets"
    found.mkdir(parents=True, exist_ok=True)
    return found


def file_of(row: SheetImport) -> Path:
    return folder() / f"{row.uid}{row.suffix}"


def annotated_file_of(row: SheetImport, language: str = "") -> Path:
    """The returned workbook: the uploaded one, marked; in the language of who uploaded it, or in another one."""
    told_in = f".{language}" if language not in ("", row.language) else ""
    return folder() / f"{row.uid}-checked{told_in}.xlsx"


def files_of(row: SheetImport) -> list[Path]:
    """Every file an import may have left."""
    return [file_of(row), *{annotated_file_of(row, language) for language, _name in settings.LANGUAGES}]


def start_import(*, actor: User, kind: RecordType, name: str, chunks: Iterable[bytes]) -> SheetImport:
    """
    Keep an uploaded workbook and have it read in the background. Raises Refused, TooLarge or RuleViolation.

    The file is stored under a uid; its name is only shown.
    """
    require(may_enter(actor, kind))
    shown = shown_name(name)
    suffix = Path(shown).suffix.lower()
    uid = uuid7()
    kept = ".csv" if suffix in (".csv", ".txt") else ".xlsx"
    path = folder() / f"{uid}{kept}"
    size, digest = _keep(path, chunks)
    now = clock.now()
    with _the_only_one(actor, kind, digest, path), transaction.atomic():
        row = SheetImport.objects.create(
            uid=uid,
            record_type=kind.key,
            unit=actor.unit,
            asked_by=actor,
            name=shown,
            suffix=kept,
            size=size,
            sha256=digest,
            language=get_language() or "zh-hans",
            created_at=now,
            changed_at=now,
        )
        _audit(actor, row, "upload", {"name": shown, "sha256": digest, "size": size})
        _ask(row, "sheets.read")
    return row


@contextmanager
def _the_only_one(actor: User, kind: RecordType, digest: str, path: Path | None = None) -> Iterator[None]:
    """The same bytes for the same form and unit are taken once; by two people at once, from one. Raises Duplicate."""
    try:
        _require_new(actor, kind, digest)
        try:
            yield
        except IntegrityError:
            _require_new(actor, kind, digest)
            raise
    except Exception:
        if path is not None:
            path.unlink(missing_ok=True)
        raise


def _require_new(actor: User, kind: RecordType, digest: str) -> None:
    rows = SheetImport.objects.filter(unit=actor.unit_id, record_type=kind.key, sha256=digest, status__in=HELD)
    first = rows.select_related("asked_by__person").first()
    if first is None:
        return
    told = {
        "person": first.asked_by.person.name,
        "time": first.created_at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        "name": first.name,
        "state": first.state_label,
    }
    message = _("%(person)s uploaded this very file on %(time)s as “%(name)s”; that import is “%(state)s”.")
    raise Duplicate(
        Finding(
            "DUPLICATE",
            message % told,
            field="file",
            remedy=_("Open that import. To import the file anew, cancel that one or take it back first."),
            values={"import": str(first.uid)},
        )
    )


def shown_name(name: str) -> str:
    """The last part of a file name as people read it, without control and direction marks, at most 200 long."""
    last = re.split(r"[/\\]", name)[-1]
    last = re.sub(r"[\x00-\x1f\x7f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", "", last)
    stem, suffix = Path(last).stem, Path(last).suffix[:20]
    return clean_text(stem[: 200 - len(suffix)] + suffix, field="file") or "table.xlsx"


def _keep(path: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    try:
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > MAX_SIZE:
                    break
                digest.update(chunk)
                file.write(chunk)
    except OSError:
        path.unlink(missing_ok=True)
        raise RuleViolation(
            Finding("STORAGE", _("The file could not be stored: the disk is full or closed."), field="file")
        ) from None
    if 0 < size <= MAX_SIZE:
        return size, digest.hexdigest()
    path.unlink()
    if size:
        raise TooLarge(refusal("FILE_SIZE").findings)
    raise refusal("EMPTY")


def answer_layouts(*, actor: User, row: SheetImport, layouts: list[Layout]) -> None:
    """
    Read the workbook again as the person says, and remember it for the unit.

    Raises RuleViolation while questions are open. Values of the record's head (number, title, dates)
    are of this workbook alone and not remembered.
    """
    kind = record_type(row.record_type)
    require(may_enter(actor, kind))
    asks = [told_open(layout, ask, kind.sheet) for layout in layouts for ask in open_questions(layout, kind.sheet)]
    if not layouts or asks:
        raise RuleViolation(asks or [no_table()])
    with transaction.atomic():
        now = _locked(row, S.MAPPING, S.PREVIEW)
        now.layouts, now.answered = [layout.as_json() for layout in layouts], True
        now.status, now.changed_at = S.READING, clock.now()
        now.save(update_fields=["layouts", "answered", "status", "changed_at"])
        for layout in layouts:
            SheetMapping.objects.update_or_create(
                unit=row.unit,
                record_type=kind.key,
                signature=layout.signature,
                defaults={
                    "heads": layout.as_json()["heads"],
                    "fixed": {name: v for name, v in layout.fixed.items() if "." in name},
                    "measure": layout.unit,
                    "at": clock.now(),
                },
            )
        _audit(actor, row, "layout", {"sheets": [layout.sheet for layout in layouts]})
        _ask(now, "sheets.read")


def no_table() -> Finding:
    return Finding(
        "HEADER",
        _("No sheet has a table with known heads."),
        field="file",
        remedy=_("The head needs a place (recipient) and an amount or fund categories; the template shows the heads."),
    )


def confirm_import(*, actor: User, row: SheetImport) -> None:
    """Store what the preview shows to be created or changed, in the background. Raises NotNow, Refused."""
    require(may_enter(actor, record_type(row.record_type)))
    with transaction.atomic():
        now = _locked(row, S.PREVIEW)
        if not now.counts.get("to_create") and not now.counts.get("to_change"):
            raise NotNow(
                Finding(
                    "IMPORT", _("There is nothing to store."), remedy=_("Correct the marked cells and upload again.")
                )
            )
        _move(now, S.STORING)
        _audit(actor, row, "confirm", {name: now.counts[name] for name in ("to_create", "to_change", "refused")})
        _ask(now, "sheets.store", actor=actor)


def repeat_import(*, actor: User, row: SheetImport) -> None:
    """Read a workbook again whose reading failed. Raises NotNow, Duplicate, Refused."""
    kind = record_type(row.record_type)
    require(may_enter(actor, kind))
    with _the_only_one(actor, kind, row.sha256), transaction.atomic():
        now = _locked(row, S.FAILED)
        if not file_of(now).exists():
            raise NotNow(Finding("IMPORT", _("The file is gone."), remedy=_("Upload the workbook again.")))
        now.notes = []
        now.save(update_fields=["notes"])
        _move(now, S.READING)
        _audit(actor, row, "repeat", {})
        _ask(now, "sheets.read")


def undo_import(*, actor: User, row: SheetImport) -> None:
    """
    Take back what was stored and nobody reviewed or changed since, in the background. Raises NotNow, Refused.

    What had to stay, because it had been submitted, is tried again by another call.
    """
    kind = record_type(row.record_type)
    require(may_enter(actor, kind))
    again = row.status == S.UNDONE and bool(row.counts.get("kept"))
    with _the_only_one(actor, kind, row.sha256) if again else nullcontext(), transaction.atomic():
        now = _locked(row, S.UNDONE if again else S.DONE)
        _move(now, S.UNDOING)
        _audit(actor, row, "undo", {})
        _ask(now, "sheets.undo", actor=actor)


def cancel_import(*, actor: User, row: SheetImport) -> None:
    """Give an import up before it is stored, or after it failed; its files go. Raises NotNow."""
    job = Job.objects.filter(pk=row.job, asked_by=actor, state__in=("queued", "running")).first()
    if job is not None:
        cancel_job(actor=actor, job=job)
    with transaction.atomic():
        now = _locked(row, *OPEN, S.FAILED)
        now.files_gone_at = now.files_gone_at or clock.now()
        now.save(update_fields=["files_gone_at"])
        _move(now, S.CANCELLED)
        _audit(actor, row, "cancel", {})
    for path in files_of(row):
        path.unlink(missing_ok=True)


def _locked(row: SheetImport, *states: str) -> SheetImport:
    found = SheetImport.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if found.status not in states:
        raise NotNow(
            Finding(
                "IMPORT",
                _("The import is “%(state)s”.") % {"state": found.state_label},
                remedy=_("Load the page anew to see what became of it."),
            )
        )
    return found


def _move(row: SheetImport, status: str) -> None:
    row.status, row.changed_at = status, clock.now()
    row.save(update_fields=["status", "changed_at"])


def _ask(row: SheetImport, kind: str, *, actor: User | None = None) -> None:
    job = enqueue(
        kind=kind,
        key=f"{row.uid}:{row.changed_at.timestamp()}",
        payload={"import": str(row.uid)},
        asked_by=actor or row.asked_by,
    )
    SheetImport.objects.filter(pk=row.pk).update(job=job.uid)


def _audit(actor: User, row: SheetImport, action: str, after: dict[str, Any]) -> None:
    audit.record(
        actor=actor, action=f"records.import.{action}", target_type=row.record_type, target_id=row.uid, after=after
    )


def import_for(user: User, uid: UUID) -> SheetImport | None:
    """The import, where it is of the user's unit."""
    return (
        SheetImport.objects.visible_to(user).select_related("asked_by__person", "unit__division").filter(pk=uid).first()
    )


def progress_of(row: SheetImport) -> float:
    """How far the work under way is, 0 to 1; 1 where none is."""
    if row.status not in (S.READING, S.STORING, S.UNDOING):
        return 1.0
    return job_progress(row.job)


def job_progress(uid: UUID | None) -> float:
    """How far a job is, 0 to 1."""
    return jobs_progress([uid]).get(uid, 0.0)


def jobs_progress(uids: Iterable[UUID | None]) -> dict[UUID | None, float]:
    """How far each of these jobs is, 0 to 1; those that have not begun are left out. One query."""
    jobs = Job.objects.filter(pk__in=set(uids) - {None}, total__gt=0)
    return {uid: round(done / total, 3) for uid, done, total in jobs.values_list("pk", "done", "total")}


def returned_name(row: SheetImport) -> str:
    """The uploaded name with （已检查） behind it."""
    return f"{Path(row.name).stem}（{_('checked')}）.xlsx"
