"""Which records: the only place where visibility and work queues are spelled out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.choices import Level
from accounts.scope import prefix_q
from povfund.common.text import search_pattern, search_terms, search_words
from records.choices import ABOVE_STATES, REVIEWED_STATES, SENT_BACK, RecordState, ReviewStep
from records.life.settings import city_step_of

if TYPE_CHECKING:
    from accounts.models import User
    from records.life.models import Record  # noqa: F401


class RecordQuerySet(models.QuerySet["Record"]):
    """Chainable words over any record type."""

    def received_q(self, keys: tuple[str, ...]) -> Q:
        """Records of others that reach into the subtrees `keys`; none unless a type says so."""
        return Q(pk__in=[])

    def visible_to(self, user: User) -> Self:
        """
        Rows the user may read (art. 14): every state of the own unit; from unit review on, the
        other units of the own division and all below, what reaches the own subtree from above,
        and what a grant in force names. What the centre holds stays in sight while a permitted change
        of it waits for its review. Of a unit whose tasks passed to the own one: what was submitted. A deleted record
        is seen until the centre holds the deletion.
        """
        return self._seen_by(user, lambda: self.received_q(user.scope.keys))

    def visible_in_full_to(self, user: User) -> Self:
        """Rows of which the user may read everything: not those that reach the own subtree from above."""
        return self._seen_by(user, lambda: Q(pk__in=[]))

    def deleted_visible_to(self, user: User) -> Self:
        """Records the centre holds as deleted, to those who might read everything of them otherwise (art. 14)."""
        deleted = self.filter(deleted=True, state=RecordState.ACKNOWLEDGED)
        return deleted._in_sight(user, lambda: Q(pk__in=[]))

    def _seen_by(self, user: User, from_above: Callable[[], Q]) -> Self:
        return self._in_sight(user, from_above).exclude(deleted=True, state=RecordState.ACKNOWLEDGED)

    def _in_sight(self, user: User, from_above: Callable[[], Q]) -> Self:
        if not user.is_authenticated or not user.can("records.read"):
            return self.none()
        scope = user.scope
        others = prefix_q("scope_key", scope.keys + scope.granted_keys) | from_above()
        if elsewhere := scope.granted_units + scope.units[1:]:
            others |= Q(owner_unit__in=elsewhere)
        reviewed = Q(state__in=REVIEWED_STATES) | Q(state=RecordState.SUBMITTED, acked_rev__isnull=False)
        seen = Q(owner_unit=scope.unit_id) | reviewed & others
        if handed := scope.review_units + scope.units[1:]:
            seen |= Q(owner_unit__in=handed, state=RecordState.SUBMITTED)
        return self.filter(seen)

    def awaiting(self, user: User) -> Self:
        """
        待我审核 — rows whose next review step is the user's: the own unit's submitted ones and, for a
        city or province, those of the same line below, as far as the city step lets them. Authors and
        earlier reviewers are left out when the step is taken, not here.
        """
        return self.filter(self.awaiting_unit_q(user) | self.awaiting_above_q(user))

    @staticmethod
    def awaiting_unit_q(user: User) -> Q:
        """Submitted rows of the own unit, of those it succeeded, and of units whose review is delegated to the user."""
        return Q(owner_unit__in=(*user.scope.units, *user.scope.review_units), state=RecordState.SUBMITTED)

    @staticmethod
    def awaiting_above_q(user: User) -> Q:
        """Reviewed rows of the same line below that wait for the user's city or province. One query."""
        unit = user.unit
        line = prefix_q("scope_key", user.scope.keys) & Q(owner_kind__in=user.scope.lines)
        county = Q(state=RecordState.UNIT_REVIEWED, division__level=Level.COUNTY)
        cities_review = city_step_of(unit.division.scope_key[:2])
        if unit.division.level == Level.PROVINCE:
            due = Q(state__in=[str(state) for state in ABOVE_STATES])
            return line & (due & ~county if cities_review else due)
        if unit.division.level == Level.CITY and cities_review:
            return line & county
        return Q(pk__in=[])

    def in_states(self, states: Collection[str]) -> Self:
        """Rows in one of the states; SENT_BACK: returned by a reviewer or the centre, not submitted since."""
        found = Q(state__in=[state for state in states if state != SENT_BACK])
        if SENT_BACK in states:
            reviews = apps.get_model("records", "Review")._default_manager
            last = reviews.filter(record_uid=OuterRef("uid"), cycle=OuterRef("cycle") - 1, step=ReviewStep.RETURN)
            found |= Q(state=RecordState.RETURNED) | Q(Exists(last), state=RecordState.DRAFT, cycle__gt=1)
        return self.filter(found)

    def with_display_relations(self) -> Self:
        """Join what lists and serializers print, so that a list costs a fixed number of queries."""
        return self.select_related("owner_unit__division", "division", "entered_by__person")

    def search(self, text: str) -> Self:
        """Rows whose search text holds every word of `text`; the pieces are looked up, each word is compared then."""
        words = search_words(text)
        if not words:
            return self
        pieces = " ".join(map(search_terms, words))
        query = SearchQuery(pieces, config="simple", search_type="plain")
        rows = self.annotate(found=SearchVector("search_text", config="simple")).filter(found=query)
        for word in words:
            rows = rows.filter(search_text__regex=search_pattern(word))
        return rows
