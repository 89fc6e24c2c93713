"""Which nodes, windows, batches and lines of batches: the only place where their visibility is spelled out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.querysets import key_in
from records.choices import RecordState, ReviewStep
from records.models import Review
from records.registry import record_types
from sync.choices import CENTRAL_SEATS, CENTRE, CLOSED_CHANGES, PROVINCIAL_SEATS, ChangeState, Direction, Outcome

if TYPE_CHECKING:
    from accounts.models import User
    from sync.models import (  # noqa: F401
        Batch,
        ChainStop,
        ChangeOrder,
        LineOutcome,
        Node,
        QuarantinedLine,
        Receipt,
        TransmissionWindow,
    )


def known_nodes(user: User, node: str) -> Q:
    """
    Condition "belongs to a node whose dates the user may know": this server's own one, and those the
    user reads. `node` is the path to the node, empty or ending in `__`. Nothing without `sync.read`.
    """
    if not user.is_authenticated or not user.can("sync.read"):
        return Q(pk__in=[])
    return Q(**{f"{node}code": settings.NODE}) | read_nodes(user, node)


def read_nodes(user: User, node: str) -> Q:
    """
    Condition "belongs to a node the user may read": one whose division lies in the user's own. What a
    batch counts is the whole province's, so a city or county reads none of it.
    """
    if not user.is_authenticated or not user.can("sync.read"):
        return Q(pk__in=[])
    return key_in(f"{node}division__scope_key", user.scope.keys)


class NodeQuerySet(models.QuerySet["Node"]):
    """Which nodes."""

    def visible_to(self, user: User) -> Self:
        """This server's own node, those of the user's divisions, and the centre, which everybody sends to."""
        seen = known_nodes(user, "")
        return self.filter(seen | Q(code=CENTRE) if user.can("sync.read") else seen)

    def sending(self) -> Self:
        """Nodes that owe the centre a batch at each window."""
        return self.filter(sends=True)


class WindowQuerySet(models.QuerySet["TransmissionWindow"]):
    """Which windows."""

    def visible_to(self, user: User) -> Self:
        """Windows of this server's node, whose dates concern everybody, and of the nodes the user may read."""
        return self.filter(known_nodes(user, "node__"))


class BatchQuerySet(models.QuerySet["Batch"]):
    """Which batches."""

    def visible_to(self, user: User) -> Self:
        """Batches of the nodes the user may read: counts and receipts, not the lines."""
        return self.filter(read_nodes(user, "node__"))


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    """Which receipts."""

    def visible_to(self, user: User) -> Self:
        """Receipts of the batches the user may read."""
        return self.filter(read_nodes(user, "batch__node__"))


class ChainStopQuerySet(models.QuerySet["ChainStop"]):
    """Which stopped chains."""

    def visible_to(self, user: User) -> Self:
        """Chains of the nodes the user may read."""
        return self.filter(read_nodes(user, "head__node__"))


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
        """Lines of sent batches the centre did not take; `correction` says which carry a consented change."""
        sent = _rows("BatchItem").filter(batch=OuterRef("batch"), line_no=OuterRef("line_no"), permit__isnull=False)
        return self.filter(outcome=Outcome.RETURNED, batch__direction=Direction.OUT).annotate(correction=Exists(sent))

    def unanswered(self) -> Self:
        """Returned lines whose record its own unit has not reviewed since, however often it was edited."""
        since = Q(record_uid=OuterRef("record_uid"), at__gt=OuterRef("batch__applied_at"))
        return self.returned().exclude(Exists(Review.objects.filter(since, step=ReviewStep.UNIT)))

    def waiting(self) -> Self:
        """
        未结退回 — returned lines of which the centre has not taken the record since, whoever has it in hand; once for
        each record: a newer outcome takes the place of the older. Settled where the record was applied or deleted, or,
        of a correction, where the order ended without its change.
        """
        newer = self.model._default_manager.filter(record_uid=OuterRef("record_uid"), pk__gt=OuterRef("pk"))
        never_held = Q(acked_rev=None)
        correction = Q(content_hash=OuterRef("content_hash")) & ~Q(state=RecordState.ACKNOWLEDGED)
        wait: Any = Q(pk__in=[])
        for kind in record_types().values():
            untaken = kind.model.objects.filter(never_held | correction, pk=OuterRef("record_uid"))
            wait |= Q(Exists(untaken), record_type=kind.key)
        return self.filter(wait, ~Exists(newer.filter(batch__direction=Direction.OUT)))


