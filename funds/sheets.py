"""Workbooks of fund documents: their columns, code lists, and how rows become documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from accounts.models import Division, User
from funds.choices import IssueBatch, MoneyLevel, PaymentMode
from funds.help import BY_NAME
from funds.models import BudgetItem, FundDocument, FundLine
from funds.services import BLANK_LINE, typed_content, with_blanks
from funds.sheet_parts import UNKNOWN_PLACE, category_list, choice_list, dated_list, filtered, head_words, own_drafts
from funds.sheet_same import find_same, stored_head
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.kept_filter import filter_words
from povfund.common.phrases import phrase as _
from povfund.common.text import normalise_document_no
from povfund.common.typed import day_of, days_in
from povfund.common.uid import uuid7
from records.sheets import form
from records.sheets.form import RECORD_REV, RECORD_UID, Assembled, CodeList, Column, SheetForm, Typed, plain

MAX_LINES = 2_000
HEAD = ("document_no", "title", "budget_year", "issue_batch", "issued_on", "approved_on", "received_on", "stated_total")


def _column(name: str, *, kind: str = form.TEXT, variants: str = "", **options: Any) -> Column:
    """A column whose label, unit and help are those of the form."""
    told = BY_NAME[name]
    options.setdefault("label", told.label)
    return Column(name=name, unit=told.unit, help=told.text, kind=kind, variants=tuple(variants.split()), **options)


COLUMNS = (
    _column(
        "document_no",
        longest=80,
        width=24,
        normal=normalise_document_no,
        variants="文号 下达文号 指标文号 指标文件文号 文件号 资金文号 文件文号 发文文号 发文字号",
    ),
    _column("title", required=True, width=36, variants="标题 文件标题 资金名称 文件"),
    _column("budget_year", kind=form.YEAR, required=True, width=10, variants="年度 年份 资金年度"),
    _column("issue_batch", kind=form.CODE, codes="issue_batch", required=True, width=12, variants="下达批次 资金批次"),
    _column(
        "issued_on",
        kind=form.DAY,
        required=True,
        width=12,
        variants="发文日期 下达日期 文件日期 印发时间 发文时间 下达时间",
    ),
    _column(
        "approved_on",
        kind=form.DAY,
        required=True,
        width=12,
        variants="审批日期 审批确定日 审批确定日期 审批确定时间 审批时间",
    ),
    _column("received_on", kind=form.DAY, width=12, variants="收文时间"),
    _column("parent", kind=form.REFERENCE, longest=80, width=24, variants="上级文号 上级文件号 上级指标文号"),
    _column("stated_total", kind=form.MONEY, width=16, variants="文件总额 文件合计"),
    _column("remark", label=_("Remark of the document"), longest=4000, multiline=True, width=20),
    _column(
        "lines.recipient",
        kind=form.CODE,
        codes="recipient",
        required=True,
        width=20,
        variants="地区 区划 市州 市(州) 市、州 县区 县(区) 县(市、区) 区县 市县 单位 单位名称 资金接收单位 乡镇"
        " 乡镇(街道) 项目县 县(市) 地市 地区名称 区划名称 行政区划 县市区 市县区 区(县) 市(县) 市(县、区) 州市 设区市"
        " 接收单位 受援县 乡(镇) 乡、镇",
    ),
    _column(
        "lines.money_level", kind=form.CODE, codes="money_level", required=True, width=12, variants="级次 资金来源"
    ),
    _column(
        "lines.fund_category",
        kind=form.CODE,
        codes="fund_category",
        required=True,
        width=26,
        variants="类别 资金种类 资金类型",
    ),
    _column(
        "lines.budget_item",
        kind=form.CODE,
        codes="budget_item",
        required=True,
        width=24,
        variants="功能科目 科目 预算科目 支出功能科目 科目编码 支出科目",
    ),
    _column(
        "lines.amount",
        kind=form.MONEY,
        required=True,
        width=16,
        variants="下达金额 资金 资金额 下达资金 分配金额 安排金额 安排资金 资金规模 分配资金 资金数"
        " 资金额度 额度 分配额度 下达额度 补助金额 补助资金 拨付金额 拨付资金 指标金额 下达数 分配数 安排数 资金金额",
    ),
    _column(
        "lines.payment_mode",
        kind=form.CODE,
        codes="payment_mode",
        required=True,
        width=16,
        variants="支付方式 国库支付方式",
    ),
    _column("lines.remark", width=20, variants="备注 说明"),
    RECORD_UID,
    RECORD_REV,
    Column(name="lines.uid", label=_("Line id"), kind=form.UID, width=38, help=RECORD_UID.help),
)


def lookups(user: User, year: int | None) -> dict[str, CodeList]:
    """Code lists the user's unit may use; those in force in `year`, or of all years. Three queries."""
    return {
        "recipient": _places(user.unit.division),
        "fund_category": category_list(user.unit.division.scope_key[:2], year),
        "budget_item": dated_list("budget_item", BudgetItem.objects.filter(in_scope=True), year),
        "money_level": choice_list("money_level", MoneyLevel),
        "issue_batch": choice_list("issue_batch", IssueBatch),
        "payment_mode": choice_list("payment_mode", PaymentMode),
    }


