"""Which fund documents and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q

from accounts.scope import prefix_q
from records.querysets import RecordQuerySet

if TYPE_CHECKING:
    from accounts.models import User


class FundDocumentQuerySet(RecordQuerySet):
    def received_q(self, keys: tuple[str, ...]) -> Q:
        """Documents from above with a line whose recipient lies in one of the subtrees."""
        lines: Any = self.model._meta.get_field("lines").related_model
        return Q(pk__in=lines.objects.filter(prefix_q("recipient_key", keys)).values("document"))


class FundLineQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Lines of visible documents; of a document from above only the own subtree's lines."""
        scope = user.scope
        documents: Any = self.model._meta.get_field("document").related_model
        own = prefix_q("issuer_key", scope.keys + scope.granted_keys) | prefix_q("recipient_key", scope.keys)
        if scope.granted_units:
            own |= Q(document__owner_unit__in=scope.granted_units)
        return self.filter(own, document__in=documents.objects.visible_to(user).values("pk"))