class QuarantinedLineQuerySet(models.QuerySet["QuarantinedLine"]):
    """Which quarantined lines. They exist where lines are applied: at the centre."""

    def visible_to(self, user: User) -> Self:
        """Lines of the nodes the user may read: a line that cannot be parsed has no other place."""
        if not user.is_authenticated or not user.can("records.read"):
            return self.none()
        return self.filter(read_nodes(user, "batch__node__"))

    def unresolved(self) -> Self:
        """Lines of which no newer revision was applied yet."""
        return self.filter(resolved_at=None)


class ChangeOrderQuerySet(models.QuerySet["ChangeOrder"]):
    """Which change orders."""

    def visible_to(self, user: User) -> Self:
        """
        Orders whose seat is the user's unit's or passed to it, whose records the unit entered, and, once
        somebody has signed, those of the own division and below (art. 14). A draft is its unit's alone.
        """
        if not user.is_authenticated or not user.can("records.read"):
            return self.none()
        own = Q(drafted_unit=user.unit.key)
        seated = Exists(_rows("ChangeSeat").filter(order=OuterRef("pk"), unit__in=units_of(user), since__isnull=False))
        entered = Exists(_rows("ChangeItem").filter(order=OuterRef("pk"), owner=user.unit.key))
        below = key_in("scope_key", user.scope.keys + user.scope.granted_keys)
        return self.filter(own | ~Q(state=ChangeState.DRAFT) & (below | entered) | Q(seated))

    def open(self) -> Self:
        """Orders under way."""
        return self.exclude(state__in=CLOSED_CHANGES)

    def awaiting(self, user: User) -> Self:
        """待我签署 — orders with an empty seat of the user's unit that is asked now and that no one has refused."""
        here = Q(state__in=(ChangeState.DRAFT, ChangeState.SIGNING), seat__in=PROVINCIAL_SEATS)
        here |= Q(state=ChangeState.ASKED, seat__in=CENTRAL_SEATS)
        signed = _rows("ChangeSignature").filter(order=OuterRef("order"), seat=OuterRef("seat"))
        seats = (
            _rows("ChangeSeat")
            .annotate(state=models.F("order__state"))
            .filter(here, ~Q(Exists(signed)), unit__in=units_of(user), since__isnull=False)
        )
        return self.open().filter(pk__in=seats.values("order"))

    def touching(self, scope_key: str) -> Self:
        """Orders that are asked and not closed over records that lie in, or reach into, the division with this key."""
        under_way = self.open().exclude(state__in=(ChangeState.DRAFT, ChangeState.SIGNING))
        if not scope_key:
            return under_way
        found: Any = Q(pk__in=[])
        for kind in record_types().values():
            rows: Any = kind.model.objects.filter(pk__in=_rows("OpenChange").values("record_uid"))
            here = rows.filter(key_in("scope_key", (scope_key,)) | rows.received_q((scope_key,)))
            claimed = _rows("OpenChange").filter(record_uid__in=here.values("pk"))
            found |= Q(record_type=kind.key, pk__in=claimed.values("order"))
        return under_way.filter(found)


def _rows(model: str) -> models.QuerySet[Any]:
    """Rows of a model that stands above this module."""
    return apps.get_model("sync", model)._default_manager.all()


def units_of(user: User) -> tuple[int, ...]:
    """The user's unit and those whose tasks passed to it."""
    return user.scope.units
