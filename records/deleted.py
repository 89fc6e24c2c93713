"""What is told of a record the centre holds as deleted: its last content, and the order that deleted it (art. 12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.models import User
from povfund.common.errors import Finding, Gone
from records.choices import RecordState
from records.marks import order_marks
from records.models import Record
from records.registry import RecordType
from records.review.comparing import fields_of, last_content, tables_of


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deleted record, and of its last content what the reader may read."""

    record: Record
    content: dict[str, Any]
    in_full: bool


def deleted_record(kind: RecordType, uid: UUID, *, user: User) -> Deleted | None:
    """
    A deleted record, to those who might read it otherwise; of one from above their part, from the moment the deletion
    is made.
    """
    rows: Any = kind.model.objects
    whole: Record | None = rows.deleted_visible_to(user).filter(pk=uid).first()
    record = whole or (rows.filter(pk=uid, deleted=True).first() if kind.own_part else None)
    content = (last_content(uid) or None) if record else None
    if content and whole is None and kind.own_part:
        content = kind.own_part(user, content)
    if record is None or content is None:
        return None
    return Deleted(record, content, whole is not None)


def deleted_page(request: HttpRequest, kind: RecordType, uid: UUID, *, subnav: str, list_url: str) -> HttpResponse:
    """What a deleted record last said. Raises Http404."""
    found = deleted_record(kind, uid, user=request.user)  # type: ignore[arg-type]
    if found is None:
        raise Http404
    reading = kind.reading([found.content])
    context = {
        "record": found.record,
        "kind": kind,
        "subnav": subnav,
        "in_full": found.in_full,
        "fields": fields_of(found.content, reading),
        "lists": tables_of(found.content, None, reading),
        "list_url": list_url,
    }
    return render(request, "records/deleted.html", context)


def gone(kind: RecordType, uid: UUID, *, user: User) -> Gone | None:
    """已删除 — what a program is told of a deleted record: by which order; None to those who might not read it."""
    found = deleted_record(kind, uid, user=user)
    if found is None:
        return None
    marks = order_marks([uid]).get(uid, [])
    message = _("The record was deleted by change order %(number)s.")
    if found.record.state != RecordState.ACKNOWLEDGED:
        message = _("The record is being deleted by change order %(number)s.")
    told = {"number": marks[-1].number if marks else ""}
    remedy = _("What it last said stands on its page: %(address)s") % {"address": found.record.get_absolute_url()}
    return Gone(Finding("DELETED", message % told, remedy=remedy, article="12", values=told))
