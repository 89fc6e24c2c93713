"""The life of a record as a table; `docs/workflows/record.md` is generated from it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from povfund.common.workflow import Transition, Workflow
from records.choices import RecordState as S

RECORD_LIFE = Workflow(
    states=S,
    initial=S.DRAFT,
    transitions=[
        Transition(
            action="submit",
            sources=frozenset({S.DRAFT, S.RETURNED}),
            targets=frozenset({S.SUBMITTED}),
            label=_("Submit for review"),
            article="9",
        ),
        Transition(
            action="approve",
            sources=frozenset({S.SUBMITTED}),
            targets=frozenset({S.UNIT_REVIEWED}),
            label=_("Approve"),
            article="12",
        ),
        Transition(
            action="approve",
            sources=frozenset({S.UNIT_REVIEWED}),
            targets=frozenset({S.CITY_REVIEWED, S.PROVINCE_REVIEWED}),
            label=_("Approve"),
            article="12",
        ),
        Transition(
            action="approve",
            sources=frozenset({S.CITY_REVIEWED}),
            targets=frozenset({S.PROVINCE_REVIEWED}),
            label=_("Approve"),
            article="12",
        ),
        Transition(
            action="return",
            sources=frozenset({S.SUBMITTED, S.UNIT_REVIEWED, S.CITY_REVIEWED, S.PROVINCE_REVIEWED}),
            targets=frozenset({S.DRAFT}),
            label=_("Return"),
            needs_comment=True,
            article="12",
        ),
        Transition(
            action="withdraw",
            sources=frozenset({S.SUBMITTED}),
            targets=frozenset({S.DRAFT}),
            label=_("Withdraw"),
            article="9",
        ),
        Transition(
            action="edit",
            sources=frozenset({S.DRAFT, S.RETURNED, S.UNIT_REVIEWED, S.CITY_REVIEWED, S.PROVINCE_REVIEWED}),
            targets=frozenset({S.DRAFT}),
            label=_("Change"),
            article="12",
        ),
        Transition(
            action="issue",
            sources=frozenset({S.UNIT_REVIEWED}),
            targets=frozenset({S.ACKNOWLEDGED}),
            label=_("Issue to the provinces"),
            article="5",
            system=True,
        ),
        Transition(
            action="seal",
            sources=frozenset({S.PROVINCE_REVIEWED}),
            targets=frozenset({S.SEALED}),
            label=_("Seal"),
            article="13",
            system=True,
        ),
        Transition(
            action="acknowledge",
            sources=frozenset({S.SEALED}),
            targets=frozenset({S.ACKNOWLEDGED}),
            label=_("Acknowledge"),
            article="13",
            system=True,
        ),
        Transition(
            action="quarantine",
            sources=frozenset({S.SEALED}),
            targets=frozenset({S.RETURNED}),
            label=_("Return by the centre"),
            article="13",
            system=True,
        ),
        Transition(
            action="void",
            sources=frozenset({S.SEALED}),
            targets=frozenset({S.PROVINCE_REVIEWED}),
            label=_("Void the batch"),
            article="13",
            system=True,
        ),
        Transition(
            action="permit",
            sources=frozenset({S.ACKNOWLEDGED}),
            targets=frozenset({S.PERMITTED}),
            label=_("Permit a change"),
            article="12",
            system=True,
        ),
        Transition(
            action="reopen",
            sources=frozenset({S.SEALED}),
            targets=frozenset({S.PERMITTED}),
            label=_("Return of a correction by the centre"),
            article="12",
            system=True,
        ),
        Transition(
            action="restore",
            sources=frozenset({S.PERMITTED, S.SUBMITTED, S.UNIT_REVIEWED, S.CITY_REVIEWED, S.PROVINCE_REVIEWED}),
            targets=frozenset({S.ACKNOWLEDGED}),
            label=_("Put back to what was acknowledged"),
            article="12",
            system=True,
        ),
        Transition(
            action="execute",
            sources=frozenset({S.PERMITTED}),
            targets=frozenset({S.SUBMITTED}),
            label=_("Make the permitted change"),
            article="12",
            system=True,
        ),
    ],
)
