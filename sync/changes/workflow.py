"""The course of a change order as a table; `docs/workflows/change-order.md` is generated from it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from povfund.common.phrases import phrase
from povfund.common.workflow import Transition, Workflow
from sync.choices import ChangeState as S

CHANGE_LIFE = Workflow(
    states=S,
    initial=S.DRAFT,
    not_now=phrase("“%(action)s” is not possible while the order is “%(state)s”."),
    remedy=_("Open the order again: somebody may have moved it on."),
    transitions=[
        Transition(
            action="sign",
            sources=frozenset({S.DRAFT}),
            targets=frozenset({S.SIGNING}),
            label=_("Sign"),
            article="12",
        ),
        Transition(
            action="sign",
            sources=frozenset({S.SIGNING}),
            targets=frozenset({S.ASKED}),
            label=_("Sign"),
            article="12",
        ),
        Transition(
            action="consent",
            sources=frozenset({S.ASKED}),
            targets=frozenset({S.ASKED, S.PERMITTED}),
            label=_("Consent"),
            article="12",
        ),
        Transition(
            action="refuse",
            sources=frozenset({S.DRAFT, S.SIGNING, S.ASKED}),
            targets=frozenset({S.REFUSED}),
            label=_("Refuse"),
            needs_comment=True,
            article="12",
        ),
        Transition(
            action="withdraw",
            sources=frozenset({S.DRAFT, S.SIGNING, S.ASKED, S.PERMITTED, S.EXECUTING}),
            targets=frozenset({S.WITHDRAWN}),
            label=_("Withdraw"),
            needs_comment=True,
            article="12",
        ),
        Transition(
            action="execute",
            sources=frozenset({S.PERMITTED, S.EXECUTING}),
            targets=frozenset({S.EXECUTING}),
            label=_("Make the permitted change"),
            article="12",
        ),
        Transition(
            action="finish",
            sources=frozenset({S.PERMITTED, S.EXECUTING}),
            targets=frozenset({S.DONE}),
            label=_("In force at both ends"),
            article="12",
            system=True,
        ),
        Transition(
            action="expire",
            sources=frozenset({S.DRAFT, S.SIGNING, S.ASKED, S.PERMITTED, S.EXECUTING}),
            targets=frozenset({S.EXPIRED}),
            label=_("Expire"),
            article="12",
            system=True,
        ),
        Transition(
            action="void",
            sources=frozenset({S.ASKED, S.PERMITTED, S.EXECUTING}),
            targets=frozenset({S.VOID}),
            label=_("Become void"),
            article="12",
            system=True,
        ),
    ],
)
