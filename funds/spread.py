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
    """Amounts in 元: given by a document, taken back of that (收回), passed on below it, left."""

    given: Decimal
    back: Decimal
    passed: Decimal

    @property
    def left(self) -> Decimal:
        return self.given - self.back - self.passed


@dataclass(frozen=True, slots=True)
class TakenBack:
    """收回情况, in 元: given to those a recovery takes money back from, taken back now and in all, what remains."""

    given: Decimal
    now: Decimal
    back: Decimal

    @property
    def left(self) -> Decimal:
        return self.given - self.back


def spread_of(document: FundDocument, *, user: User) -> list[tuple[Any, Spread]]:
    """
    What the parent gave to the document's division itself and the division passed on, where the reader is of
    its owner's division; and what the document itself gave and visible documents below it passed on. A recovery
    gives nothing and passes nothing on: see `taken_back_of`.
    """
    found = []
    key = document.scope_key
    if document.parent_id and user.unit.division_id == document.division_id and not _recovers_own(document):
        into = Q(recipient_key=key)
        mine = _sum(_passed_on(document.parent_id, key))
        given, back = _sum(_given(document.parent_id) & into), -_sum(_back(document.parent_id) & into)
        found.append((_("Of the parent document, to this division (10k yuan)"), Spread(given, back, mine)))
    below = FundDocument.objects.visible_to(user).filter(parent=document, deleted=False)
    below = below.exclude(issue_batch=IssueBatch.RECOVERY, scope_key=key)
    if below.exists():
        own = Spread(_sum(_given(document.pk)), -_sum(_back(document.pk)), _sum(_of_below(below)))
        found.append((_("Of this document (10k yuan)"), own))
    return found


def taken_back_of(document: FundDocument, *, user: User) -> TakenBack | None:
    """What a recovery takes back of the document of its own division, to the recipients the reader may see."""
    if not _recovers_own(document):
        return None
    lines = FundLine.objects.filter(document=document).visible_to(user)
    keys = set(lines.values_list("recipient_key", flat=True))
    to = Q(recipient_key__in=keys) | prefix_q("recipient_key", tuple(keys - {document.scope_key}))
    now = lines.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    return TakenBack(_sum(_given(document.parent_id) & to), -now, -_sum(_back(document.parent_id) & to))


def _recovers_own(document: FundDocument) -> bool:
    """Does it take back of a document of its own division?"""
    parent = document.parent
    return bool(document.issue_batch == IssueBatch.RECOVERY and parent and parent.scope_key == document.scope_key)


def _given(document: UUID | None) -> Q:
    return Q(document=document)


def _back(document: UUID | None) -> Q:
    """Lines by which the issuer of a document took back of it."""
    return Q(document__parent=document, document__scope_key=F("document__parent__scope_key")) & RECOVERS


def _of_below(below: Any) -> Q:
    """Lines of documents below, and of those by which their divisions took back of them."""
    mine = Q(document__parent__in=below.values("pk"), document__scope_key=F("document__parent__scope_key"))
    return Q(document__in=below.values("pk")) | mine & RECOVERS


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
