"""Summary cells, their history by cut-off, the queue of deltas, and proofs; the chain has its own file."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from rollups.chain.models import ChainBalance, ChainCase, ChainTouched
from rollups.standing import StandingArrival, StandingLine


class Grain(models.Model):
    """What one cell counts: measure, dimensions of a fund line, count of facts, sum in 分."""

    measure = models.CharField(max_length=12, db_collation="C", default="allocated", db_default="allocated")
    year = models.PositiveSmallIntegerField()
    category_id = models.BigIntegerField()
    item_id = models.BigIntegerField()
    money_level = models.CharField(max_length=10, db_collation="C")
    unit_kind = models.CharField(max_length=12, db_collation="C")
    state = models.CharField(max_length=20, db_collation="C")
    n = models.BigIntegerField()
    fen = models.BigIntegerField()

    class Meta:
        abstract = True


GRAIN = ["measure", "year", "category_id", "item_id", "money_level", "unit_kind", "state"]


class Delta(Grain):
    """
    变动 — what one statement changed, aggregated; appended by triggers in the same transaction.

    A line counts at every node on the path centre → `recipient_key`; where its document has a
    parent, not at those on the path centre → `issuer_key`: money enters a subtree once. `own` says
    that issuer and recipient are one: the money is retained.
    """

    own = models.BooleanField(default=False, db_default=False)
    recipient_key = models.CharField(max_length=12, blank=True, db_collation="C")
    issuer_key = models.CharField(max_length=12, blank=True, db_collation="C")
    has_parent = models.BooleanField()
    cutoff = models.DateField()

    class Meta:
        verbose_name = _("pending change")


class StateMove(models.Model):
    """
    待汇总的状态变动 — a document whose lines came to count in another data state: two deltas for each line.

    Its lines are read when it is merged; whoever changes one of them before books it first. `was`
    and `now` are empty where the lines count nowhere.
    """

    document = models.UUIDField(db_index=True)
    was = models.CharField(max_length=20, blank=True, db_collation="C")
    now = models.CharField(max_length=20, blank=True, db_collation="C")
    cutoff = models.DateField()

    class Meta:
        verbose_name = _("pending change of state")


class Cell(Grain):
    """汇总格 — current sum of one division (by scope key, every level) and one set of dimensions."""

    node = models.CharField(max_length=12, blank=True, db_collation="C")

    class Meta:
        verbose_name = _("summary cell")
        constraints = [models.UniqueConstraint(fields=["node", *GRAIN], name="rollups_cell_once")]


class CellHistory(Grain):
    """历史格 — by how much a cell moved on one cut-off day; their sum is the cell."""

    node = models.CharField(max_length=12, blank=True, db_collation="C")
    cutoff = models.DateField()

    class Meta:
        verbose_name = _("movement of a cell")
        constraints = [models.UniqueConstraint(fields=["node", *GRAIN, "cutoff"], name="rollups_cellhistory_once")]


class Proof(models.Model):
    """抽查复算 — one run of the prover: cells recomputed from the facts, and those that differed."""

    at = models.DateTimeField(_("at"))
    cells = models.PositiveIntegerField(_("cells recomputed"))
    differing = models.PositiveIntegerField(_("cells that differed"))
    details = models.JSONField(default=list)

    class Meta:
        ordering = ["-at"]
        verbose_name = _("proof")
        verbose_name_plural = _("proofs")

    @property
    def proven(self) -> bool:
        """Did every recomputed cell equal its facts?"""
        return self.differing == 0


__all__ = [
    "GRAIN",
    "Cell",
    "CellHistory",
    "ChainBalance",
    "ChainCase",
    "ChainTouched",
    "Delta",
    "Proof",
    "StandingArrival",
    "StandingLine",
    "StateMove",
]
