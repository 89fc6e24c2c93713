"""Change orders: what is to change, who is asked, who signed, and the letters between province and centre."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Person, Unit, User
from povfund.common.triggers import append_only
from povfund.common.uid import uuid7
from records.choices import ChangeReason
from sync.changes import guards
from sync.choices import CLOSED_CHANGES, ChangeMail, ChangeState, ClosedFor, Seat, SeatDecision, TooLate
from sync.models.node import Node
from sync.querysets import ChangeOrderQuerySet


class ChangeOrder(models.Model):
    """
    更改申请 — one decision over the changes of one or many sent records (art. 12); alike at both ends.

    `root` is the Merkle root over its items, `fen_by` what they change in 分, `deletions` how many of them are
    deletions; once a province has signed, nothing but the course of
    the order changes. `drafted_key` is who drew it up as signatures name persons (`P51:12`), at either end; empty where
    a province did not say. `code` is the verification code of the printed letter (公函). Only the
    transmission makes an order permitted, executing or done; a closed one never moves again.
    """

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    node = models.ForeignKey(Node, models.PROTECT, related_name="change_orders", verbose_name=_("province"))
    number = models.CharField(_("number"), max_length=30, db_collation="C")
    code = models.CharField(_("verification code"), max_length=20, db_collation="C")
    record_type = models.CharField(max_length=30, db_collation="C")
    line = models.CharField(_("line"), max_length=12, db_collation="C")
    scope_key = models.CharField(max_length=12, blank=True, db_collation="C")
    title = models.CharField(_("about"), max_length=200)
    count = models.PositiveIntegerField(_("records"))
    root = models.CharField(max_length=64, db_collation="C")
    fen_by = models.BigIntegerField(default=0)
    deletions = models.PositiveIntegerField(default=0)
    reason_code = models.CharField(_("reason"), max_length=20, choices=ChangeReason, db_collation="C")
    reason = models.TextField(_("explanation"))
    state = models.CharField(
        _("state"), max_length=10, choices=ChangeState, default=ChangeState.DRAFT, db_collation="C"
    )
    drafted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    drafted_unit = models.CharField(max_length=30, db_collation="C")
    drafted_key = models.CharField(max_length=40, blank=True, default="", db_default="", db_collation="C")
    drafted_name = models.CharField(max_length=60, blank=True, default="", db_default="")
    drafted_at = models.DateTimeField(_("drawn up"))
    asked_at = models.DateTimeField(_("asked"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    permit_id = models.UUIDField(null=True, editable=False)
    expires_at = models.DateTimeField(_("valid until"))
    executed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    executed_at = models.DateTimeField(_("executed"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_for = models.CharField(_("ended because"), max_length=12, choices=ClosedFor, blank=True, db_collation="C")
    closed_text = models.TextField(blank=True)

    objects = ChangeOrderQuerySet.as_manager()

    class Meta:
        ordering = ["-drafted_at", "-uid"]
        verbose_name = _("change order")
        verbose_name_plural = _("change orders")
        constraints = [
            models.UniqueConstraint(fields=["node", "number"], name="sync_changeorder_one_number"),
            models.UniqueConstraint(fields=["code"], name="sync_changeorder_one_code"),
            models.CheckConstraint(
                condition=Q(state__in=[str(s) for s in CLOSED_CHANGES], closed_at__isnull=False)
                | ~Q(state__in=[str(s) for s in CLOSED_CHANGES]) & Q(closed_at=None),
                name="sync_changeorder_closed_has_moment",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="sync_changeorder_says_why"),
            models.CheckConstraint(condition=Q(count__gt=0), name="sync_changeorder_changes_something"),
        ]
        indexes = [
            models.Index(fields=["state", "-drafted_at"], name="sync_changeorder_todo"),
            models.Index(fields=["-drafted_at", "-uid"], name="sync_changeorder_new"),
        ]
        triggers = guards.order_guards()

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("sync:change", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state not in CLOSED_CHANGES

    @property
    def state_told(self) -> str:
        """The state as this end knows it: the centre gave the permit, and hears of its execution by the batches."""
        if self.state == ChangeState.PERMITTED and settings.EDITION == "central":
            return gettext("Permit given")
        return str(self.get_state_display())

    @property
    def drafted_unit_name(self) -> str:
        """通江县财政局: the unit that drew the order up. One query; for many orders `Unit.objects.names_of`."""
        return Unit.objects.names_of([self.drafted_unit])[self.drafted_unit]


class ChangeItem(models.Model):
    """
    更改事项 — one record of an order: the revision it is based on and the content asked for. Append-only.

    `proposed` is canonical content, `null` for a deletion (tombstone); `fen` by which the record's sum changes.
    """

    db_access = "append_only"

    order = models.ForeignKey(ChangeOrder, models.PROTECT, related_name="items", db_index=False)
    n = models.PositiveIntegerField()
    record_uid = models.UUIDField()
    owner = models.CharField(max_length=30, db_collation="C")
    label = models.CharField(max_length=200)
    base_rev = models.PositiveIntegerField()
    base_hash = models.CharField(max_length=64, db_collation="C")
    new_hash = models.CharField(max_length=64, db_collation="C")
    proposed = models.BinaryField()
    fen_before = models.BigIntegerField()
    fen_after = models.BigIntegerField()

    class Meta:
        ordering = ["order", "n"]
        constraints = [
            models.UniqueConstraint(fields=["order", "n"], name="sync_changeitem_once"),
            models.UniqueConstraint(fields=["order", "record_uid"], name="sync_changeitem_one_per_record"),
            models.CheckConstraint(condition=~Q(new_hash=F("base_hash")), name="sync_changeitem_changes_something"),
        ]
        indexes = [models.Index(fields=["record_uid"], name="sync_changeitem_record")]
        triggers = [append_only()]

    @property
    def deletes(self) -> bool:
        """Is the record to be taken out?"""
        return bytes(self.proposed) == b"null"


class OpenChange(models.Model):
    """在途更改 — the one open order of a record; the row goes when the order closes, never before."""

    record_uid = models.UUIDField(primary_key=True)
    order = models.ForeignKey(ChangeOrder, models.PROTECT, related_name="open_changes")

    class Meta:
        triggers = [guards.open_change_guard()]


class ChangeSeat(models.Model):
    """席位 — one of the four units of an order; `since` is when it was asked. The unit's name as it was then."""

    order = models.ForeignKey(ChangeOrder, models.PROTECT, related_name="seats", db_index=False)
    seat = models.CharField(_("seat"), max_length=20, choices=Seat, db_collation="C")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="change_seats", verbose_name=_("unit"))
    unit_name = models.CharField(_("unit"), max_length=100)
    since = models.DateTimeField(_("asked"), null=True)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [models.UniqueConstraint(fields=["order", "seat"], name="sync_changeseat_once")]
        triggers = [guards.seat_guard()]

    @property
    def unit_called(self) -> str:
        """The unit as the reader says it."""
        return self.unit.called(self.unit_name)


