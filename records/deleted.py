"""The page of a record the centre holds as deleted: its last content, and the order that deleted it (art. 12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from records.models import Record, RecordRevision
from records.registry import TOMBSTONE, RecordType
from records.review.comparing import fields_of, tables_of

Part = Callable[[dict[str, Any]], dict[str, Any] | None]
"""A content -> what of it reaches the reader's own division, None where nothing does."""


def deleted_page(
    request: HttpRequest, kind: RecordType, uid: UUID, *, subnav: str, list_url: str, part: Part | None = None
) -> HttpResponse:
    """
    What a deleted record last said, to those who might read it otherwise; of one from above its `part`, from the
    moment the deletion is made. Raises Http404.
    """
    rows: Any = kind.model.objects
    whole: Record | None = rows.deleted_visible_to(request.user).filter(pk=uid).first()
    record = whole or (rows.filter(pk=uid, deleted=True).first() if part else None)
    content = last_content(uid) if record else None
    if content and whole is None and part:
        content = part(content)
    if record is None or content is None:
        raise Http404
    reading = kind.reading([content])
    context = {
        "record": record,
        "kind": kind,
        "subnav": subnav,
        "in_full": whole is not None,
        "fields": fields_of(content, reading),
        "lists": tables_of(content, None, reading),
        "list_url": list_url,
    }
    return render(request, "records/deleted.html", context)


def last_content(uid: UUID) -> dict[str, Any] | None:
    """The content of the last revision that held one."""
    rows = RecordRevision.objects.filter(record_uid=uid).exclude(content=TOMBSTONE).order_by("-rev")
    found = rows.values_list("content", flat=True).first()
    return None if found is None else msgspec.json.decode(bytes(found))
