"""May the user read totals, and publish a notice? Places are asked of the scope."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from funds.models import FundDocument
from povfund.common.verdict import ALLOWED, Verdict, denied
from records.choices import REVIEWED_STATES, RecordState


def may_read(user: User) -> Verdict:
    if user.can("rollups.read"):
        return ALLOWED
    return denied(
        _("Your duties do not include reading totals."),
        article="17",
        ask_whom=_("The security administrator of your deployment gives duties."),
    )


def may_publish(user: User, document: FundDocument) -> Verdict:
    """
    公告公示 — made of a document that counts, by those who see all of it: what is public is what was issued.

    `document` is one the user may read.
    """
    unit = {"unit": document.owner_unit}
    if document.state not in REVIEWED_STATES:
        waits = document.state == RecordState.SUBMITTED
        return denied(
            _("Its state is “%(state)s”. A notice is made once the document was issued and its unit has reviewed it.")
            % {"state": document.get_state_display()},
            article="9",
            ask_whom=_("A reviewer of %(unit)s reviews it.") % unit
            if waits
            else _("%(unit)s finishes and submits it, and a second person there reviews it.") % unit,
        )
    if not FundDocument.objects.visible_in_full_to(user).filter(pk=document.pk).exists():
        return denied(
            _("Of this document you see only the lines to your own division; a notice of it would be incomplete."),
            article="14",
            ask_whom=_("%(unit)s issued the document and makes its notice.") % unit,
        )
    return ALLOWED
