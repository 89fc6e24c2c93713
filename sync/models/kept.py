"""What is kept about acknowledged records, so that a batch costs what it holds and not what a province holds."""

from __future__ import annotations

from django.db import models

from accounts.models import Division
from sync.models.node import Node


class KeptDigest(models.Model):
    """
    留存摘要 — the records acknowledged of one type and division whose uid ends in `bucket`: how many, and the sum
    modulo 2^256 of SHA-256 of `type|uid|revision|hash`. Written by `sync.kept` alone.
    """

    db_access = "sync_only"

    record_type = models.CharField(max_length=30, db_collation="C")
    division = models.ForeignKey(Division, models.PROTECT, related_name="+")
    bucket = models.CharField(max_length=2, db_collation="C")
    n = models.BigIntegerField()
    digest = models.DecimalField(max_digits=78, decimal_places=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record_type", "division", "bucket"], name="sync_keptdigest_once")
        ]


class KeptSum(models.Model):
    """留存合计 — the same records by line of work, year and category: how many, and their 分."""

    db_access = "sync_only"

    record_type = models.CharField(max_length=30, db_collation="C")
    division = models.ForeignKey(Division, models.PROTECT, related_name="+")
    owner_kind = models.CharField(max_length=12, db_collation="C")
    year = models.IntegerField()
    category = models.CharField(max_length=40, db_collation="C")
    n = models.BigIntegerField()
    fen = models.DecimalField(max_digits=40, decimal_places=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record_type", "division", "owner_kind", "year", "category"], name="sync_keptsum_once"
            )
        ]


class KeptCheck(models.Model):
    """留存核对 — when what is kept of a node was last compared with its records, and what differed."""

    db_access = "sync_only"

    node = models.OneToOneField(Node, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    found = models.JSONField(default=list)
