"""Where an account may read: own division and everything below, plus dated grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from guardian.shortcuts import get_objects_for_user

from accounts.querysets import key_in
from povfund.common import clock

if TYPE_CHECKING:
    from accounts.models import Division, User


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

    def covers(self, scope_key: str) -> bool:
        """Does the division with this key lie in the own subtree or a granted one?"""
        return any(scope_key.startswith(key) for key in self.keys + self.granted_keys)


prefix_q = key_in


def scope_of(user: User) -> Scope:
    """The scope of an account. Two queries, up to five more where the person holds a grant in force."""
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
    return Scope(
        unit_id=unit.pk,
        unit_kind=unit.kind,
        division_id=division.pk,
        keys=(division.scope_key, *_predecessors(division)),
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


def _predecessors(division: Division) -> tuple[str, ...]:
    """Keys of the divisions that became this one, over any number of mergers."""
    from accounts.models import Division

    keys: list[str] = []
    known = {division.pk}
    wave = [division.pk]
    while wave:
        former = Division.objects.filter(successor__in=wave).exclude(pk__in=known).values_list("pk", "scope_key")
        wave = [pk for pk, _key in former]
        known.update(wave)
        keys += [key for _pk, key in former]
    return tuple(keys)
