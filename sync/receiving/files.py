"""Where what was received lies."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from sync.models import Batch


def folder_of(batch: Batch) -> Path:
    """The folder with the parts of a received batch."""
    return Path(settings.HOME) / "sync" / "in" / f"{batch}-{batch.uid}"
