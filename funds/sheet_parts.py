"""What the workbooks of fund documents and arrivals share: code lists, the filter of a list, one's own drafts."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import override

from accounts.models import User
from funds.models import FundCategory
from povfund.common import kept_filter
from records.choices import RecordState
from records.sheets.form import CodeList


def choice_list(name: str, choices: Any) -> CodeList:
    """A list of fixed choices, known by their names in both languages, or as these begin: 省级 for 省级资金."""
    names = []
    for language in ("zh-hans", "en"):
        with override(language):
            names += [(code, str(label)) for code, label in choices.choices]
    return CodeList.of(name, ((code, str(label)) for code, label in choices.choices), names=names, short=names)


def dated_list(name: str, rows: Any, year: int | None) -> CodeList:
    """A dated table: what is in force in `year` (None: ever), known by any name, written by that of a row's year."""
    table = {row.code: row for row in rows.order_by("code")}
    held = [row for row in table.values() if year is None or row.valid_in(year)]
    entries = [(row.code, row.name_in(year)) for row in held]
    names = [(row.code, former["name"]) for row in held for former in row.names]
    names += [(code, short) for code, said in [*entries, *names] if (short := _without_money(said))]
    return CodeList.of(
        name,
        entries,
        names=names,
        named=lambda code, of: table[code].name_in(of) if code in table else "",
        short=entries,
    )


def _without_money(name: str) -> str:
    """以工代赈 for 以工代赈资金, as heads of columns say it; empty where too little would be left."""
    short = name.removesuffix("资金")
    return short if short != name and len(short) >= 4 else ""


def category_list(province: str, year: int | None) -> CodeList:
    """National categories and those of a province."""
    rows = FundCategory.objects.filter(Q(province=None) | Q(province__scope_key=province))
    return dated_list("fund_category", rows, year)


def filtered(filterset: Any, model: Any, user: User, params: dict[str, Any]) -> Any:
    """Uids of a list's filter that the user may read, newest first. Raises RuleViolation SHAPE for a faulty filter."""
    found = kept_filter.filtered(filterset, model.objects.visible_to(user), user=user, params=params)
    return found.order_by("-changed_at", "-uid").values_list("uid", flat=True)


def own_drafts(model: Any, user: User, year: int | None) -> Any:
    """Uids of the own unit's records that may still be changed, newest first."""
    states = [RecordState.DRAFT, RecordState.RETURNED]
    rows = model.objects.filter(owner_unit=user.unit_id, deleted=False, acked_rev=None, state__in=states)
    rows = rows.filter(budget_year=year) if year else rows
    return rows.order_by("-changed_at", "-uid").values_list("uid", flat=True)
