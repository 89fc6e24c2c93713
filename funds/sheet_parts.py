"""What the workbooks of fund documents and arrivals share: code lists, the filter of a list, one's own drafts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import override

from accounts.models import User
from funds.choices import IssueBatch
from funds.help import BY_NAME
from funds.models import FundCategory
from povfund.common import kept_filter
from povfund.common.phrases import phrase as _
from records.choices import RecordState
from records.sheets.form import CodeList

UNKNOWN_PLACE = _(
    "Write one place of your division a row, by code or name. The name may be a former one or that of a place"
    " elsewhere: choose the division that is meant. If it is a township or a body that has no code yet, ask the system"
    " administrator to register it first."
)
"""What to do about a recipient that is not in the code table."""
Choice = Callable[[tuple[str, ...], int | None], tuple[str, Any] | None]


def choice_list(name: str, choices: Any) -> CodeList:
    """A list of fixed choices, known by their names in both languages, or as these begin: 省级 for 省级资金."""
    names = []
    for language in ("zh-hans", "en"):
        with override(language):
            names += [(code, str(label)) for code, label in choices.choices]
    return CodeList.of(name, ((code, str(label)) for code, label in choices.choices), names=names, short=names)


def dated_list(
    name: str, rows: Any, year: int | None, *, marked: Sequence[tuple[str, str]] = (), choose: Choice | None = None
) -> CodeList:
    """
    A dated table: what is in force in `year` (None: ever), known by any name, written by that of a row's year.

    `marked` are further (code, name); `choose` says which of several codes of one name is meant.
    """
    table = {row.code: row for row in sorted(rows, key=lambda row: row.code)}
    held = [row for row in table.values() if year is None or row.valid_in(year)]
    entries = [(row.code, row.name_in(year)) for row in held]
    names = [(row.code, former["name"]) for row in held for former in row.names]
    names += [(code, short) for code, said in [*entries, *names] if (short := _without_money(said))]
    offered = {row.code for row in held}
    names += [(code, marked_name) for code, marked_name in marked if code in offered]
    return CodeList.of(
        name,
        entries,
        names=names,
        named=lambda code, of: table[code].name_in(of) if code in table else "",
        short=entries,
        choose=choose,
    )


def _without_money(name: str) -> str:
    """以工代赈 for 以工代赈资金, as heads of columns say it; empty where too little would be left."""
    short = name.removesuffix("资金")
    return short if short != name and len(short) >= 4 else ""


def category_list(province: str, year: int | None) -> CodeList:
    """
    National categories and those of a province. Of two of one name the grid's is meant: one in force, and of these
    the province's; it is also known by its name with the mark 本省.
    """
    rows = list(FundCategory.objects.filter(Q(province=None) | Q(province__scope_key=province)))
    table = {row.code: row for row in rows}

    def choose(codes: tuple[str, ...], of: int | None) -> tuple[str, Any] | None:
        fit = [code for code in codes if of is None or table[code].valid_in(of)] or list(codes)
        own = [code for code in fit if table[code].province_id]
        if len(fit) != 1 and len(own) != 1:
            return None
        row = table[own[0] if own else fit[0]]
        name = row.name_in(of)
        mark = _("of the province: %(name)s") if own else _("national: %(name)s")
        return row.code, mark % {"name": name}

    own_names = [(row.code, name["name"]) for row in rows if row.province_id for name in row.names]
    marked = []
    for language in ("zh-hans", "en"):
        with override(language):
            marked += [(code, str(_("of the province: %(name)s") % {"name": name})) for code, name in own_names]
    return dated_list("fund_category", rows, year, choose=choose, marked=marked)


def head_words(content: dict[str, Any]) -> list[tuple[Any, Any]]:
    """(field, value) of a document's head besides number and title: what an import took from around its table."""
    batch = content.get("issue_batch")
    said = {name: content.get(name) for name in ("budget_year", "issue_batch", "issued_on", "approved_on")}
    said["issue_batch"] = IssueBatch(batch).label if batch in IssueBatch.values else batch
    return [(BY_NAME[name].label, value or "—") for name, value in said.items()]


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
