"""Lists: columns that say how a value is printed, rows made ready for one template, paging by key without COUNT."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _

from povfund.common import clock
from povfund.common.errors import Finding
from povfund.common.money import wan_decimals, wan_text

Text = str | Promise
PAGE = 50
MOST = 500
PAGING = ("after", "before", "totals")
"""Parameters that say where in the list one is and what else of it is asked for; all others are filters."""
NOTHING = _("Nothing here.")
_CURSORS = signing.Signer(salt="povfund.tables.cursor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    列 — one column of a list.

    `value(item)` gives the raw value, `show(value)` what is printed (text or safe HTML). `sort` is
    the field ordered by where the column can be sorted. `unit` stands in the head. `css` is `n` for
    figures. `direction` and `url` are filled in by `build_table`. A file holds `plain(item)`, a day, a whole
    number, an amount in 元 or words as `kind` says.
    """

    key: str
    label: Text
    value: Callable[[Any], Any]
    show: Callable[[Any], Any] = str
    unit: Text = ""
    css: str = ""
    sort: str = ""
    money: bool = False
    kind: str = "text"
    written: Callable[[Any], Any] | None = None
    direction: str = ""
    url: str = ""

    @property
    def plain(self) -> Callable[[Any], Any]:
        """The value of an item as a file holds it: that of the list, unless this is a link or marked."""
        return self.written or self.value


def text(key: str, label: Text, value: Callable[[Any], Any], **options: Any) -> Column:
    """A column of words; None prints nothing."""
    return Column(key=key, label=label, value=value, show=_or_nothing(str), **options)


def link(key: str, label: Text, value: Callable[[Any], Any], *, url: Callable[[Any], str], **options: Any) -> Column:
    """A column of names that lead to their page; `url(item)`."""
    return Column(
        key=key, label=label, value=lambda item: (url(item), value(item)), show=_as_link, written=value, **options
    )


def number(key: str, label: Text, value: Callable[[Any], Any], **options: Any) -> Column:
    """A column of counts with thousands separators."""
    return Column(key=key, label=label, value=value, show=_or_nothing("{:,}".format), css="n", kind="whole", **options)


def day(key: str, label: Text, value: Callable[[Any], Any], **options: Any) -> Column:
    """A column of dates, 2016-03-01; a moment is shown as its day in Asia/Shanghai."""

    def of(item: Any) -> date | None:
        found = value(item)
        return clock.local_date(found) if isinstance(found, datetime) else found

    show = _or_nothing("{:%Y-%m-%d}".format)
    return Column(key=key, label=label, value=of, show=show, css="nw", kind="day", **options)


def wan(key: str, label: Text, value: Callable[[Any], Any], **options: Any) -> Column:
    """A column of amounts: `value(item)` in 元, printed in 万元 with as many decimals as the column needs."""
    return Column(key=key, label=label, value=value, unit=_("10k yuan"), css="n", money=True, kind="money", **options)


