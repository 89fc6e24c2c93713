"""Which fund documents and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from accounts.scope import prefix_q
from records.querysets import RecordQuerySet

if TYPE_CHECKING:
    from accounts.models import User


class FundDocumentQuerySet(RecordQuerySet):
    def received_q(self, keys: tuple[str, ...]) -> Q:
        """Documents from above with a line whose recipient lies in one of the subtrees."""
        from funds.models import FundLine

        return Q(pk__in=FundLine.objects.filter(prefix_q("recipient_key", keys)).values("document"))


class FundLineQuerySet(models.QuerySet["FundLine"]):
    def visible_to(self, user: User) -> Self:
        """Lines of visible documents; of a document from above only the own subtree's lines."""
        from funds.models import FundDocument

        scope = user.scope
        own = prefix_q("issuer_key", scope.keys + scope.granted_keys) | prefix_q("recipient_key", scope.keys)
        if scope.granted_units:
            own |= Q(document__owner_unit__in=scope.granted_units)
        return self.filter(own, document__in=FundDocument.objects.visible_to(user).values("pk"))
