"""Dated code tables: budget items and fund categories."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy as _, pgettext

from accounts.choices import UnitKind
from accounts.models import Division


class DatedCode(models.Model):
    """
    有时效的代码 — a code valid for budget years `from_year`..`to_year` (None: open).

    `names` lists what it was called when: [{"from": 2007, "to": 2020, "name": "…"}], newest last.
    """

    code = models.CharField(_("code"), max_length=40, db_collation="C")
    from_year = models.PositiveSmallIntegerField(_("first budget year"), null=True, blank=True)
    to_year = models.PositiveSmallIntegerField(_("last budget year"), null=True, blank=True)
    names = models.JSONField(_("names"), default=list)
    version = models.CharField(_("table version"), max_length=10, db_collation="C")
    source = models.CharField(_("source"), max_length=300, blank=True)

    class Meta:
        abstract = True
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name_in(None)}"

    def valid_in(self, year: int) -> bool:
        """Is the code in force for this budget year?"""
        return (self.from_year or 0) <= year <= (self.to_year or 9999)

    def name_in(self, year: int | None) -> str:
        """What the code was called in `year`; its newest name without one."""
        named = [n for n in self.names if year is None or (n["from"] or 0) <= year <= (n["to"] or 9999)]
        return (named or self.names or [{"name": self.code}])[-1]["name"]

    def name_and_former(self, year: int | None) -> str:
        """Its name in `year`; without one its newest, with those before in brackets where they were others."""
        name = self.name_in(year)
        former = list(dict.fromkeys(n["name"] for n in self.names if n["name"] != name)) if year is None else []
        if not former:
            return name
        told = {"name": name, "former": pgettext("list", ", ").join(former)}
        return gettext("%(name)s (formerly %(former)s)") % told


class BudgetItem(DatedCode):
    """支出功能分类科目 — 2801 before 2007, six items of 21305 from 2007 (art. 2); others are out of scope."""

    in_scope = models.BooleanField(_("fiscal poverty money"), default=True)

    class Meta(DatedCode.Meta):
        abstract = False
        verbose_name = _("budget item")
        verbose_name_plural = _("budget items")
        constraints = [models.UniqueConstraint(fields=["code"], name="funds_budgetitem_one_code")]


class FundCategory(DatedCode):
    """
    资金类别 — national category, or `<national>.<own>` of one province below it.

    `managing_kind` is the line in charge (归口, rule F10); empty on a sub-category: its parent's.
    """

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("national category")
    )
    province = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("province")
    )
    managing_kind = models.CharField(_("line in charge"), max_length=12, choices=UnitKind, blank=True, db_collation="C")

    class Meta(DatedCode.Meta):
        abstract = False
        verbose_name = _("fund category")
        verbose_name_plural = _("fund categories")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="funds_fundcategory_one_code"),
            models.CheckConstraint(
                condition=Q(parent=None, province=None) | Q(parent__isnull=False, province__isnull=False),
                name="funds_fundcategory_province_below_nation",
            ),
        ]
