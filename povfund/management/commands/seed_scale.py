"""`seed_scale`: a synthetic nation of a given size."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from povfund.scale import seed_scale
from records.choices import RecordState


class Command(BaseCommand):
    """Store invented fund lines over the whole country, for benchmarks; refused in production."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lines", type=int, default=300_000)
        parser.add_argument("--province", default="", help="scope key of one province, such as 51")
        parser.add_argument(
            "--state",
            choices=[RecordState.ACKNOWLEDGED, RecordState.PROVINCE_REVIEWED],
            default=RecordState.ACKNOWLEDGED,
        )

    def handle(self, *args: Any, lines: int, province: str, state: str, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("seed_scale stores invented figures; a production server refuses it")

        def show(done: int, total: int) -> None:
            self.stderr.write(f"\rstep {done} of {total}", ending="" if done < total else "\n")

        documents = seed_scale(lines=lines, state=state, province=province, progress=show)
        self.stdout.write(f"{documents:,} documents with {documents * 10:,} lines")
