"""Where an account may read: own division and everything below, plus dated grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from guardian.shortcuts import get_objects_for_user

from accounts.querysets import key_in
from povfund.common import clock

if TYPE_CHECKING:
    from accounts.models import Unit, User


@dataclass(frozen=True, slots=True)
class Scope:
    """
    可见范围 — prefixes of `Division.scope_key` the account reads, own ones and granted ones.

    `keys` holds the own division and its predecessors; a prefix "" is the whole country.
    `granted_keys` and `granted_units` come from grants in force today.
    """

    unit_id: int
    unit_kind: str
    division_id: int
    keys: tuple[str, ...]
    granted_keys: tuple[str, ...] = ()
    granted_units: tuple[int, ...] = ()
    review_units: tuple[int, ...] = ()
    """Units whose unit review a grant delegates to the person."""
    units: tuple[int, ...] = ()
    """The own unit and those whose tasks passed to it."""
    lines: tuple[str, ...] = ()
    """Kinds of these units: the lines (归口) along which the person reviews."""

    def covers(self, scope_key: str) -> bool:
        """Does the division with this key lie in the own subtree or a granted one?"""
        return any(scope_key.startswith(key) for key in self.keys + self.granted_keys)


prefix_q = key_in


def scope_of(user: User) -> Scope:
    """The scope of an account. Two queries, up to four more where the person holds a grant in force."""
    from accounts.models import Division, Grant

    unit = user.unit
    division = unit.division
    grants = list(
        Grant.objects.in_force(clock.today())
        .filter(person=user.person_id)
        .values_list("right", "unit_id", "division_id")
    )
    units = _granted(user, "read_unit", wanted={u for _right, u, _d in grants if u})
    review = _granted(user, "review_unit", wanted={u for right, u, _d in grants if u and right == Grant.Right.REVIEW})
    divisions = _granted(user, "read_division", wanted={d for _right, _u, d in grants if d})
    before = _before(unit)
    return Scope(
        unit_id=unit.pk,
        unit_kind=unit.kind,
        division_id=division.pk,
        keys=(division.scope_key, *(key for key, _unit, _kind in before if key is not None)),
        units=(unit.pk, *(pk for _key, pk, _kind in before if pk is not None)),
        lines=tuple(dict.fromkeys([unit.kind, *(kind for _key, _unit, kind in before if kind is not None)])),
        granted_keys=tuple(Division.objects.filter(pk__in=divisions).values_list("scope_key", flat=True))
        if divisions
        else (),
        granted_units=units,
        review_units=review,
    )


def _granted(user: User, permission: str, *, wanted: set[int]) -> tuple[int, ...]:
    """Those of the grants' targets for which guardian holds the account's row too."""
    from accounts.models import Division, Unit

    if not wanted:
        return ()
    target = Division if permission == "read_division" else Unit
    allowed = get_objects_for_user(
        user,
        f"accounts.{permission}",
        klass=target.objects.filter(pk__in=wanted),
        with_superuser=False,
        use_groups=False,
        accept_global_perms=False,
    )
    return tuple(allowed.order_by("pk").values_list("pk", flat=True))


_BEFORE = """
    WITH RECURSIVE places(id, scope_key) AS (
        SELECT id, scope_key FROM accounts_division WHERE successor_id = %(place)s
        UNION SELECT d.id, d.scope_key FROM accounts_division d JOIN places p ON d.successor_id = p.id
    ), units(id) AS (
        SELECT unit_id FROM accounts_unitsuccession WHERE successor_id = %(unit)s
        UNION SELECT s.unit_id FROM accounts_unitsuccession s JOIN units u ON s.successor_id = u.id
    )
    SELECT scope_key, NULL, NULL FROM places WHERE id <> %(place)s
    UNION ALL SELECT NULL, u.id, u.kind FROM units JOIN accounts_unit u ON u.id = units.id WHERE u.id <> %(unit)s
"""


def _before(unit: Unit) -> list[tuple[str | None, int | None, str | None]]:
    """
    What became the unit and its division, over any number of mergers: (key of a former division, None, None) and
    (None, id of a former unit, its kind). One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, {"unit": unit.pk, "place": unit.division_id})
        return cursor.fetchall()