class ChangeSignature(models.Model):
    """
    签署 — what one person decided in one seat. Append-only.

    Persons differ in all four seats, by constraint on `person_key` (`P51:12`, whichever account was
    used) and on `person_digest` (name and office telephone or e-mail, so that nobody sits on both sides
    under two registrations). `nonce` makes a repeated request one decision. At the other node
    `person` is empty.
    """

    db_access = "append_only"

    order = models.ForeignKey(ChangeOrder, models.PROTECT, related_name="signatures", db_index=False)
    seat = models.CharField(_("seat"), max_length=20, choices=Seat, db_collation="C")
    decision = models.CharField(_("decision"), max_length=10, choices=SeatDecision, db_collation="C")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("unit"))
    unit_name = models.CharField(_("unit"), max_length=100)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name=_("person"))
    person_key = models.CharField(max_length=40, db_collation="C")
    person_digest = models.CharField(max_length=64, db_collation="C")
    person_name = models.CharField(_("person"), max_length=60)
    delegated = models.BooleanField(_("by delegation"), default=False)
    proved_by = models.CharField(max_length=10, db_collation="C")
    nonce = models.CharField(max_length=80, db_collation="C")
    comment = models.TextField(_("comment"), blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        constraints = [
            models.UniqueConstraint(fields=["order", "seat"], name="sync_changesignature_one_per_seat"),
            models.UniqueConstraint(fields=["order", "person_key"], name="sync_changesignature_different_persons"),
            models.UniqueConstraint(fields=["order", "person"], name="sync_changesignature_one_per_person"),
            models.UniqueConstraint(fields=["order", "person_digest"], name="sync_changesignature_nobody_twice"),
            models.UniqueConstraint(fields=["nonce"], name="sync_changesignature_one_per_proof"),
            models.CheckConstraint(
                condition=Q(decision=SeatDecision.REFUSE)
                | Q(decision=SeatDecision.SIGN, seat__startswith="province")
                | Q(decision=SeatDecision.CONSENT, seat__startswith="central"),
                name="sync_changesignature_decision_fits_seat",
            ),
            models.CheckConstraint(
                condition=~Q(decision=SeatDecision.REFUSE) | ~Q(comment=""),
                name="sync_changesignature_refusal_says_why",
            ),
        ]
        triggers = [append_only(), guards.signature_guard()]

    def __str__(self) -> str:
        return f"{self.get_seat_display()} {self.person_name}"

    @property
    def unit_called(self) -> str:
        """The unit as the reader says it."""
        return self.unit.called(self.unit_name)


class ChangeEvidence(models.Model):
    """更改依据 — a file that supports an order; the bytes lie with the attachments, under their hash. Append-only."""

    db_access = "append_only"

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(ChangeOrder, models.PROTECT, related_name="evidence")
    name = models.CharField(_("file name"), max_length=200)
    media_type = models.CharField(max_length=80, db_collation="C")
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64, db_collation="C")
    added_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["uid"]
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = [models.UniqueConstraint(fields=["order", "sha256"], name="sync_changeevidence_once")]
        triggers = [append_only()]


