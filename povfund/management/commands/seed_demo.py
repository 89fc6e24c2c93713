"""`seed_demo`: the demo world of this server."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from povfund.demo import central, chain, changes, documents, nodes, people
from sync.choices import OutState
from sync.models import Batch
from sync.services import send_now

WAIT_SECONDS = 180


class Command(BaseCommand):
    """Seed accounts and, at the province, real documents in every state and one real transmission."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--changes", action="store_true", help="the change orders, once both worlds are there")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("the demo world is refused on a production server")
        if not settings.DEMO_PASSWORD:
            raise CommandError("set POVFUND_DEMO_PASSWORD; `make run` does")
        if options["changes"]:
            count = changes.decide() if settings.EDITION == "central" else changes.ask()
            self.stdout.write(f"{count} change orders")
            return
        if settings.EDITION == "central":
            people.make_accounts(["000000"])
            people.make_second_administrator("000000")
            nodes.know_each_other()
            self.stdout.write(f"{len(central.make_central())} documents of the Ministry issued")
            return
        people.make_accounts(["510000", "511900", "511921"])
        nodes.know_each_other()
        if Batch.objects.exists():
            return
        sent = documents.make_sent(central.received(central.OF_2016))
        chain.of_central_money()
        chain.of_the_advance()
        head = User.objects.select_related("person", "unit__division").get(username="510000.finance.head")
        send_now(actor=head, reason="示例：2016年第一批资金，大批量新数据")
        self._wait()
        documents.make_waiting()
        chain.of_provincial_money()
        self.stdout.write(f"{len(sent)} documents sent, further ones in every state")

    def _wait(self) -> None:
        """The workers of both servers do the transmission; a minute is plenty."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            batch = Batch.objects.first()
            if batch is not None and batch.state in (OutState.APPLIED, OutState.MISMATCH):
                return
            time.sleep(0.5)
        batch = Batch.objects.first()
        state = f"{batch.state}: {batch.error}" if batch else "not sealed"
        raise CommandError(f"the first transmission did not end within {WAIT_SECONDS} s ({state})")
