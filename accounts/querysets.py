"""Which divisions, units and accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.choices import UnitKind

if TYPE_CHECKING:
    from accounts.models import AuditEntry, Division, Grant, Person, Unit, User  # noqa: F401


def key_in(path: str, keys: tuple[str, ...]) -> Q:
    """Condition "the scope key at `path` begins with one of `keys`", as ranges an index can serve."""
    condition = Q(pk__in=[])
    for key in keys:
        if not key:
            return ~Q(pk__in=[])
        condition |= Q(**{f"{path}__gte": key, f"{path}__lt": key + "~"})
    return condition


class DivisionQuerySet(models.QuerySet["Division"]):
    """Which divisions. The code table is public to every signed-in person."""

    def under(self, scope_key: str) -> Self:
        """The division with this key and everything below it (prefix range on the index)."""
        return self.filter(scope_key__gte=scope_key, scope_key__lt=scope_key + "~") if scope_key else self

    def valid_on(self, day: date) -> Self:
        """Divisions whose code was in force on `day`."""
        return self.filter(Q(valid_from=None) | Q(valid_from__lte=day), Q(valid_to=None) | Q(valid_to__gt=day))

    def by_code(self, code: str) -> Division | None:
        """The division of a code; where one code stands at two levels, the higher level."""
        return self.filter(code=code).order_by("scope_key").first()


class UnitQuerySet(models.QuerySet["Unit"]):
    """Which units."""

    def by_key(self, key: str) -> Unit | None:
        """The unit written `511921.finance`, or None."""
        code, _dot, kind = key.partition(".")
        found = self.select_related("division").filter(division__code=code, kind=kind)
        return found.order_by("division__scope_key").first()

    def names_of(self, keys: Iterable[str]) -> dict[str, str]:
        """{`511921.finance`: 通江县财政局}; a key that no unit has stands for itself. One query, none for no key."""
        wanted = list(keys)
        codes = {key.partition(".")[0] for key in wanted}
        found = (
            self.select_related("division").filter(division__code__in=codes).order_by("-division__scope_key")
            if codes
            else ()
        )
        names = {unit.key: unit.name for unit in found}
        return {key: names.get(key, key) for key in wanted}

    def acting_for(self, units: Iterable[int]) -> dict[int, Unit]:
        """{id of each of these units: the unit that acts for it now}, itself or its last successor. Two queries."""
        passed = dict(self.filter(successions__isnull=False).values_list("pk", "successions__successor"))
        now = {pk: [pk, *_line_after(pk, passed)][-1] for pk in units}
        found = self.select_related("division").in_bulk(set(now.values()))
        return {pk: found[held] for pk, held in now.items()}

    def standing_in(self) -> dict[str, frozenset[str]]:
        """{unit that was succeeded, written `511921.finance`: those its tasks passed to, one after the other}."""
        names = ("division__code", "kind", "successions__successor__division__code", "successions__successor__kind")
        rows = self.filter(successions__isnull=False).values_list(*names)
        passed = {f"{code}.{kind}": f"{to_code}.{to_kind}" for code, kind, to_code, to_kind in rows}
        return {key: frozenset(_line_after(key, passed)) for key in passed}

    def administered_by(self, user: User) -> Self:
        """Units whose people the administrator looks after: the own subtree, all lines where finance leads."""
        return self.filter(administered(user, "division__scope_key", kind="kind"))


def _line_after(unit: Any, passed: dict[Any, Any]) -> list[Any]:
    """The line of successors; the last one acts now."""
    line: list[Any] = []
    while unit in passed:
        unit = passed[unit]
        line.append(unit)
    return line


def administered(user: User, path: str, *, kind: str) -> Q:
    """Condition "in the administrator's subtree"; other lines only where the seat is in finance (art. 7)."""
    condition = key_in(path, user.scope.keys)
    return condition if user.unit.kind == UnitKind.FINANCE else condition & Q(**{kind: user.unit.kind})


class PersonQuerySet(models.QuerySet["Person"]):
    """Which persons."""

    def administered_by(self, user: User) -> Self:
        """Persons on the rosters of the administrator's units."""
        return self.filter(administered(user, "unit__division__scope_key", kind="unit__kind"))


class UserQuerySet(models.QuerySet["User"]):
    """Which accounts."""

    def with_seat(self) -> Self:
        """Join what every request asks of its account."""
        return self.select_related("person", "unit__division")

    def administered_by(self, user: User) -> Self:
        """Accounts with a seat in the administrator's units."""
        return self.filter(administered(user, "unit__division__scope_key", kind="unit__kind"))


class GrantQuerySet(models.QuerySet["Grant"]):
    """Which grants."""

    def in_force(self, day: date) -> Self:
        """Grants that hold on `day`."""
        return self.filter(ended_at=None, valid_from__lte=day, valid_to__gte=day)

    def administered_by(self, user: User) -> Self:
        """Grants of the persons the administrator looks after."""
        return self.filter(administered(user, "person__unit__division__scope_key", kind="person__unit__kind"))


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Which audit entries."""

    def visible_to(self, user: User) -> Self:
        """Entries of the auditor's subtree; those of the server itself to the auditor of the node's own division."""
        if not user.can("audit.read"):
            return self.none()
        condition: Any = administered(user, "unit__division__scope_key", kind="unit__kind")
        if user.unit.division.code == settings.NODE_DIVISION:
            condition |= Q(unit=None)
        return self.filter(condition)
