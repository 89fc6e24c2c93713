"""The fund document and its lines."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex  # noqa: F401
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.choices import UnitKind
from accounts.models import Division
from funds.choices import IssueBatch, MoneyLevel, PaymentMode
from funds.guards import arrived_within_line
from funds.models.codes import BudgetItem, FundCategory
from funds.querysets import FundDocumentQuerySet, FundLineQuerySet
from funds.sums import judged_when_due, lines_within_parent, within_parent
from povfund.common.uid import uuid7
from records.life.locks import child_lock
from records.models import Record


class FundDocument(Record):
    """
    资金下达 — one fund document of one issuing unit, with its lines (arts. 2, 9).

    `document_no` is normalised to 〔〕 brackets, `document_no_raw` is what was typed. `total` (元)
    and `line_count` repeat the sums of the lines for lists; the content is the lines. What is passed
    on below a parent fits what it gave, by trigger (rule F04, `funds/sums.py`).
    """

    record_type: ClassVar[str] = "fund_document"

    document_no = models.CharField(_("document number"), max_length=60, blank=True, db_collation="C")
    document_no_raw = models.CharField(_("document number as typed"), max_length=80, blank=True)
    title = models.CharField(_("title"), max_length=200)
    budget_year = models.PositiveSmallIntegerField(_("budget year"))
    issue_batch = models.CharField(_("batch"), max_length=12, choices=IssueBatch, db_collation="C")
    issued_on = models.DateField(_("issued on"))
    received_on = models.DateField(_("received on"), null=True, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent document")
    )
    stated_total = models.DecimalField(
        _("total stated in the document (yuan)"), max_digits=18, decimal_places=2, null=True, blank=True
    )
    remark = models.TextField(_("remark"), blank=True)
    total = models.DecimalField(max_digits=18, decimal_places=2, default=0, editable=False)
    line_count = models.PositiveIntegerField(default=0, editable=False)

    objects = FundDocumentQuerySet.as_manager()

    class Meta(Record.Meta):
        abstract = False
        ordering = ["-changed_at", "-uid"]
        verbose_name = _("fund document")
        verbose_name_plural = _("fund documents")
        constraints = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=Q(received_on=None) | Q(received_on__gte=models.F("issued_on")),
                name="funds_funddocument_received_after_issue",
            ),
            models.CheckConstraint(
                condition=Q(budget_year__gte=1949, budget_year__lte=2200), name="funds_funddocument_year_is_a_year"
            ),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["document_no"], name="funds_funddocument_number"),
            models.Index(fields=["parent"], name="funds_funddocument_parent", condition=Q(parent__isnull=False)),
        ]
        triggers = [*Record.Meta.triggers, *within_parent()]

    def __str__(self) -> str:
        return self.document_no or self.title

    def get_absolute_url(self) -> str:
        return reverse("funds:document", args=[self.uid])


class FundLine(models.Model):
    """
    资金明细 — money of one level, category and budget item to one recipient. `amount` in 元.

    Number, issuer and year repeat the document's, so that rule F03 is a unique index and a
    drill-down needs no join.
    """

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    document = models.ForeignKey(FundDocument, models.CASCADE, related_name="lines", db_index=False)
    n = models.PositiveIntegerField(_("line"))
    recipient = models.ForeignKey(
        Division, models.PROTECT, related_name="+", db_index=False, verbose_name=_("recipient")
    )
    recipient_key = models.CharField(max_length=12, blank=True, db_collation="C", editable=False)
    money_level = models.CharField(_("level of money"), max_length=10, choices=MoneyLevel, db_collation="C")
    fund_category = models.ForeignKey(
        FundCategory, models.PROTECT, related_name="+", db_index=False, verbose_name=_("fund category")
    )
    budget_item = models.ForeignKey(
        BudgetItem, models.PROTECT, related_name="+", db_index=False, verbose_name=_("budget item")
    )
    amount = models.DecimalField(_("amount (yuan)"), max_digits=18, decimal_places=2)
    payment_mode = models.CharField(_("payment mode"), max_length=16, choices=PaymentMode, db_collation="C")
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    document_no = models.CharField(max_length=60, blank=True, db_collation="C", editable=False)
    issuer = models.ForeignKey(Division, models.PROTECT, related_name="+", db_index=False, editable=False)
    issuer_key = models.CharField(max_length=12, blank=True, db_collation="C", editable=False)
    owner_kind = models.CharField(max_length=12, choices=UnitKind, db_collation="C", editable=False)
    budget_year = models.PositiveSmallIntegerField(editable=False)
    has_parent = models.BooleanField(default=False, editable=False)

    objects = FundLineQuerySet.as_manager()

    class Meta:
        ordering = ["document", "n"]
        verbose_name = _("fund line")
        verbose_name_plural = _("fund lines")
        constraints = [
            models.UniqueConstraint(
                fields=["document_no", "issuer", "recipient", "money_level", "fund_category", "budget_item"],
                condition=~Q(document_no=""),
                name="funds_fundline_once_per_document",
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="funds_fundline_amount_not_zero"),
            models.CheckConstraint(
                condition=Q(amount__lt=10**13, amount__gt=-(10**13)), name="funds_fundline_amount_in_range"
            ),
        ]
        indexes = [
            models.Index(fields=["document", "n"], name="funds_fundline_document"),
            models.Index(fields=["recipient_key", "budget_year"], name="funds_fundline_recipient"),
        ]
        triggers = [
            *child_lock("funds_funddocument", "document_id"),
            *arrived_within_line("uid"),
            *lines_within_parent(),
        ]

    def __str__(self) -> str:
        return f"{self.document_no} #{self.n}"


class SumsDue(models.Model):
    """
    待核分解 — a document whose lines this transaction changed; judged by rule F04 when the transaction ends.

    Noted and taken away by triggers within one transaction: nobody ever finds a row. Unlogged.
    """

    document = models.UUIDField(primary_key=True)

    class Meta:
        triggers = [judged_when_due()]
