"""What the chain keeps: documents to look at again, unallocated balances, cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Division, Unit
from accounts.scope import prefix_q
from funds.models import FundDocument
from rollups.choices import CaseKind

if TYPE_CHECKING:
    from accounts.models import User


class ChainTouched(models.Model):
    """待核对的文件 — a document whose chain moved; appended by triggers, taken out by the tick."""

    document = models.UUIDField()


class ChainBalanceQuerySet(models.QuerySet["ChainBalance"]):
    def visible_to(self, user: User) -> Self:
        """What lies with the divisions the person reads (art. 14)."""
        if not user.can("records.read"):
            return self.none()
        return self.filter(prefix_q("recipient_key", user.scope.keys + user.scope.granted_keys))


class ChainBalance(models.Model):
    """
    结存 — what the holder of a fund line has neither passed down nor retained, in 分.

    `since` is the day its age counts from: of the first arrival, else of receipt, else of issue.
    `mark` is 1 once it is older than one year, 2 than two (rule F09). Dimensions are the line's.
    """

    line = models.UUIDField(primary_key=True)
    document = models.UUIDField(db_index=True)
    recipient_key = models.CharField(max_length=12, blank=True, db_collation="C")
    year = models.PositiveSmallIntegerField()
    category_id = models.BigIntegerField()
    item_id = models.BigIntegerField()
    money_level = models.CharField(max_length=10, db_collation="C")
    unit_kind = models.CharField(max_length=12, db_collation="C")
    state = models.CharField(max_length=20, db_collation="C")
    fen = models.BigIntegerField()
    since = models.DateField()
    mark = models.PositiveSmallIntegerField(default=0)
    next_look = models.DateField(null=True)

    objects = ChainBalanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("unallocated balance")
        indexes = [
            models.Index(fields=["next_look"], name="rollups_chainbalance_due"),
            models.Index(fields=["since", "line"], name="rollups_chainbalance_oldest"),
            models.Index(fields=["recipient_key"], name="rollups_chainbalance_place"),
        ]


class ChainCaseQuerySet(models.QuerySet["ChainCase"]):
    def visible_to(self, user: User) -> Self:
        """Cases between two divisions, for both of them and whoever is above either (art. 14)."""
        if not user.can("records.read"):
            return self.none()
        keys = user.scope.keys + user.scope.granted_keys
        return self.filter(prefix_q("holder_key", keys) | prefix_q("issuer_key", keys))

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def beyond_given(self, keys: tuple[str, ...]) -> int:
        """
        分 that places at or below `keys` passed down or retained beyond what remains given to them: the totals count it
        below zero in 未分配, while no balance is below zero.
        """
        kinds = (CaseKind.OVER_PASSED, CaseKind.TAKEN_ELSEWHERE)
        rows = self.open().filter(prefix_q("holder_key", keys), kind__in=kinds)
        return rows.aggregate(fen=Sum("fen"))["fen"] or 0

    def with_display_relations(self) -> Self:
        return self.select_related("document", "holder", "issuer", "acts__division")


class ChainCase(models.Model):
    """
    差异 — where a document and what its recipient did with the money do not agree; `fen` by how much.

    Opened and closed by the tick alone. Both divisions see it, and `acts`, the unit that must act.
    """

    kind = models.CharField(_("what"), max_length=16, choices=CaseKind, db_collation="C")
    document = models.ForeignKey(FundDocument, models.CASCADE, related_name="+", verbose_name=_("fund document"))
    issuer = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("issued by"))
    issuer_key = models.CharField(max_length=12, blank=True, db_collation="C")
    holder = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("held by"))
    holder_key = models.CharField(max_length=12, blank=True, db_collation="C")
    acts = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", verbose_name=_("must act"))
    fen = models.BigIntegerField()
    since = models.DateField(_("since"))
    mark = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True)

    objects = ChainCaseQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        verbose_name = _("case of the fund chain")
        verbose_name_plural = _("cases of the fund chain")
        constraints = [
            models.UniqueConstraint(
                fields=["document", "holder", "kind"], condition=Q(closed_at=None), name="rollups_chaincase_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["holder_key"], condition=Q(closed_at=None), name="rollups_chaincase_holder"),
            models.Index(fields=["issuer_key"], condition=Q(closed_at=None), name="rollups_chaincase_issuer"),
            models.Index(fields=["acts"], condition=Q(closed_at=None), name="rollups_chaincase_acts"),
            models.Index(fields=["-kind", "-id"], condition=Q(closed_at=None), name="rollups_chaincase_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.document}"

    @property
    def title(self) -> str:
        """What it is, in words, with its age."""
        return gettext("Unallocated for more than two years") if self.mark == 2 else self.get_kind_display()

    @property
    def of_age(self) -> bool:
        """Did age alone open it? Such cases warn; the others say that two levels disagree."""
        return self.kind in (CaseKind.LATE, CaseKind.IDLE)

    @property
    def amount(self) -> Any:
        """The difference in 元."""
        from decimal import Decimal

        return Decimal(self.fen) / 100
