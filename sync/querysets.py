"""Which nodes, windows, batches and lines of batches: the only place where their visibility is spelled out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.querysets import key_in
from records.choices import RecordState
from records.registry import record_types
from sync.choices import CENTRE, Direction, Outcome

if TYPE_CHECKING:
    from accounts.models import User
    from sync.models import Batch, LineOutcome, Node, QuarantinedLine, Receipt, TransmissionWindow  # noqa: F401


def of_nodes(user: User, node: str) -> Q:
    """
    Condition "belongs to a node the user may read": this server's own one, and those of the user's
    divisions. `node` is the path to the node, empty or ending in `__`. Nothing without `sync.read`.
    """
    if not user.is_authenticated or not user.can("sync.read"):
        return Q(pk__in=[])
    own = Q(**{f"{node}code": settings.NODE})
    return own | key_in(f"{node}division__scope_key", user.scope.keys)


class NodeQuerySet(models.QuerySet["Node"]):
    """Which nodes."""

    def visible_to(self, user: User) -> Self:
        """This server's own node, those of the user's divisions, and the centre, which everybody sends to."""
        seen = of_nodes(user, "")
        return self.filter(seen | Q(code=CENTRE) if user.can("sync.read") else seen)

    def sending(self) -> Self:
        """Nodes that owe the centre a batch at each window."""
        return self.filter(sends=True)


class WindowQuerySet(models.QuerySet["TransmissionWindow"]):
    """Which windows."""

    def visible_to(self, user: User) -> Self:
        """Windows of the nodes the user may read."""
        return self.filter(of_nodes(user, "node__"))


class BatchQuerySet(models.QuerySet["Batch"]):
    """Which batches."""

    def visible_to(self, user: User) -> Self:
        """Batches of the nodes the user may read: counts and receipts, not the lines."""
        return self.filter(of_nodes(user, "node__"))


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    """Which receipts."""

    def visible_to(self, user: User) -> Self:
        """Receipts of the batches the user may read."""
        return self.filter(of_nodes(user, "batch__node__"))


class LineOutcomeQuerySet(models.QuerySet["LineOutcome"]):
    """Which outcomes of lines."""

    def visible_to(self, user: User) -> Self:
        """
        Lines whose record lies in the user's subtree or unit. Every sealed line was reviewed for the
        province, so whoever may read reviewed records of the place may read what became of it.
        """
        if not user.is_authenticated or not (user.can("sync.read") and user.can("records.read")):
            return self.none()
        scope = user.scope
        place = key_in("scope_key", scope.keys + scope.granted_keys)
        place |= Q(owner_unit__in=(scope.unit_id, *scope.granted_units))
        seen: Any = Q(pk__in=[])
        for kind in record_types().values():
            seen |= Q(record_type=kind.key, record_uid__in=kind.model.objects.filter(place).values("pk"))
        return self.filter(seen)

    def returned(self) -> Self:
        """Lines of sent batches the centre did not take."""
        return self.filter(outcome=Outcome.RETURNED, batch__direction=Direction.OUT)

    def waiting(self) -> Self:
        """Returned lines whose record nobody has changed or submitted since."""
        wait: Any = Q(pk__in=[])
        for kind in record_types().values():
            as_returned = kind.model.objects.filter(
                pk=OuterRef("record_uid"), rev=OuterRef("rev"), state=RecordState.RETURNED
            )
            wait |= Q(Exists(as_returned), record_type=kind.key)
        return self.filter(wait)


class QuarantinedLineQuerySet(models.QuerySet["QuarantinedLine"]):
    """Which quarantined lines. They exist where lines are applied: at the centre."""

    def visible_to(self, user: User) -> Self:
        """Lines of the nodes the user may read: a line that cannot be parsed has no other place."""
        if not user.is_authenticated or not user.can("records.read"):
            return self.none()
        return self.filter(of_nodes(user, "batch__node__"))

    def unresolved(self) -> Self:
        """Lines of which no newer revision was applied yet."""
        return self.filter(resolved_at=None)
