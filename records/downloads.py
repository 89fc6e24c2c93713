"""Answering with the bytes of an attachment or a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from django.http import FileResponse, Http404, QueryDict
from django.urls import reverse

from accounts.models import User
from povfund.common.tables import PAGING
from records import services
from records.permissions import may_export
from records.registry import ListType, RecordType

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"


def sheet_file(path: Path, *, name: str, there: bool) -> FileResponse:
    """A workbook or CSV file as attachment, the name by RFC 6266. 404 where it is not there."""
    if not there or not path.exists():
        raise Http404
    media = CSV if path.suffix == ".csv" else XLSX
    response = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=media)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def export_address(user: User, kind: RecordType | ListType, query: QueryDict) -> str:
    """Where the list shown is taken out, with its filter; empty for who may not."""
    if not kind.sheet_path or not may_export(user):
        return ""
    kept = query.copy()
    for name in (*PAGING, "sort"):
        kept.pop(name, None)
    return f"{reverse('records:exports', args=[kind.plural])}?{kept.urlencode()}"


class Kept(Protocol):
    """A file kept under the hash of its bytes: an attachment, or the evidence of a change order."""

    name: str
    media_type: str
    sha256: str


def download(found: Kept) -> FileResponse:
    """Bytes as attachment, in a sandbox, their kind not to be guessed. 404 where the bytes are lost."""
    try:
        path = services.stored_path(found.sha256)
    except services.FileLost:
        raise Http404 from None
    response = FileResponse(path.open("rb"), as_attachment=True, filename=found.name, content_type=found.media_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
