"""Check the audit chain, and write it to a file for checking elsewhere."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.chain import entry_content
from accounts.models import AuditEntry, AuditLink
from povfund.common import clock


class Command(BaseCommand):
    """审计链核验 — exports every link with its entry and runs docs/verify_audit.py over it."""

    help = "Checks the audit chain; --export FILE keeps the export, --head N:HASH demands a known link."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--export", metavar="FILE", help="keep the export here")
        parser.add_argument("--head", action="append", default=[], metavar="N:HASH", help="a link known from elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(options["export"] or Path(folder) / "trail.ndjson")
            with path.open("w", encoding="utf-8") as file:
                for row in export_rows():
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
            arguments = [str(path), *(part for head in options["head"] for part in ("--head", head))]
            if verifier().main(arguments):
                raise CommandError("The audit chain is broken; the lines above name what and where.")


def export_rows() -> Iterator[dict[str, Any]]:
    """Links in order, each with its entry; then entries without a link; then when it was written."""
    for link in AuditLink.objects.select_related("entry").order_by("n").iterator(chunk_size=2_000):
        yield {
            "n": link.n,
            "prev": link.prev,
            "entry_hash": link.entry_hash,
            "hash": link.hash,
            "entry": entry_content(link.entry),
        }
    for entry in AuditEntry.objects.filter(link=None).order_by("pk").iterator(chunk_size=2_000):
        yield {"n": None, "entry": entry_content(entry)}
    yield {"exported_at": clock.now().isoformat()}


def verifier() -> Any:
    """The stand-alone verifier as a module; it is kept free of the product on purpose."""
    path = settings.BASE_DIR / "docs" / "verify_audit.py"
    loader = SourceFileLoader("verify_audit", str(path))
    module = ModuleType(loader.name)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module
