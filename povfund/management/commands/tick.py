"""`tick`: do whatever is due."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from records.jobs.ticks import run_all


class Command(BaseCommand):
    """Run every scheduled task that is due; safe to run at any time, from two timers at once."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        done = run_all()
        if failed := [name for name, ok in done.items() if not ok]:
            raise CommandError(f"failed: {', '.join(failed)}")
        if options["verbosity"]:
            self.stdout.write(f"{len(done)} scheduled tasks ran")
