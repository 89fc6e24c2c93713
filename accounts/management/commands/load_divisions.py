"""`load_divisions`: the divisions of the country and their units."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.loading import load_divisions


class Command(BaseCommand):
    """Load the divisions of the country to county level with dated predecessors, and all their units."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        divisions, units = load_divisions()
        self.stdout.write(f"{divisions:,} divisions; {units:,} new units")