def _or_nothing(show: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: "" if value is None else show(value)


def _as_link(pair: tuple[str, Any]) -> Any:
    return format_html('<a href="{}" data-open>{}</a>', *pair)


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed cell."""

    content: Any
    css: str = ""


def _print(cells: Iterable[Cell]) -> SafeString:
    """The `td` elements of a row; in a template they would cost ten times as much. What may be cut is a title too."""
    return format_html_join("", '<td class="{}"{}>{}</td>', ((cell.css, _whole(cell), cell.content) for cell in cells))


def _whole(cell: Cell) -> SafeString:
    if "ell" not in cell.css.split() or not cell.content:
        return SafeString("")
    words = cell.content
    return format_html(' title="{}"', strip_tags(words) if isinstance(words, SafeString) else words)


@dataclass(slots=True, kw_only=True)
class TableRow:
    """
    行 — printed cells, and what stands around them.

    `group` opens a group of rows with its `count`; `note` is a person's words below the row; `key`,
    `fen` and `picked` belong to the checkbox of a table with `pick`.
    """

    cells: list[Cell]
    item: Any = None
    key: str = ""
    name: str = ""
    css: str = ""
    group: Text | None = None
    count: int | None = None
    note: str = ""
    fen: int = 0
    pickable: bool = True
    picked: bool = False

    @property
    def printed(self) -> SafeString:
        return _print(self.cells)


@dataclass(slots=True, kw_only=True)
class Table:
    """表 — what `components/table.html` draws. `total` is the total of the whole filter, never of the page."""

    caption: Text
    columns: Sequence[Column]
    rows: list[TableRow] = field(default_factory=list)
    total: list[Cell] = field(default_factory=list)
    empty: Text = NOTHING
    css: str = ""
    pick: bool = False
    reset_url: str = ""
    next_url: str = ""
    previous_url: str = ""

    @property
    def printed_total(self) -> SafeString:
        return _print(self.total)

    @property
    def width(self) -> int:
        return len(self.columns) + self.pick

    @property
    def note_width(self) -> int:
        return len(self.columns) - 1


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list in key order, and the addresses of the neighbours (empty where there is none)."""

    items: list[Any]
    next_url: str = ""
    previous_url: str = ""


def keyset_page(rows: QuerySet[Any], *, params: QueryDict, order: str = "-changed_at", size: int = PAGE) -> Page:
    """
    One page ordered by (`order`, pk) in the direction of `order`: one query, no COUNT, no OFFSET.

    `order` must not hold NULL. The place of another list, or a forged one, is the top; `misplaced` says so.
    """
    name, down = order.lstrip("-"), order.startswith("-")
    back = "before" in params
    cursor = _read(params.get("before") or params.get("after") or "", order)
    if cursor is not None:
        rows = rows.filter(_beyond(name, cursor, below=down != back))
    found = _ordered(rows, name, down=down != back)[: size + 1]
    items = list(found)
    more = len(items) > size
    items = items[:size][::-1] if back else items[:size]
    forth = items and (more or back)
    past = items and (more if back else cursor is not None)
    return Page(
        items,
        next_url=_address(params, "after", items[-1], order) if forth else "",
        previous_url=_address(params, "before", items[0], order) if past else "",
    )


def _ordered(rows: QuerySet[Any], name: str, *, down: bool) -> QuerySet[Any]:
    return rows.order_by(F(name).desc(), F("pk").desc()) if down else rows.order_by(F(name).asc(), F("pk").asc())


def _beyond(name: str, cursor: tuple[Any, Any], *, below: bool) -> Q:
    than = "lt" if below else "gt"
    value, key = cursor
    return Q(**{f"{name}__{than}": value}) | Q(**{name: value, f"pk__{than}": key})


def _address(params: QueryDict, way: str, item: Any, order: str) -> str:
    value: Any = item
    for part in order.lstrip("-").split("__"):
        value = getattr(value, part)
    cursor = _CURSORS.sign_object([order, _plain(value), str(item.pk)])
    kept = [(name, v) for name, values in params.lists() if name not in PAGING for v in values]
    return "?" + urlencode([*kept, (way, cursor)])


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | str) else str(value)


def _read(cursor: str, order: str) -> tuple[Any, Any] | None:
    try:
        held = _CURSORS.unsign_object(cursor)
    except (signing.BadSignature, ValueError):
        return None
    return (held[1], held[2]) if held[0] == order else None


def order_of(columns: Iterable[Column], *, params: QueryDict, default: str) -> str:
    """The order asked for in the address (`sort=amount` or `sort=-amount`), else `default`."""
    asked = params.get("sort", "")
    for column in columns:
        if column.sort and asked.removeprefix("-") == column.key:
            return ("-" if asked.startswith("-") else "") + column.sort
    return default


