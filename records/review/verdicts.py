"""May this person take this step on this record now? State, duty, line, and different persons in one answer."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from povfund.common.errors import IllegalTransition
from povfund.common.verdict import Verdict, denied
from records.choices import FOUR_EYES_STEPS, ReviewStep
from records.life.settings import city_step_of
from records.life.workflow import RECORD_LIFE
from records.models import Record, Review
from records.permissions import may_take


def verdict_on(user: User, record: Record, action: str) -> Verdict:
    """The answer the service would give, without its rules. At most two queries."""
    try:
        transition = RECORD_LIFE.get(action, state=record.state)
    except IllegalTransition as error:
        (finding,) = error.findings
        return denied(finding.message, article=finding.article)
    verdict = may_take(user, record, action, city_step=city_step_of(record.scope_key[:2]))
    if not verdict or action != "approve":
        return verdict
    taken = Review.objects.filter(
        record_uid=record.pk, cycle=record.cycle, person=user.person_id, step__in=FOUR_EYES_STEPS
    ).first()
    if taken is None:
        return verdict
    return denied(
        _("You took the step “%(step)s” on this record yourself; different persons enter and review.")
        % {"step": ReviewStep(taken.step).label},
        article=transition.article,
        ask_whom=_("Another reviewer of your unit."),
    )
