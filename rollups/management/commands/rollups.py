"""`rollups verify` and `rollups rebuild`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from rollups import services


class Command(BaseCommand):
    """Compare every summary cell with the facts, or compute all of them anew."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["verify", "rebuild"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "rebuild":
            self.stdout.write(f"rebuilt; {services.rebuild()} cells had differed from the facts")
            return
        differing = services.verify()
        for row in differing:
            self.stderr.write(str(row))
        if differing:
            raise CommandError(f"{len(differing)} cells differ from the facts; run `rollups rebuild`")
        self.stdout.write("every cell equals the facts")