def _places(division: Division) -> CodeList:
    """The own division and all below: those in force first; a retired one is found by a name nobody has now."""
    today = clock.today()
    rows = list(Division.objects.under(division.scope_key).order_by("scope_key"))
    valid = [d for d in rows if not (d.valid_to and d.valid_to <= today)]
    names = [(d.code, name) for d in valid for name in _other_names(d)]
    taken = {plain(d.name) for d in valid} | {plain(name) for _code, name in names}
    retired = [d for d in rows if d.valid_to and d.valid_to <= today]
    names += [(d.code, d.name) for d in retired if plain(d.name) not in taken]
    names += [(d.code, d.code) for d in retired]
    found = CodeList.of("recipient", ((d.code, d.name) for d in valid), names=names)
    return replace(found, remedy=UNKNOWN_PLACE)


def _other_names(division: Division) -> Iterator[str]:
    """凉山州 for 凉山彝族自治州, 通江 for 通江县, the former name."""
    if division.former_name:
        yield division.former_name
    short = re.sub(r"(\w族)*自治(?=[州县]$)", "", re.sub(r"[一-龥]{1,3}族", "族", division.name)).replace("族", "")
    if short != division.name:
        yield short
    if len(division.name) > 2 and division.name[-1] in "市县区州省":
        yield division.name[:-1]


_WORDS_BEFORE = "以|根据|依据|按照?|由|的|与|及|见|下达|印发|转发|通过|文号|文件|通知|附件"
"""What stands before a number in a sentence: 已以川财农〔2016〕99号下达."""
_NUMBER = re.compile(
    rf"(?:(?<![一-龥])(?:(?<=\d)[年月日号])?+|{_WORDS_BEFORE})((?:(?!{_WORDS_BEFORE})[一-龥]){{2,15}}"
    r"\s*[\[［﹝（(【〔]\s*\d{4}\s*[\]］﹞）)】〕]\s*(?:第\s*)?\d{1,6}\s*号)"
)
_ISSUED = re.compile(r"(?:印发|发文|成文|下达)(?:日期|时间)?\s*[:：]?\s*$")
"""What stands before the day of the document where several days are printed."""
_BATCHES = (("advance", "提前下达"), ("first", "第一批"), ("second", "第二批"), ("recovery", "收回"))


_LEVEL = re.compile(
    r"(?:其中)?(?:(中央)|(省)级?|([市州])级?|(县区|[县区])级?)(?:本级)?(?:财政)?(?:\S*(?:资金|补助|配套|安排|金额))?"
)
_LEVELS = (MoneyLevel.CENTRAL, MoneyLevel.PROVINCE, MoneyLevel.CITY, MoneyLevel.COUNTY)
_LEVEL_WORDS = re.compile(r"中央|[省市州县区](?:级|本级|财政|配套)")


def said_by_head(head: str) -> dict[str, str]:
    """The level of money of an amount column: 中央, 省级财政专项扶贫资金, 县级配套."""
    match = _LEVEL.fullmatch(head)
    if not match or not _LEVEL_WORDS.search(head):
        return {}
    return {"lines.money_level": next(level.value for level, said in zip(_LEVELS, match.groups(), strict=True) if said)}


