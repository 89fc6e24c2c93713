"""What the workbooks of fund documents and arrivals share: code lists, the filter of a list, one's own drafts."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import override

from accounts.models import User
from funds.models import FundCategory
from records.choices import RecordState
from records.sheets.form import CodeList


def choice_list(name: str, choices: Any) -> CodeList:
    """A list of fixed choices, known by their names in both languages."""
    names = []
    for language in ("zh-hans", "en"):
        with override(language):
            names += [(code, str(label)) for code, label in choices.choices]
    return CodeList.of(name, ((code, str(label)) for code, label in choices.choices), names=names)


def dated_list(name: str, rows: Any, year: int | None) -> CodeList:
    """A dated table: what is in force in `year` (None: ever), known by former names too."""
    held = [row for row in rows.order_by("code") if year is None or row.valid_in(year)]
    names = [(row.code, former["name"]) for row in held for former in row.names]
    return CodeList.of(name, ((row.code, row.name_in(year)) for row in held), names=names)


def category_list(province: str, year: int | None) -> CodeList:
    """National categories and those of a province."""
    rows = FundCategory.objects.filter(Q(province=None) | Q(province__scope_key=province))
    return dated_list("fund_category", rows, year)


class _Asking:
    """What a filter asks of a request, where there is none: the person."""

    def __init__(self, user: User) -> None:
        self.user = user


def filtered(filterset: Any, model: Any, user: User, params: dict[str, Any]) -> Any:
    """Uids of a list's filter that the user may read, newest first; none for a filter that cannot be read."""
    query = QueryDict(mutable=True)
    for name, value in params.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    rows = model.objects.visible_to(user)
    found = filterset(query, queryset=rows, request=_Asking(user))
    kept = found.qs if found.is_valid() else rows.none()
    return kept.order_by("-changed_at", "-uid").values_list("uid", flat=True)


def own_drafts(model: Any, user: User, year: int | None) -> Any:
    """Uids of the own unit's records that may still be changed, newest first."""
    states = [RecordState.DRAFT, RecordState.RETURNED]
    rows = model.objects.filter(owner_unit=user.unit_id, deleted=False, acked_rev=None, state__in=states)
    rows = rows.filter(budget_year=year) if year else rows
    return rows.order_by("-changed_at", "-uid").values_list("uid", flat=True)
