"""`load_divisions`: the divisions of the country and their units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.loading import FileFault, load_divisions


class Command(BaseCommand):
    """
    Load the divisions of the country to county level with dated predecessors, and all their units; with --more also
    townships, villages and bodies without a national code.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--more",
            type=Path,
            metavar="FILE",
            help="UTF-8 CSV with the columns code, level, name, parent (and former_name, valid_from, valid_to, local,"
            " note): township and village codes of 9 and 12 digits; letter and digit where there is no national code",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            divisions, units = load_divisions(options["more"])
        except FileFault as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{divisions:,} divisions; {units:,} new units")
