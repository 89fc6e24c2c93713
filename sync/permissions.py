"""Who reads transmissions; who sends and registers is asked in `sync.services`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from povfund.common.verdict import ALLOWED, Verdict, denied


def may_read(user: User) -> Verdict:
    if user.can("sync.read"):
        return ALLOWED
    return denied(
        _("Your duties do not include reading transmissions."),
        article="17",
        ask_whom=_("The security administrator of your deployment gives duties."),
    )