def misplaced(params: QueryDict, *, columns: Iterable[Column], order: str) -> list[Finding]:
    """What of an order or a place in the list (`after`, `before`) the list does not know; `order` is the one in use."""
    found, asked = [], params.get("sort", "")
    keys = [column.key for column in columns if column.sort]
    if asked and asked.removeprefix("-") not in keys:
        message = gettext("The list cannot be ordered by “%(value)s”.") % {"value": asked[:40]}
        remedy = (
            gettext("Possible: %(known)s.") % {"known": ", ".join(keys)}
            if keys
            else gettext("Click on the head of a column.")
        )
        found.append(Finding("SHAPE", message, field="sort", remedy=remedy))
    cursor = params.get("before") or params.get("after")
    if cursor and order and _read(cursor, order) is None:
        message = gettext("The place in the address does not belong to this list and its order.")
        found.append(Finding("SHAPE", message, field="after", remedy=gettext("Open the list from its beginning.")))
    return found


def build_table(
    items: Iterable[Any],
    *,
    columns: Sequence[Column],
    params: QueryDict,
    caption: Text,
    order: str = "",
    totals: dict[str, Any] | None = None,
    total_label: Text = _("Total"),
    **options: Any,
) -> Table:
    """
    A Table of printed cells: amounts of a column with the same number of decimals.

    `totals` holds figures of the whole filter by column key. `options` are the fields of Table.
    """
    held = list(items)
    values = [[column.value(item) for column in columns] for item in held]
    shows = [_show_of(c, [row[n] for row in values], totals) for n, c in enumerate(columns)]
    css = _edges(columns, pick=bool(options.get("pick")))
    rows = [
        TableRow(
            cells=[Cell(show(value), where) for show, value, where in zip(shows, row, css, strict=True)],
            item=item,
            key=str(getattr(item, "pk", "")),
            name=str(item),
        )
        for item, row in zip(held, values, strict=True)
    ]
    total = []
    if totals is not None and rows:
        total = [
            Cell(show(totals[c.key]) if c.key in totals else (total_label if n == 0 else ""), css[n])
            for n, (show, c) in enumerate(zip(shows, columns, strict=True))
        ]
    heads = [_head(column, params, order) for column in columns]
    return Table(caption=caption, columns=heads, rows=rows, total=total, reset_url=_reset(params), **options)


def _edges(columns: Sequence[Column], *, pick: bool) -> list[str]:
    """Classes of each column's cells; the outermost ones keep their distance from the edge of the pane."""
    css = [column.css for column in columns]
    if not pick:
        css[0] += " first"
    css[-1] += " last"
    return css


def _show_of(column: Column, values: list[Any], totals: dict[str, Any] | None) -> Callable[[Any], Any]:
    if not column.money:
        return column.show
    every = [*values, (totals or {}).get(column.key)]
    digits = max((wan_decimals(value) for value in every if value is not None), default=2)
    return lambda value: wan_cell(value, decimals=digits)


def wan_cell(yuan: Decimal | None, *, decimals: int = 2) -> Any:
    """元 as 万元, decimals that are all zero faded; None prints nothing."""
    if yuan is None:
        return ""
    whole, _dot, part = wan_text(yuan, decimals=decimals).partition(".")
    return format_html('{}<i class="z">.{}</i>', whole, part) if set(part) == {"0"} else f"{whole}.{part}"


def _head(column: Column, params: QueryDict, order: str) -> Column:
    if not column.sort:
        return column
    here = order.lstrip("-") == column.sort
    down = order.startswith("-")
    query = params.copy()
    for name in PAGING:
        query.pop(name, None)
    query["sort"] = column.key if here and down else f"-{column.key}"
    direction = ("descending" if down else "ascending") if here else ""
    return replace(column, direction=direction, url=f"?{query.urlencode()}")


def _reset(params: QueryDict) -> str:
    return "?" if any(value for name, value in params.items() if name not in PAGING) else ""
