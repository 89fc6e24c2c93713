"""Money that arrived for a line of a fund document."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from accounts.models import Division
from funds.choices import ArrivalAccount, MoneyLevel
from funds.guards import arrived_within_line
from funds.models.codes import BudgetItem, FundCategory
from funds.models.document import FundDocument, FundLine
from records.models import Record


class Arrival(Record):
    """
    到账 — money of one line that stands on an account of the receiving division. `amount` in 元.

    Under reimbursement (报账制) that is the finance account together with the budget document, else
    the account of the project's unit (`account`). Entered by the receiving division's finance
    (art. 10). Of a line that takes money back the amount is negative: it has left. The sum of a
    line's arrivals never exceeds the line (rule F07), by trigger as well. Issuer, year, level,
    category and item repeat the line's, so that totals need no join; a rule compares them.
    """

    record_type: ClassVar[str] = "arrival"

    document = models.ForeignKey(FundDocument, models.PROTECT, related_name="arrivals", verbose_name=_("fund document"))
    line = models.ForeignKey(FundLine, models.DO_NOTHING, related_name="arrivals", verbose_name=_("fund line"))
    arrived_on = models.DateField(_("arrived on"))
    amount = models.DecimalField(_("amount arrived (yuan)"), max_digits=18, decimal_places=2)
    account = models.CharField(
        pgettext_lazy("of an arrival", "account"), max_length=10, choices=ArrivalAccount, db_collation="C"
    )
    budget_no = models.CharField(_("budget document"), max_length=60, blank=True)
    voucher_no = models.CharField(_("voucher number"), max_length=60, blank=True)
    remark = models.TextField(_("remark"), blank=True)
    issuer = models.ForeignKey(Division, models.PROTECT, related_name="+", editable=False)
    issuer_key = models.CharField(max_length=12, blank=True, db_collation="C", editable=False)
    has_parent = models.BooleanField(default=False, editable=False)
    budget_year = models.PositiveSmallIntegerField(_("budget year"), editable=False)
    money_level = models.CharField(max_length=10, choices=MoneyLevel, db_collation="C", editable=False)
    fund_category = models.ForeignKey(FundCategory, models.PROTECT, related_name="+", editable=False)
    budget_item = models.ForeignKey(BudgetItem, models.PROTECT, related_name="+", editable=False)

    class Meta(Record.Meta):
        abstract = False
        ordering = ["-changed_at", "-uid"]
        verbose_name = _("arrival")
        verbose_name_plural = _("arrivals")
        constraints = [
            *Record.Meta.constraints,
            models.CheckConstraint(condition=~Q(amount=0), name="funds_arrival_amount_not_zero"),
        ]
        triggers = [*Record.Meta.triggers, *arrived_within_line("line_id")]

    def __str__(self) -> str:
        return _("Arrival of %(day)s") % {"day": self.arrived_on}

    def get_absolute_url(self) -> str:
        return reverse("funds:arrival", args=[self.uid])
