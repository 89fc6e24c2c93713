"""`kept verify` and `kept rebuild`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sync.kept import rebuild
from sync.models import Node
from sync.proving import verify


class Command(BaseCommand):
    """Compare kept digests and sums of transmission with the live rows, or compute them anew."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["verify", "rebuild"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "rebuild":
            rebuild()
        found = [row for node in Node.objects.sending().select_related("division") for row in verify(node)]
        for row in found:
            self.stderr.write(json.dumps(row, ensure_ascii=False))
        if found:
            raise CommandError(f"{len(found)} differences; find their cause, then run `kept rebuild`")
        self.stdout.write("what is kept equals the records")