class ChangeReminder(models.Model):
    """催办 — somebody asked a seat to decide. Append-only."""

    db_access = "append_only"

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(ChangeOrder, models.PROTECT, related_name="reminders")
    seat = models.CharField(_("seat"), max_length=20, choices=Seat, db_collation="C")
    person_name = models.CharField(_("person"), max_length=60)
    unit_name = models.CharField(_("unit"), max_length=100)
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["at", "pk"]
        triggers = [append_only()]


class ChangeWithdrawal(models.Model):
    """
    撤回 — who asked to take an order back, and why: it stands, and ends the order, unless it was `refused` for coming
    too late. Kept for ever; one stands at a time. At the centre `asked_by` is empty.
    """

    order = models.ForeignKey(ChangeOrder, models.PROTECT, related_name="withdrawals")
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    person_name = models.CharField(_("person"), max_length=60)
    unit_name = models.CharField(_("unit"), max_length=100)
    reason = models.TextField(_("reason"))
    at = models.DateTimeField(_("at"))
    refused_at = models.DateTimeField(null=True)
    refused = models.CharField(max_length=12, choices=TooLate, blank=True, db_collation="C")

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(refused_at=None), name="sync_changewithdrawal_one_stands"
            ),
            models.CheckConstraint(
                condition=Q(refused_at=None, refused="") | Q(refused_at__isnull=False) & ~Q(refused=""),
                name="sync_changewithdrawal_refused_says_why",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="sync_changewithdrawal_says_why"),
        ]
        triggers = [guards.withdrawal_guard()]


class ChangeMessage(models.Model):
    """更改来信 — a letter of this province to the centre about an order, until the centre has answered it."""

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(ChangeOrder, models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=10, choices=ChangeMail, db_collation="C")
    payload = models.JSONField(default=dict)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["uid"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind"], condition=~Q(kind=ChangeMail.REMIND), name="sync_changemessage_once"
            )
        ]
        indexes = [models.Index(fields=["uid"], condition=Q(sent_at=None), name="sync_changemessage_waiting")]


class SeatDelegation(models.Model):
    """席位委托 — for these days a person of the unit may sign in its seat without the duty to (art. 12)."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="seat_delegations", verbose_name=_("unit"))
    person = models.ForeignKey(Person, models.PROTECT, related_name="seat_delegations", verbose_name=_("person"))
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"))
    reason = models.CharField(_("reason"), max_length=400)
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("given by"))
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        ordering = ["-valid_from", "-pk"]
        verbose_name = _("delegation of a seat")
        verbose_name_plural = _("delegations of seats")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")), name="sync_seatdelegation_dates_in_order"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__lt=F("valid_from") + Value(366)), name="sync_seatdelegation_at_most_a_year"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="sync_seatdelegation_says_why"),
        ]