def guess(above: Sequence[str], below: Sequence[str]) -> dict[str, Any]:
    """
    Head values a notice prints around its table: number, year, day, batch, title. For a person to confirm.

    They stand above the table; footnotes speak of other money and other documents. Of what is below only a day
    alone in its cell is the document's own.
    """
    whole = "\n".join(above)
    found: dict[str, Any] = {}
    if number := _NUMBER.search(whole):
        found["document_no"] = number[1]
    days = list(days_in(whole))
    issued = [day for before, day in days if _ISSUED.search(before)] or [day for _before, day in days]
    if day := next(chain(issued, filter(None, (day_of("".join(text.split())) for text in below))), None):
        found["issued_on"] = found["approved_on"] = day.isoformat()
    if year := re.search(r"(\d{4})\s*年", whole):
        found["budget_year"] = year[1]
    elif days:
        found["budget_year"] = str(days[0][1].year)
    titles = [text for text in above if "资金" in text and len(text) >= 8]
    if titles:
        found["title"] = max(titles, key=len)[:200]
    said = (code for text in (found.get("title", ""), *above) for code, words in _BATCHES if words in text)
    found["issue_batch"] = next(said, "")
    return {name: value for name, value in found.items() if value}


def assemble(user: User, typed: Sequence[Typed]) -> list[Assembled]:
    """Documents as rows say them, made content; ids of stored lines kept. Queries: a fixed number."""
    stored = _own_lines(user, [record.uid for record in typed if record.uid])
    parents = _parents(user, {record.head["parent"] for record in typed if record.head.get("parent")})
    found = [_one(user, record, stored, parents) for record in typed]
    find_same(user, found, typed)
    return found


def _one(
    user: User, record: Typed, stored: dict[UUID, set[UUID]], parents: dict[str, list[tuple[UUID, bool]]]
) -> Assembled:
    made = Assembled(record.uid or uuid7(), base_rev=record.rev or (1 if record.uid else 0), unread=record.blanks())
    head = dict(record.head)
    if parent := head.pop("parent", None):
        uids = _parents_of(record, head, parents.get(normalise_document_no(parent), []))
        if len(uids) == 1:
            head["parent"] = uids[0]
        else:
            made.findings.append(_no_parent(parent, several=bool(uids)))
            made.unread.add("parent")
    for name in ("title", "budget_year", "issue_batch", "issued_on", "approved_on"):
        if head.get(name) is None and name not in made.unread:
            made.findings.append(_missing(name))
            made.unread.add(name)
    if len(record.lines) > MAX_LINES:
        made.findings.append(_too_many())
    lines = [BLANK_LINE | line for line in record.lines] if made.unread else record.lines
    try:
        made.content = typed_content(
            data=with_blanks(head, []), lines=lines, unit=user.unit, known=set(stored.get(made.uid, ()))
        )
    except RuleViolation as error:
        made.findings += error.findings
    return made


def _own_lines(user: User, uids: list[UUID]) -> dict[UUID, set[UUID]]:
    lines: dict[UUID, set[UUID]] = {}
    rows = FundLine.objects.filter(document__in=uids, document__owner_unit=user.unit_id)
    for document, uid in rows.values_list("document", "uid"):
        lines.setdefault(document, set()).add(uid)
    return lines


def _parents(user: User, numbers: set[str]) -> dict[str, list[tuple[UUID, bool]]]:
    """Documents the user may choose as parent, by their number: (uid, is it of the own division?)."""
    wanted = {normalise_document_no(number) for number in numbers}
    rows: Any = FundDocument.objects.all()
    found: dict[str, list[tuple[UUID, bool]]] = {}
    for number, uid, key in (
        rows.parents_for(user).filter(document_no__in=wanted).values_list(*_PARENT) if wanted else ()
    ):
        found.setdefault(number, []).append((uid, key == user.unit.division.scope_key))
    return found


_PARENT = ("document_no", "uid", "scope_key")


