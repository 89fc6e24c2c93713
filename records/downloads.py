"""Answering with the bytes of an attachment."""

from __future__ import annotations

from django.http import FileResponse, Http404

from records import services
from records.models import Attachment


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
