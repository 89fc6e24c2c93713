"""What change orders do to totals: the moves kept with an order, and the list of one that is not drawn up yet."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import User
from povfund.common.triggers import append_only
from sync.models.change import ChangeOrder


class ChangeMove(models.Model):
    """
    汇总变动 — by how much, in 分, an order moves one cell of the totals: a place, a measure, a year, a category, a
    budget item (its code), a level of money.

    Kept when the order is drawn up, for what it asks for is fixed then; orders drawn up before every measure was
    have the first one of their records alone, its name empty; those before items and levels were say nothing of
    these. Append-only.
    """

    db_access = "append_only"

    order = models.ForeignKey(ChangeOrder, models.PROTECT, related_name="moves", db_index=False)
    node = models.CharField(max_length=12, blank=True, db_collation="C")
    measure = models.CharField(max_length=12, blank=True, default="", db_default="", db_collation="C")
    year = models.SmallIntegerField()
    category = models.CharField(max_length=40, db_collation="C")
    item = models.CharField(max_length=40, blank=True, default="", db_default="", db_collation="C")
    money_level = models.CharField(max_length=40, blank=True, default="", db_default="", db_collation="C")
    fen = models.BigIntegerField()

    class Meta:
        ordering = ["order", "node", "measure", "year", "category", "item", "money_level"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "node", "measure", "year", "category", "item", "money_level"],
                name="sync_changemove_once",
            )
        ]
        triggers = [append_only()]


class ChangeList(models.Model):
    """
    拟更改清单 — the manifest of an order one person has not drawn up yet: worked out once, read by the pages of it.

    One for each person, replaced by the next. `question` stands for the list and the change that was asked about;
    `uids` in the order of the manifest, sums in 分, `effect` as `sync.changes.effects.Moved` lists it. Nothing is
    decided by it: drawing up works everything out anew and compares the root.
    """

    user = models.OneToOneField(User, models.PROTECT, primary_key=True, related_name="+")
    question = models.CharField(max_length=64, db_collation="C")
    uids = ArrayField(models.UUIDField())
    count = models.PositiveIntegerField()
    root = models.CharField(max_length=64, db_collation="C")
    fen_before = models.BigIntegerField()
    fen_after = models.BigIntegerField()
    left_out = models.PositiveIntegerField()
    effect = models.JSONField()
    at = models.DateTimeField()

    @property
    def fen_by(self) -> int:
        """By how much the sums of the records change, in 分."""
        return self.fen_after - self.fen_before
