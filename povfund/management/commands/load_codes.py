"""`load_codes`: code tables and the announced working calendars."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from funds.loading import load_codes
from records.calendar.loading import load_calendar


class Command(BaseCommand):
    """Load budget items, fund categories and the working calendars; run after load_divisions, safe to repeat."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        items, categories = load_codes()
        years = load_calendar()
        self.stdout.write(f"{items} budget items, {categories} fund categories, {years} new calendar years")
