"""`transmit`: deliver what is built, and carry out the receipts."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sync.choices import Direction, OutState
from sync.models import Batch
from sync.sending.client import CentreClient, Unreachable
from sync.sending.deliver import FINAL, deliver
from sync.sending.locate import locate


class Command(BaseCommand):
    """Deliver every unfinished batch to the centre, oldest first, and wait for the receipts."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--wait", type=int, default=60, help="seconds to wait for the applied receipt (default 60)")

    def handle(self, *args: Any, wait: int, **options: Any) -> None:
        if settings.EDITION != "provincial":
            raise CommandError("only a provincial server sends batches")
        unfinished = Batch.objects.filter(direction=Direction.OUT).exclude(state__in=FINAL).order_by("epoch", "seq")
        if not unfinished.exists():
            self.stdout.write("nothing to send")
        with CentreClient() as client:
            for uid in list(unfinished.values_list("pk", flat=True)):
                self._follow(uid, client, until=time.monotonic() + wait)

    def _follow(self, uid: Any, client: CentreClient, *, until: float) -> None:
        while True:
            try:
                batch = deliver(uid, client=client)
            except Unreachable as error:
                raise CommandError(f"the centre at {settings.CENTRAL_URL} did not take the batch: {error}") from error
            if batch.state in (*FINAL, OutState.MISMATCH) or time.monotonic() > until:
                break
            time.sleep(1)
        self.stdout.write(f"{batch}  {batch.lines} lines  {batch.get_state_display()}")
        if batch.state == OutState.MISMATCH:
            for row in locate(batch, client):
                self.stdout.write(f"differs: {row['type']} {row['uid']}  here {row['ours']}  centre {row['theirs']}")
            raise CommandError("totals differ from the centre's receipt")
        if batch.state not in FINAL:
            raise CommandError(f"the centre has not applied the batch within the time; it is {batch.state}")
