"""已分解与未分解: what a document gave and how much of it was passed on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import prefix_q
from funds.choices import IssueBatch
from funds.models import FundDocument, FundLine


@dataclass(frozen=True, slots=True)
class Spread:
    """Amounts in 元: given by a document, passed on below it, left."""

    given: Decimal
    passed: Decimal

    @property
    def left(self) -> Decimal:
        return self.given - self.passed


def spread_of(document: FundDocument, *, user: User) -> list[tuple[Any, Spread]]:
    """
    What the parent gave into the document's division and the division passed on, where the reader is of
    its owner's division; and what the document itself gave and visible documents below it passed on.
    """
    found = []
    key = document.scope_key
    if document.parent_id and user.unit.division_id == document.division_id:
        mine, given = (
            _passed_on(document.parent_id, key),
            _given(document.parent_id) & prefix_q("recipient_key", (key,)),
        )
        found.append((_("Of the parent document, to this division (10k yuan)"), Spread(_sum(given), _sum(mine))))
    below = FundDocument.objects.visible_to(user).filter(parent=document, deleted=False)
    if below.exists():
        passed = _sum(Q(document__in=below.exclude(issue_batch=IssueBatch.RECOVERY, scope_key=key).values("pk")))
        found.append((_("Of this document (10k yuan)"), Spread(_sum(_given(document.pk)), passed)))
    return found


def _given(document: UUID) -> Q:
    """Lines of a document and of those by which its issuer took back of it."""
    back = Q(document__parent=document, document__scope_key=F("document__parent__scope_key"))
    return Q(document=document) | back & RECOVERS


def _passed_on(parent: UUID, key: str) -> Q:
    """Lines of a division below a parent or below what was taken back of it, and of what it took back itself."""
    own = Q(document__parent=parent, document__deleted=False)
    further = Q(document__parent__parent=parent, document__deleted=False)
    back = further & RECOVERS & Q(document__parent__scope_key=key)
    returned = further & Q(
        document__parent__issue_batch=IssueBatch.RECOVERY,
        document__parent__scope_key=F("document__parent__parent__scope_key"),
    )
    return Q(issuer_key=key) & (own | back | returned)


RECOVERS = Q(document__issue_batch=IssueBatch.RECOVERY, document__deleted=False)


def _sum(lines: Q) -> Decimal:
    return FundLine.objects.filter(lines).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
