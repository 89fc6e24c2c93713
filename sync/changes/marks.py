"""Orders as they stand beside what they touch: which are in force or under way, and which the reader may open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import User
from sync.changes.naming import titles_of
from sync.changes.reading import orders_of
from sync.models import ChangeOrder


@dataclass(frozen=True, slots=True)
class Mark:
    """
    更改标记 — an order, and whether the reader may open it. Beside a record its number is told to all who read the
    record; beside figures of a place, where it may touch records the reader does not see, only to who opens it.
    """

    order: ChangeOrder
    opens: bool
    in_force: bool
    title: str = ""
    """What it is about, in the reader's language; beside figures alone."""

    @property
    def number(self) -> str:
        return self.order.number

    @property
    def url(self) -> str:
        """Address of the order, empty where the reader may not open it."""
        return self.order.get_absolute_url() if self.opens else ""

    @property
    def under_way(self) -> bool:
        return not self.in_force


def marked(orders: Iterable[ChangeOrder], *, user: User, in_force: bool) -> list[Mark]:
    """Orders in force, or under way, over what is shown, with what the reader may do. A fixed number of queries."""
    found = list(orders)
    opened = _opened([order.pk for order in found], user)
    titles = titles_of([order for order in found if order.pk in opened]) if opened else {}
    return [Mark(order, order.pk in opened, in_force, titles.get(order.pk, "")) for order in found]


def marks_on(record_uids: Any, *, user: User | None = None) -> dict[UUID, list[Mark]]:
    """
    The orders in force or under way over each of these records, oldest first; without a reader none opens. Three
    queries at most for any number. `record_uids` may be a query.
    """
    found = orders_of(record_uids)
    if user is None:
        return {uid: [Mark(order, False, applied) for order, applied in several] for uid, several in found.items()}
    every = {order.pk for several in found.values() for order, _applied in several}
    opened = _opened(every, user)
    return {
        uid: [Mark(order, order.pk in opened, applied) for order, applied in several] for uid, several in found.items()
    }


def _opened(orders: Iterable[UUID], user: User) -> set[UUID]:
    return set(ChangeOrder.objects.visible_to(user).filter(pk__in=orders).values_list("pk", flat=True))
