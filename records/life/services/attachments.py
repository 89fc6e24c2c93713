"""Attachments: stored once under the hash of their bytes, seen by whoever sees the whole record."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.text import clean_text
from povfund.common.verdict import require
from records.life import permissions
from records.life.files import MAX_SIZE, media_type_of, scan
from records.life.models import Attachment, Record
from records.registry import record_type, record_types

MAX_PER_RECORD = 50


class FileTooLarge(RuleViolation):
    """More than `MAX_SIZE` bytes (413)."""

    status = 413


class FileLost(Exception):
    """The stored bytes are gone or differ from their hash; the row alone is left."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file kept under the SHA-256 of its bytes; `name` as people read it, `size` in bytes."""

    name: str
    media_type: str
    size: int
    sha256: str


def store_file(*, name: str, chunks: Iterable[bytes]) -> StoredFile:
    """
    Keep bytes among the attachments, durable before it answers; the same bytes once. Writes no row.

    The kind is told by the bytes. Raises RuleViolation FILE_KIND, FILE_SIZE, FILE_EMPTY, MALWARE or STORAGE.
    """
    shown = _shown_name(name)
    draft, digest, size = _receive(chunks)
    try:
        media_type = media_type_of(draft, name=shown)
        scan(draft)
        _keep(draft, digest)
    finally:
        draft.unlink(missing_ok=True)
    return StoredFile(shown, media_type, size, digest)


def add_attachment(*, actor: User, record: Record, name: str, chunks: Iterable[bytes]) -> Attachment:
    """
    Keep a file with a draft or returned record of the own unit; audited.

    The kind is told by the bytes. The same file twice is stored once, and answered with the row that
    is there. Raises Refused, FileTooLarge, or RuleViolation FILE_KIND, MALWARE, STORAGE.
    """
    require(permissions.may_attach(actor, record))
    kept = store_file(name=name, chunks=chunks)
    with transaction.atomic():
        row = record_type(record.record_type).model.objects.select_for_update(no_key=True).get(pk=record.pk)
        require(permissions.may_attach(actor, row))
        present = Attachment.objects.filter(record_uid=record.pk, removed_at=None)
        if same := present.filter(sha256=kept.sha256, name=kept.name).first():
            return same
        if present.count() >= MAX_PER_RECORD:
            raise _refusal("FILE_COUNT", _("The record has %(n)s attachments already.") % {"n": MAX_PER_RECORD})
        attachment = Attachment.objects.create(
            record_type=record.record_type,
            record_uid=record.pk,
            name=kept.name,
            media_type=kept.media_type,
            size=kept.size,
            sha256=kept.sha256,
            added_by=actor,
            added_at=clock.now(),
        )
        _audit(actor=actor, attachment=attachment, action="add")
    return attachment


@transaction.atomic
def remove_attachment(*, actor: User, attachment: Attachment) -> None:
    """Take an attachment off a draft or returned record; row and bytes stay. Raises Refused. Safe to repeat."""
    model = record_type(attachment.record_type).model
    record = model.objects.select_for_update(no_key=True).get(pk=attachment.record_uid)
    require(permissions.may_attach(actor, record))
    if Attachment.objects.filter(pk=attachment.pk, removed_at=None).update(removed_at=clock.now()):
        _audit(actor=actor, attachment=attachment, action="remove")


def attachments_of(record: Record) -> list[Attachment]:
    """The attachments of a record, oldest first."""
    rows = Attachment.objects.filter(record_uid=record.pk, removed_at=None)
    return list(rows.select_related("added_by__person"))


def attachment_for(user: User, uid: UUID) -> Attachment | None:
    """The attachment, where the user may read the whole record it belongs to; removed ones are gone."""
    attachment = Attachment.objects.filter(pk=uid, removed_at=None).select_related("added_by__person").first()
    if attachment is None or attachment.record_type not in record_types():
        return None
    rows = record_type(attachment.record_type).model.objects.visible_in_full_to(user)
    return attachment if rows.filter(pk=attachment.record_uid).exists() else None


def path_of(attachment: Attachment) -> Path:
    """Where the bytes lie, checked against their hash. Raises FileLost."""
    return stored_path(attachment.sha256)


def stored_path(sha256: str) -> Path:
    """Where the bytes of this hash lie, checked against it. Raises FileLost."""
    path = _place(sha256)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise FileLost(sha256) from None
    if digest != sha256:
        raise FileLost(sha256)
    return path


def _receive(chunks: Iterable[bytes]) -> tuple[Path, str, int]:
    """Write the bytes beside their later place; (path, SHA-256, size)."""
    folder = Path(settings.HOME) / "attachments"
    digest, size = hashlib.sha256(), 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".incoming-")
        draft = Path(name)
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > MAX_SIZE:
                    break
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        raise _refusal("STORAGE", _("The file could not be stored: the disk is full or closed.")) from None
    if 0 < size <= MAX_SIZE:
        return draft, digest.hexdigest(), size
    draft.unlink()
    if size:
        raise FileTooLarge(_finding("FILE_SIZE", _("The file is larger than 16 MiB.")))
    raise _refusal("FILE_EMPTY", _("The file is empty."))


def _keep(draft: Path, digest: str) -> None:
    place = _place(digest)
    place.parent.mkdir(exist_ok=True)
    draft.replace(place)


def _place(digest: str) -> Path:
    return Path(settings.HOME) / "attachments" / digest[:2] / digest


def _shown_name(name: str) -> str:
    """The last part of a name as people read it, at most 200 characters, its ending kept."""
    last = clean_text(re.split(r"[/\\]", name)[-1], field="file") or "file"
    stem, suffix = Path(last).stem, Path(last).suffix
    return stem[: 200 - len(suffix)] + suffix[:20] if len(last) > 200 else last


def _audit(*, actor: User, attachment: Attachment, action: str) -> None:
    audit.record(
        actor=actor,
        action=f"records.attachment.{action}",
        target_type=attachment.record_type,
        target_id=attachment.record_uid,
        after={"name": attachment.name, "sha256": attachment.sha256, "size": attachment.size},
    )


REMEDIES = {
    "FILE_SIZE": _("Scan at a lower resolution, or split the file."),
    "FILE_EMPTY": _("Choose the file again: this one holds nothing."),
}


def _finding(code: str, message: object) -> Finding:
    remedy = REMEDIES.get(code, _("Try again later."))
    if code == "FILE_COUNT":
        remedy = _("Remove one that is not needed.")
    return Finding(code, message, field="file", remedy=remedy)  # type: ignore[arg-type]


def _refusal(code: str, message: object) -> RuleViolation:
    return RuleViolation(_finding(code, message))
