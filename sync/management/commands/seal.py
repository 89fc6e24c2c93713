"""`seal`: put everything the province reviewed into one batch."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from povfund.common.money import yuan_text
from sync.choices import Direction, OutState, Trigger
from sync.models import Batch, Node
from sync.sealing import build, preview, seal_all


class Command(BaseCommand):
    """Seal and build everything reviewed and unsent, in as many batches as it takes; sending is left to others."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="", help="why a batch is made outside the windows (required to seal)")
        parser.add_argument("--dry-run", action="store_true", help="only say what would go and what would stay")

    def handle(self, *args: Any, reason: str, dry_run: bool, **options: Any) -> None:
        if settings.EDITION != "provincial":
            raise CommandError("only a provincial server seals batches")
        if not Node.objects.filter(pk=settings.NODE).exists():
            raise CommandError(f"node {settings.NODE} is not registered on this server")
        if dry_run:
            self._preview()
            return
        left = Batch.objects.filter(direction=Direction.OUT, state=OutState.SEALED).order_by("epoch", "seq")
        batches = [build(batch) for batch in left]
        if not batches:
            if not reason.strip():
                raise CommandError("say why with --reason")
            batches = list(seal_all(trigger=Trigger.MANUAL, reason=reason))
        for batch in batches:
            self.stdout.write(f"{batch}  {batch.uid}  {batch.lines} lines  {batch.get_state_display()}")

    def _preview(self) -> None:
        found = preview()
        self.stdout.write(f"{found.lines} records would go in {found.batches} batches, {yuan_text(found.fen)} yuan")
        for uid, kept in found.kept.items():
            self.stdout.write(f"stays: {kept.kind} {uid}  {kept.finding.rule}  {kept.finding.message}")
