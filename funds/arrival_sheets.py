"""Workbooks of arrivals: one row an arrival; a template brings the lines of which money is still to come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, Sum

from accounts.models import User
from funds.arrival_content import contents
from funds.choices import ArrivalAccount, MoneyLevel
from funds.help import ARRIVAL_BY_NAME, BY_NAME
from funds.models import Arrival, BudgetItem, FundLine
from funds.services import arrival_content_of, arrival_with_blanks, blank_line, outstanding
from funds.sheet_parts import category_list, choice_list, dated_list, filtered, own_drafts
from povfund.common.canonical import canonical
from povfund.common.errors import Finding, RuleViolation
from povfund.common.kept_filter import filter_words
from povfund.common.phrases import phrase as _
from povfund.common.text import normalise_document_no
from povfund.common.uid import uuid7
from records.sheets import form
from records.sheets.form import RECORD_REV, RECORD_UID, Assembled, CodeList, Column, SheetForm, Typed

LINE_SAYS = ("money_level", "fund_category", "budget_item")
ENTERED = ("arrived_on", "amount", "account", "budget_no", "voucher_no", "remark")
NEEDED = ("arrived_on", "amount", "account")
FRAME = ("owner", "division", "entered_at")


def _column(name: str, *, kind: str = form.TEXT, variants: str = "", **options: Any) -> Column:
    """A column whose label, unit and help are those of the form."""
    told = ARRIVAL_BY_NAME[name]
    return Column(
        name=name,
        label=told.label,
        unit=told.unit,
        help=told.text,
        kind=kind,
        variants=tuple(variants.split()),
        **options,
    )


def _of_line(name: str, *, kind: str = form.CODE, variants: str = "", **options: Any) -> Column:
    """A column by which the fund line is found where its id is not given."""
    label = BY_NAME.get(f"lines.{name}", BY_NAME.get(name))
    assert label is not None
    told = _("Of the fund line by which the money came; may be left out where the number alone says which line.")
    return Column(
        name=name, label=label.label, kind=kind, codes=name if kind == form.CODE else "", help=told,
        variants=tuple(variants.split()), **options,
    )  # fmt: skip


COLUMNS = (
    _of_line(
        "document_no",
        kind=form.TEXT,
        longest=80,
        multiline=True,
        width=24,
        variants="文号 下达文号 指标文号 资金文号 发文字号",
        normal=normalise_document_no,
    ),
    Column(name="issuer", label=_("Issued by"), told=True, width=14, help=_("Who gave the money.")),
    Column(
        name="budget_year",
        label=BY_NAME["budget_year"].label,
        kind=form.YEAR,
        told=True,
        width=10,
        help=_("Of the document; category and item have the names of that year."),
    ),
    _of_line("money_level", width=12, variants="级次 资金来源"),
    _of_line("fund_category", either=True, width=26, variants="类别 资金种类 资金类型"),
    _of_line("budget_item", width=24, variants="功能科目 科目 预算科目 支出科目"),
    Column(
        name="left",
        label=_("Still to arrive"),
        kind=form.MONEY,
        unit=_("10k yuan"),
        told=True,
        width=16,
        help=_("What of the line has not arrived yet, as far as it is entered."),
    ),
    _column("arrived_on", kind=form.DAY, required=True, width=12, variants="到账时间 到位日期 入账日期"),
    _column("amount", kind=form.MONEY, required=True, width=16, variants="金额 到账资金 到位资金 到位金额 实到金额"),
    _column("account", kind=form.CODE, codes="account", required=True, width=26, variants="到账账户 账户"),
    _column("budget_no", longest=60, width=24, variants="预算文件 预算文号"),
    _column("voucher_no", longest=60, width=16, variants="凭证号 凭证编号 记账凭证号"),
    _column("remark", longest=4000, multiline=True, width=20, variants="说明"),
    Column(name="line", label=_("Line id"), kind=form.UID, width=38, help=RECORD_UID.help),
    RECORD_UID,
    RECORD_REV,
)


def lookups(user: User, year: int | None) -> dict[str, CodeList]:
    """Levels, categories and items in force in `year`, or of all years; accounts. Two queries."""
    return {
        "money_level": choice_list("money_level", MoneyLevel),
        "fund_category": category_list(user.unit.division.scope_key[:2], year),
        "budget_item": dated_list("budget_item", BudgetItem.objects.filter(in_scope=True), year),
        "account": choice_list("account", ArrivalAccount),
    }


def assemble(user: User, typed: Sequence[Typed]) -> list[Assembled]:
    """Arrivals as rows say them, made content, their lines found by id or by what is said of them. Three queries."""
    by_uid, by_number = _lines(user, typed)
    found = [_one(user, record, by_uid, by_number) for record in typed]
    _find_same(user, found, typed)
    return found


def _lines(user: User, typed: Sequence[Typed]) -> tuple[dict[UUID, FundLine], dict[str, list[FundLine]]]:
    """Readable lines by the ids the rows give, and those to the own division by number. Two queries at most."""
    rows: Any = FundLine.objects.visible_to(user)
    rows = rows.select_related("document", "issuer", "fund_category", "budget_item")
    uids = {record.head["line"] for record in typed if record.head.get("line")}
    numbers = {normalise_document_no(n) for r in typed if (n := r.head.get("document_no")) and not r.head.get("line")}
    by_number: dict[str, list[FundLine]] = {}
    for line in rows.filter(recipient=user.unit.division_id, document_no__in=numbers) if numbers else ():
        by_number.setdefault(line.document_no, []).append(line)
    return {line.uid: line for line in rows.filter(pk__in=uids)} if uids else {}, by_number


def _one(user: User, record: Typed, by_uid: dict[UUID, FundLine], by_number: dict[str, list[FundLine]]) -> Assembled:
    made = Assembled(record.uid or uuid7(), base_rev=record.rev or (1 if record.uid else 0), unread=record.blanks())
    line = _line_of(made, record.head, by_uid, by_number)
    lacking = [name for name in NEEDED if record.head.get(name) is None and name not in made.unread]
    made.findings += map(_missing, lacking)
    made.unread |= {*lacking, *(() if line else ("line",))}
    data = arrival_with_blanks({name: value for name in ENTERED if (value := record.head.get(name)) is not None})
    try:
        made.content = arrival_content_of(data=data, unit=user.unit, line=line or blank_line())
    except RuleViolation as error:
        made.findings += error.findings
    return made


def _line_of(
    made: Assembled, head: dict[str, Any], by_uid: dict[UUID, FundLine], by_number: dict[str, list[FundLine]]
) -> FundLine | None:
    """The line a row means, as far as what names it can be read; why there is none is told in `made`."""
    said = {name: head[name] for name in LINE_SAYS if head.get(name)}
    number = normalise_document_no(head.get("document_no") or "")
    if uid := head.get("line"):
        line = by_uid.get(uid)
        wrong = [_no_line(number)] if line is None else list(_contradictions(line, said, number))
        made.findings += wrong
        return None if wrong else line
    if not made.unread.isdisjoint(("line", "document_no")):
        return None
    fitting = [line for line in by_number.get(number, ()) if not any(_contradictions(line, said, ""))]
    sure = made.unread.isdisjoint(LINE_SAYS)
    if not fitting:
        made.findings.append(_no_line(number))
    elif len(fitting) > 1 and sure:
        made.findings.append(_several(number, len(fitting)))
    return fitting[0] if len(fitting) == 1 and sure else None


def _contradictions(line: FundLine, said: dict[str, Any], number: str) -> Iterator[Finding]:
    """What a row says of its line that the line does not say of itself; of codes of one name any may be meant."""
    stands = {
        "document_no": line.document_no,
        "money_level": line.money_level,
        "fund_category": line.fund_category.code,
        "budget_item": line.budget_item.code,
    }
    given = {"document_no": number, **said} if number else said
    for name, value in given.items():
        if stands[name] not in (value if isinstance(value, tuple) else (value,)):
            yield Finding(
                "SHAPE",
                _("The fund line of this row has “%(value)s” here.") % {"value": stands[name]},
                field=name,
                remedy=_("Leave it as the template had it; for another line clear the line id of the row."),
                article="9",
            )


def _no_line(number: str) -> Finding:
    return Finding(
        "MISSING_REF",
        _("No line of document %(number)s gives money of this kind to your division.") % {"number": number or "—"},
        field="document_no",
        remedy=_("The template brings the lines; one counts once the unit above has reviewed its document."),
        article="9",
    )


def _several(number: str, n: int) -> Finding:
    return Finding(
        "AMBIGUOUS",
        _("%(n)s lines of document %(number)s may be meant.") % {"n": n, "number": number},
        field="document_no",
        remedy=_("Enter level, category and budget item as well, or take the row from the template."),
        article="9",
    )


def _missing(name: str) -> Finding:
    told = ARRIVAL_BY_NAME[name]
    message = _("“%(field)s” is missing.") % {"field": told.label}
    return Finding("SHAPE", message, field=name, remedy=told.text, article=told.article)


def _find_same(user: User, found: list[Assembled], typed: Sequence[Typed]) -> None:
    """An arrival without id that is stored word for word is that one; the same twice in a workbook is refused."""
    new = [(made, record.row) for made, record in zip(found, typed, strict=True) if _is_new(made)]
    lines = {made.content["line"] for made, _row in new if made.content}
    rows: Any = Arrival.objects.filter(owner_unit=user.unit_id, deleted=False, line__in=lines)
    revisions: dict[UUID, int] = dict(rows.values_list("uid", "rev")) if lines else {}
    known = {_print_of(content): (uid, content) for uid, content in contents(list(revisions)).items()}
    rows_of: dict[bytes, int] = {}
    for made, row in new:
        print_ = _print_of(made.content or {})
        first = rows_of.setdefault(print_, row)
        if first != row:
            made.content = None
            made.findings.append(_twice(first))
        elif same := known.get(print_):
            made.uid, made.content = same
            made.base_rev = revisions[made.uid]


def _is_new(made: Assembled) -> bool:
    return bool(made.content) and not made.base_rev and not made.unread


def _print_of(content: dict[str, Any]) -> bytes:
    """What makes two arrivals the same: everything but who entered them and when."""
    return canonical({name: value for name, value in content.items() if name not in FRAME})


def _twice(row: int) -> Finding:
    return Finding(
        "DUPLICATE",
        _("Row %(row)s holds the same arrival.") % {"row": row + 1},
        field="voucher_no",
        remedy=_("Delete one; two receipts of one day are told apart by their voucher numbers."),
        article="9",
    )


def chosen(user: User, params: dict[str, Any]) -> Any:
    """Arrivals of a filter the user may read, newest first; the filter of page and API."""
    from funds.filters import ArrivalFilter

    return filtered(ArrivalFilter, Arrival, user, params)


def said(params: dict[str, Any]) -> list[tuple[str, str]]:
    """A filter in words."""
    from funds.filters import ArrivalFilter

    return filter_words(ArrivalFilter, params)


def own(user: User, year: int | None) -> Any:
    """Arrivals of the own unit that may still be changed."""
    return own_drafts(Arrival, user, year)


def count(user: User, uids: Any) -> int:
    """Arrivals the user may read among these."""
    return Arrival.objects.visible_to(user).filter(pk__in=uids.order_by()).count()


_ROW = (
    "line__document_no", "issuer__name", "budget_year", "money_level", "fund_category__code", "budget_item__code",
    "left", "arrived_on", "amount", "account", "budget_no", "voucher_no", "remark", "line_id", "uid", "rev",
)  # fmt: skip
_NAMES = tuple(column.name for column in COLUMNS)


def rows(user: User, uids: Sequence[UUID]) -> Iterator[tuple[Any, ...]]:
    """One row an arrival, in the order of the uids; codes as codes, money in 元. Two queries."""
    order = {uid: n for n, uid in enumerate(uids)}
    arrivals: Any = Arrival.objects.visible_to(user).filter(pk__in=uids).order_by()
    found = list(arrivals.annotate(left=F("line__amount")).values_list(*_ROW))
    line, left, uid = map(_NAMES.index, ("line", "left", "uid"))
    lines = {row[line] for row in found}
    sums = Arrival.objects.filter(line__in=lines, deleted=False).order_by().values_list("line").annotate(Sum("amount"))
    arrived = dict(sums)
    for row in sorted(found, key=lambda row: order[row[uid]]):
        yield (*row[:left], row[left] - arrived.get(row[line], 0), *row[left + 1 :])


def expected(user: User, year: int | None) -> Iterator[tuple[Any, ...]]:
    """Lines of which money is still to arrive, as rows where date, amount and voucher are to be entered."""
    lines = outstanding(user).select_related("document", "issuer", "fund_category", "budget_item")
    lines = lines.order_by("-document__issued_on", "document_no", "n")
    for line in lines.filter(budget_year=year) if year else lines:
        said = {
            "document_no": line.document_no,
            "issuer": line.issuer.name,
            "budget_year": line.budget_year,
            "money_level": line.money_level,
            "fund_category": line.fund_category.code,
            "budget_item": line.budget_item.code,
            "left": line.left,
            "account": ArrivalAccount.FINANCE.value,
            "budget_no": line.document_no,
            "line": line.uid,
        }
        yield tuple(map(said.get, _NAMES))


ARRIVAL_SHEET = SheetForm(
    columns=COLUMNS,
    group_by=("document_no",),
    value="amount",
    lookups=lookups,
    assemble=assemble,
    chosen=chosen,
    said=said,
    rows=rows,
    count=count,
    own=own,
    entered=("arrived_on", "amount", "voucher_no"),
    expected=expected,
)
"""到账: one row an arrival."""
