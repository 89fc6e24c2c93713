"""Old workbooks go: uploaded, returned and exported files that nothing needs any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from povfund.common import clock
from records.sheets import exporting, importing
from records.sheets.models import OVER, SheetExport, SheetImport

AT_ONCE = 500
"""Records whose files one run removes."""


def tidy_files() -> int:
    """
    Remove files of imports that are over and of written exports, `SHEET_DAYS` days old; returns how many records.

    An import that waits for a person or is under way keeps its file however old it is. A file that
    belongs to no record goes as well.
    """
    before = clock.now() - timedelta(days=settings.SHEET_DAYS)
    imports = SheetImport.objects.filter(status__in=OVER, changed_at__lt=before, files_gone_at=None)
    exports = SheetExport.objects.filter(finished_at__lt=before, files_gone_at=None)
    removed = _remove(imports, importing.files_of)
    removed += _remove(exports, lambda row: (exporting.file_of(row),))
    _remove_strays(before)
    return removed


def _remove(rows: Any, files: Any) -> int:
    found = list(rows.order_by("pk")[:AT_ONCE])
    for row in found:
        if rows.filter(pk=row.pk).update(files_gone_at=clock.now()):
            _unlink(files(row))
    return len(found)


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _remove_strays(before: datetime) -> None:
    """Parts of files whose writer was killed, and uploads whose record was never stored."""
    old = [path for path in importing.folder().iterdir() if path.stat().st_mtime < before.timestamp()][:AT_ONCE]
    if not old:
        return
    names = {path.name[:36] for path in old}
    known = {str(uid) for model in (SheetImport, SheetExport) for uid in _known(model, names)}
    _unlink(path for path in old if path.name[:36] not in known)


def _known(model: Any, names: set[str]) -> list[Any]:
    uids = [name for name in names if _is_uid(name)]
    return list(model.objects.filter(pk__in=uids).values_list("pk", flat=True))


def _is_uid(name: str) -> bool:
    return len(name) == 36 and all(c in "0123456789abcdef-" for c in name)
