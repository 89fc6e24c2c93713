"""Which fund documents and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import F, Lookup, Q, Sum

from accounts.scope import prefix_q
from funds.choices import IssueBatch
from records.choices import REVIEWED_STATES
from records.querysets import RecordQuerySet

if TYPE_CHECKING:
    from accounts.models import User


PROVINCE_KEY = 2
"""Length of a province's scope key."""
KEY_LENGTHS = (0, 2, 4, 6, 9)
"""Lengths of scope keys, from the centre to a township."""


class AnyOf(Lookup):
    """`value = ANY (array)`: an array found once, whose members an index looks up."""

    lookup_name = "any_of"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        value, of_value = self.process_lhs(compiler, connection)
        array, of_array = self.process_rhs(compiler, connection)
        return f"{value} = ANY ({array})", [*of_value, *of_array]


class FundDocumentQuerySet(RecordQuerySet):
    def received_q(self, keys: tuple[str, ...]) -> Q:
        """
        Documents from above with a line whose recipient lies in one of the subtrees.

        Below a province these are few: found first and then looked up, where a subquery joined by OR
        would read every document. For a province and the centre the subquery is hardly ever reached.
        """
        lines: Any = self.model._meta.get_field("lines").related_model
        reaching = lines.objects.filter(prefix_q("recipient_key", keys)).values("document")
        if min(map(len, keys), default=0) <= PROVINCE_KEY:
            return Q(pk__in=reaching)
        return Q(AnyOf(F("pk"), ArraySubquery(reaching.order_by())))

    def that_count(self) -> Self:
        """Documents by which money may have come: reviewed by their unit, or held by the centre; not taken out."""
        return self.filter(Q(state__in=REVIEWED_STATES) | Q(acked_rev__isnull=False), deleted=False)

    def of_number(self, document: Any) -> Self:
        """同一文号 — records of a document's number and issuer that were not deleted."""
        return self.filter(document_no=document.document_no, scope_key=document.scope_key, deleted=False)

    def parents_for(self, user: User) -> Self:
        """
        Documents a new one of the user may hang below: those that count of a level above, with money for the own
        division, and of the own division, to take back from (收回).
        """
        key = user.unit.division.scope_key
        above = [key[:length] for length in KEY_LENGTHS if length <= len(key)]
        return self.visible_to(user).that_count().filter(scope_key__in=above)


class FundLineQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Lines of visible documents; of a document from above only the own subtree's lines."""
        documents: Any = self.model._meta.get_field("document").related_model
        return self.own_part(user).filter(document__in=documents.objects.visible_to(user).values("pk"))

    def own_part(self, user: User) -> Self:
        """Of documents known to be visible: of one from above only the own subtree's lines."""
        scope = user.scope
        own = prefix_q("issuer_key", scope.keys + scope.granted_keys) | prefix_q("recipient_key", scope.keys)
        if scope.granted_units:
            own |= Q(document__owner_unit__in=scope.granted_units)
        return self.filter(own)

    def taken_of_unnamed(self, keys: tuple[str, ...]) -> int:
        """
        分 that counted recoveries (收回) which name no document take back at or below `keys`; above zero. No
        document is left less for it, so no balance is; the totals count it.
        """
        rows = self.filter(
            Q(document__state__in=REVIEWED_STATES) | Q(document__acked_rev__isnull=False),
            prefix_q("recipient_key", keys),
            document__deleted=False,
            document__issue_batch=IssueBatch.RECOVERY,
            document__parent=None,
        )
        taken = rows.exclude(recipient_key=F("issuer_key")).aggregate(yuan=Sum("amount"))["yuan"]
        return int(-(taken or 0) * 100)
