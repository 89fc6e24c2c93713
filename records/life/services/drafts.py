"""
Drafts: what one person typed and did not save; one for each form and record, and one for each new form (`key`), typed
by one open page at a time.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, IllegalTransition
from records.life.models import EntryDraft


def save_draft(
    *,
    actor: User,
    form: str,
    record_uid: UUID | None,
    base_rev: int | None,
    payload: dict[str, Any],
    key: UUID | None = None,
) -> EntryDraft:
    """Keep what one person has typed: private, no rules, no revision, no audit."""
    draft, _made = EntryDraft.objects.update_or_create(
        person_id=actor.person_id,
        form=form,
        record_uid=record_uid,
        key=key,
        defaults={"base_rev": base_rev, "payload": payload, "saved_at": clock.now(), "page": None},
    )
    return draft


def save_page_draft(
    *,
    actor: User,
    form: str,
    record_uid: UUID | None,
    base_rev: int | None,
    payload: dict[str, Any],
    page: UUID | None,
    over: UUID | None,
    key: UUID | None = None,
) -> EntryDraft:
    """
    Keep what the open page `page` holds, typed over the draft of page `over` (None: there was none).

    Raises IllegalTransition DRAFT_ELSEWHERE when another page has written the draft since, or it is gone.
    """
    values = {"base_rev": base_rev, "payload": payload, "saved_at": clock.now(), "page": page}
    with transaction.atomic():
        held = hold_draft(actor=actor, form=form, record_uid=record_uid, page=page, over=over, key=key)
        if held is None and over is not None:
            raise IllegalTransition(_elsewhere(_("This draft was saved or dropped in another window.")))
        if held is None:
            return _first(person_id=actor.person_id, form=form, record_uid=record_uid, key=key, **values)
        for name, value in values.items():
            setattr(held, name, value)
        held.save(update_fields=list(values))
        return held


def hold_draft(
    *,
    actor: User,
    form: str,
    record_uid: UUID | None,
    page: UUID | None,
    over: UUID | None,
    key: UUID | None = None,
) -> EntryDraft | None:
    """The draft, locked, if `page` may put its text in place of it. Raises IllegalTransition DRAFT_ELSEWHERE."""
    held = drafts(actor=actor, form=form, record_uid=record_uid, key=key).select_for_update().first()
    if held and held.page not in (page, over):
        raise IllegalTransition(_elsewhere(_("This document is also being typed in another window.")))
    return held


def _first(**values: Any) -> EntryDraft:
    try:
        with transaction.atomic():
            return EntryDraft.objects.create(**values)
    except IntegrityError as error:
        raise IllegalTransition(_elsewhere(_("This document is also being typed in another window."))) from error


def _elsewhere(message: Any) -> Finding:
    remedy = _("Nothing was overwritten. Copy from here what you need, then load this page again and go on there.")
    return Finding("DRAFT_ELSEWHERE", message, remedy=remedy)


def draft_of(*, actor: User, form: str, record_uid: UUID | None, key: UUID | None = None) -> EntryDraft | None:
    return drafts(actor=actor, form=form, record_uid=record_uid, key=key).first()


def discard_draft(*, actor: User, form: str, record_uid: UUID | None, key: UUID | None = None) -> None:
    drafts(actor=actor, form=form, record_uid=record_uid, key=key).delete()


def drafts(*, actor: User, form: str, record_uid: UUID | None, key: UUID | None = None) -> QuerySet[EntryDraft]:
    """The one draft of this person for this form and record or new form, if there is one."""
    return EntryDraft.objects.filter(person=actor.person_id, form=form, record_uid=record_uid, key=key)
