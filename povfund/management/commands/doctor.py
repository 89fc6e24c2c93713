"""Checks an installation and says what to mend."""

from argparse import ArgumentParser
from typing import Any

from django.core import checks
from django.core.management.base import BaseCommand, CommandError

from povfund import health
from povfund.heartbeat import SYNC, TICKER, WORK, is_alive

REMEDIES = {
    "database": "The database does not answer: check POVFUND_DATABASE_URL and the server.",
    "migrations": "The tables are not up to date: run `manage.py migrate`.",
    "disk": "Less than 1 GiB is free below POVFUND_HOME: make room.",
    "workers": "A worker shows no life: start the workers of the queues `work` and `sync`.",
    "tick": "No tick finished lately: start the ticker and read its log.",
}


class Command(BaseCommand):
    """体检 — database, migrations, workers, tick, disk and system checks; exit code 1 if something is wrong."""

    help = "Check this installation and say what to mend."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--worker", choices=["work", "sync"], help="only: does this worker show life?")
        parser.add_argument("--ticker", action="store_true", help="only: did a tick finish lately?")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["worker"] or options["ticker"]:
            self._one_process(options)
            return
        results = health.results()
        for name, passed in results.items():
            self.stdout.write(f"{'ok  ' if passed else 'FAIL'}  {name}" + ("" if passed else f"  {REMEDIES[name]}"))
        serious = []
        if results["database"]:
            found = checks.run_checks(include_deployment_checks=False, databases=["default"])
            serious = [message for message in found if message.is_serious()]
        for message in serious:
            self.stdout.write(f"FAIL  {message.id}  {message.msg} {message.hint or ''}".rstrip())
        if serious or not all(results.values()):
            raise CommandError("Something needs mending; see the lines above.")

    def _one_process(self, options: dict[str, Any]) -> None:
        name = TICKER if options["ticker"] else {"work": WORK, "sync": SYNC}[options["worker"]]
        if not is_alive(name):
            raise CommandError(f"{name} shows no life.")
        self.stdout.write(f"{name} is alive.")
