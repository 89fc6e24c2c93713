"""The first three administrators of an installation."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import services
from accounts.choices import Duty, PersonClass, UnitKind
from accounts.models import Unit, User
from povfund.common.errors import RuleViolation

POSTS = (
    ("sysadmin", PersonClass.SYSTEM_ADMIN, Duty.SYSADMIN),
    ("security", PersonClass.SECURITY_ADMIN, Duty.SECURITY),
    ("audit", PersonClass.AUDITOR, Duty.AUDIT),
)


class Command(BaseCommand):
    """首批管理员 — three different persons (art. 17), each with a one-time password printed this once."""

    help = "Makes the accounts <division>.sysadmin, .security and .audit for three different persons."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("division", help="division code, such as 510000; the accounts sit in its finance unit")
        for post, _class, duty in POSTS:
            parser.add_argument(f"--{post}", required=True, metavar="NAME", help=f"name of the {duty.value} person")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        unit = Unit.objects.by_key(f"{options['division']}.{UnitKind.FINANCE}")
        if unit is None:
            raise CommandError(f"There is no finance unit in division {options['division']}; run load_divisions first.")
        if len({options[post] for post, _class, _duty in POSTS}) < len(POSTS):
            raise CommandError("The three administrators must be three different persons (art. 17).")
        for post, personnel_class, duty in POSTS:
            username = f"{options['division']}.{post}"
            try:
                account = self._make(unit, username, name=options[post], personnel_class=personnel_class, duty=duty)
            except RuleViolation as error:
                raise CommandError(" ".join(str(finding.message) for finding in error.findings)) from error
            password = services.reset_password(None, account=account)
            self.stdout.write(f"{username}\t{options[post]}\t{password}")

    def _make(self, unit: Unit, username: str, *, name: str, personnel_class: PersonClass, duty: Duty) -> User:
        person = services.create_person(None, unit=unit, name=name, personnel_class=personnel_class)
        return services.create_account(None, person=person, unit=unit, username=username, duties=[duty])