def _parents_of(record: Typed, head: dict[str, Any], fitting: list[tuple[UUID, bool]]) -> list[UUID]:
    """
    Of documents of one number those that may be meant: 收回 takes back from the own division's, where there is
    one, all else comes from above. A document is not its own parent.
    """
    back = head.get("issue_batch") == IssueBatch.RECOVERY
    others = [(uid, own) for uid, own in fitting if uid != record.uid]
    return [uid for uid, own in others if own == back] or [uid for uid, _own in others]


def _no_parent(number: str, *, several: bool) -> Finding:
    message = _("No document from above or of your division that counts has the number %(number)s.")
    if several:
        message = _("Several documents from above or of your division have the number %(number)s.")
    return Finding(
        "MISSING_REF",
        message % {"number": number},
        field="parent",
        remedy=_("Search the document by its number; it counts once its unit has reviewed it."),
        article="9",
    )


def _missing(name: str) -> Finding:
    told = BY_NAME[name]
    return Finding(
        "SHAPE",
        _("“%(field)s” is missing.") % {"field": told.label},
        field=name,
        remedy=told.text,
        article=told.article,
    )


def _too_many() -> Finding:
    return Finding(
        "SHAPE",
        _("A document holds at most %(most)s lines.") % {"most": MAX_LINES},
        field="lines",
        remedy=_("Enter the rest as a second document of the same number."),
    )


def chosen(user: User, params: dict[str, Any]) -> Any:
    """Documents of a filter the user may read, newest first; the filter of page and API."""
    from funds.filters import FundDocumentFilter

    return filtered(FundDocumentFilter, FundDocument, user, params)


def said(params: dict[str, Any]) -> list[tuple[str, str]]:
    """A filter in words."""
    from funds.filters import FundDocumentFilter

    return filter_words(FundDocumentFilter, params)


def own(user: User, year: int | None) -> Any:
    """Documents of the own unit that may still be changed."""
    return own_drafts(FundDocument, user, year)


def count(user: User, uids: Any) -> int:
    """Lines the user may read in these documents."""
    return FundLine.objects.visible_to(user).filter(document__in=uids.order_by()).count()


_HEAD = (
    "uid", "rev", "document_no_raw", "title", "issue_batch", "issued_on", "approved_on", "received_on",
    "parent__document_no", "stated_total", "remark",
)  # fmt: skip
_LINE = (
    Cast("document_id", TextField()), "budget_year", "recipient__code", "money_level", "fund_category__code",
    "budget_item__code", "amount", "payment_mode", "remark", Cast("uid", TextField()), "n",
)  # fmt: skip


def rows(user: User, uids: Sequence[UUID]) -> Iterator[tuple[Any, ...]]:
    """
    Flat rows of these documents, in their order, lines by number; codes as codes, money in 元. Two queries.

    The heads are read before the lines: a revision is never newer than the lines that stand beside it.
    """
    documents: Any = FundDocument.objects.visible_to(user)
    heads = {head[0]: head for head in documents.filter(pk__in=uids).order_by().values_list(*_HEAD)}
    lines: Any = FundLine.objects.own_part(user).filter(document__in=list(heads)).order_by()
    held: dict[str, list[tuple[Any, ...]]] = {}
    for line in lines.values_list(*_LINE):
        held.setdefault(line[0], []).append(line)
    for uid, key in ((uid, str(uid)) for uid in uids):
        if key in held:
            _uid, rev, number, title, *days = heads[uid]
            for line in sorted(held.pop(key), key=itemgetter(-1)):
                yield (number, title, line[1], *days, *line[2:9], key, rev, line[9])


FUND_DOCUMENT_SHEET = SheetForm(
    columns=COLUMNS,
    group_by=("document_no", "title"),
    value="lines.amount",
    axes=("lines.recipient", "lines.fund_category"),
    settings=("lines.fund_category", "lines.money_level", "lines.budget_item"),
    lookups=lookups,
    assemble=assemble,
    chosen=chosen,
    said=said,
    rows=rows,
    count=count,
    own=own,
    guess=guess,
    stored_head=stored_head,
    supposed=("approved_on",),
    said_by_head=said_by_head,
    head_words=head_words,
)
"""资金下达: one row a line, the head repeated; or a matrix of recipients and categories."""
