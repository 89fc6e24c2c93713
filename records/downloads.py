"""Answering with the bytes of an attachment or a workbook."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse, Http404

from records import services
from records.models import Attachment

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


def download(found: Attachment) -> FileResponse:
    """Bytes as attachment, in a sandbox, their kind not to be guessed. 404 where the bytes are lost."""
    try:
        path = services.path_of(found)
    except services.FileLost:
        raise Http404 from None
    response = FileResponse(path.open("rb"), as_attachment=True, filename=found.name, content_type=found.media_type)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
