"""Who reads transmissions and quarantined lines, and who writes notes to them."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.choices import Level
from accounts.models import Division, User
from povfund.common.verdict import ALLOWED, Verdict, denied

GIVES_DUTIES = _("The security administrator of your deployment gives duties.")


def may_read(user: User) -> Verdict:
    """May the user open the pages of transmission? What stands on them is scope."""
    if user.can("sync.read"):
        return ALLOWED
    return denied(_("Your duties do not include reading transmissions."), article="17", ask_whom=GIVES_DUTIES)


def reads_batches(user: User) -> bool:
    """
    Does the user's division hold the whole of this server's node? Batches, receipts, previews and their
    totals are the whole province's; for a city or county they are absent, as is all out of scope.
    """
    place = Division.objects.by_code(settings.NODE_DIVISION)
    return bool(may_read(user)) and place is not None and any(place.scope_key.startswith(k) for k in user.scope.keys)


def may_read_file(user: User) -> Verdict:
    """May the user take a batch file of a batch in scope? It holds every record of the province, so whoever sends."""
    if user.can("sync.send") and user.can("records.read"):
        return ALLOWED
    return denied(
        _("A batch file holds the records of the whole province; only those who send it may take it."),
        article="17",
        ask_whom=_("The head of the provincial finance unit."),
    )


def may_read_lines(user: User) -> Verdict:
    """May the user read what stands in the lines of batches? Administrators see batches, not records (art. 17)."""
    if user.can("sync.read") and user.can("records.read"):
        return ALLOWED
    return denied(
        _("Returned lines hold records; your duties do not include reading records."),
        article="17",
        ask_whom=GIVES_DUTIES,
    )


def may_annotate(user: User) -> Verdict:
    """May the user write a note to a quarantined line? Staff of the centre; nobody there edits it (art. 12)."""
    if settings.EDITION != "central" or user.unit.division.level != Level.CENTRAL:
        return denied(
            _("Notes are written at the centre; the unit that entered the record corrects it."),
            article="12",
            ask_whom=_("The central unit of the same line."),
        )
    return may_read_lines(user)


def may_read_orders(user: User) -> Verdict:
    """May the user open the lists of change orders? Which orders is scope."""
    if user.can("records.read"):
        return ALLOWED
    return denied(
        _("Change orders hold records; your duties do not include reading records."),
        article="17",
        ask_whom=GIVES_DUTIES,
    )
