"""Figures that stand while a correction is under way: what the centre holds of records that were changed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Standing(models.Model):
    """What both have; the names are those of the tables they are copied from."""

    db_access = "owner_only"

    document_id = models.UUIDField(db_index=True)
    issuer_key = models.CharField(max_length=12, blank=True, db_collation="C")
    has_parent = models.BooleanField()
    budget_year = models.PositiveSmallIntegerField()
    fund_category_id = models.BigIntegerField()
    budget_item_id = models.BigIntegerField()
    money_level = models.CharField(max_length=10, db_collation="C")
    owner_kind = models.CharField(max_length=12, db_collation="C")
    amount = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        abstract = True


class StandingLine(Standing):
    """
    在途更改的原明细 — a line of a permitted document as the centre holds it; by trigger alone. `amount` in 元.

    Kept from the permit to the end of the order; counts, as acknowledged, from the execution of the
    change to its receipt (`docs/rules/allocated.md`).
    """

    uid = models.UUIDField(primary_key=True)
    n = models.PositiveIntegerField()
    issuer_id = models.BigIntegerField()
    recipient_id = models.BigIntegerField()
    recipient_key = models.CharField(max_length=12, blank=True, db_collation="C")

    class Meta:
        verbose_name = _("line of a record under correction")


class StandingArrival(Standing):
    """在途更改的原到账 — a permitted arrival as the centre holds it; the same for one row. `amount` in 元."""

    uid = models.UUIDField(primary_key=True)
    scope_key = models.CharField(max_length=12, blank=True, db_collation="C")
    arrived_on = models.DateField()

    class Meta:
        verbose_name = _("arrival under correction")
