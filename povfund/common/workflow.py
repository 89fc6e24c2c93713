"""A workflow as a readable table of arrows, checked when it is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise

from povfund.common.errors import Finding, IllegalTransition
from povfund.common.phrases import Phrase, phrase as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One arrow of the diagram. `system` arrows are taken by the server alone, never by a person."""

    action: str
    sources: frozenset[str]
    targets: frozenset[str]
    label: str | Promise
    needs_comment: bool = False
    article: str = ""
    system: bool = False


class Workflow:
    """A checked set of transitions over one TextChoices; `not_now` and `remedy` say that a step is not possible."""

    def __init__(
        self,
        *,
        states: type[TextChoices],
        initial: str,
        transitions: Iterable[Transition],
        not_now: Phrase = _("“%(action)s” is not possible while the record is “%(state)s”."),
        remedy: str | Promise = _("Open the record again: somebody may have moved it on."),
    ) -> None:
        self.states, self.initial, self.transitions = states, initial, tuple(transitions)
        self.not_now, self.remedy = not_now, remedy
        known = set(states.values)
        used = {initial} | {state for t in self.transitions for state in t.targets | t.sources}
        if used != known:
            raise ValueError(f"states of the table and of the list differ: {sorted(used ^ known)}")

    def leaving(self, state: str, *, system: bool = False) -> list[Transition]:
        """The steps a person (or, with `system`, the server) can take from `state`."""
        return [t for t in self.transitions if state in t.sources and t.system is system]

    def get(self, action: str, *, state: str, system: bool = False) -> Transition:
        """The arrow for `action` from `state`. Raises IllegalTransition."""
        for transition in self.leaving(state, system=system):
            if transition.action == action:
                return transition
        raise IllegalTransition(
            Finding(
                "STATE",
                self.not_now % {"action": self.label(action), "state": self.states(state).label},
                remedy=self.remedy,
                article="12",
            )
        )

    def label(self, action: str) -> str | Promise:
        return next((t.label for t in self.transitions if t.action == action), action)
