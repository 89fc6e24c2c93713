"""What the workbooks of one record type are made of: columns, code lists, and how rows become a record."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from povfund.common.errors import Finding

if TYPE_CHECKING:
    from accounts.models import User

Text = str | Promise

TEXT, CODE, DAY, YEAR, MONEY, UID, REV, REFERENCE = "text", "code", "day", "year", "money", "uid", "rev", "reference"
UNITS = re.compile(r"[(]?(?:单位)?(?:人民币)?(万元|元|10kyuan|yuan)[)]?$")
_BRACKETS = str.maketrans(dict.fromkeys("[〔【﹝", "(") | dict.fromkeys("]〕】﹞", ")"))
_TRAILING = re.compile(r"[(][^()]*[)]$")


def plain(text: Any) -> str:
    """A head, name or number as it is compared: half-width, one kind of bracket, without spaces and marks."""
    return _plain(str(text))


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    return re.sub(r"[\s*::、·]+", "", unicodedata.normalize("NFKC", text).translate(_BRACKETS)).lower()


def without_unit(head: str) -> tuple[str, str]:
    """(head, "wan" | "yuan" | "") of a plain head that may end in its unit: `金额(万元)`."""
    match = UNITS.search(head)
    if not match or match.start() == 0:
        return head, ""
    return head[: match.start()], "yuan" if match[1] in ("元", "yuan") else "wan"


@dataclass(frozen=True, slots=True)
class CodeList:
    """代码表 — codes with their labels, found by code, by name, or by both as the dropdown writes them."""

    name: str
    entries: tuple[tuple[str, str], ...]
    found: dict[str, tuple[str, ...]]
    """plain text -> codes it may stand for."""

    @classmethod
    def of(cls, name: str, entries: Iterable[tuple[str, str]], *, names: Iterable[tuple[str, str]] = ()) -> CodeList:
        """`entries` are (code, label) of the dropdown; `names` further (code, name) by which a code is known."""
        entries = tuple(entries)
        found: dict[str, list[str]] = {}
        for code, label in [*entries, *names]:
            for key in {plain(code), plain(label), plain(f"{code} {label}")}:
                known = found.setdefault(key, [])
                if code not in known:
                    known.append(code)
        return cls(name, entries, {key: tuple(codes) for key, codes in found.items()})

    def codes_for(self, text: str) -> tuple[str, ...]:
        """Codes a text may mean: exact first, then without a remark in brackets at its end."""
        key = plain(text)
        return self.found.get(key) or self.found.get(_TRAILING.sub("", key)) or ()

    def shown(self, code: str) -> str:
        """The entry of the dropdown: `511921 通江县`."""
        return next((f"{c} {label}" if c != label else c for c, label in self.entries if c == code), code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    表列 — one field in a workbook. `name` is its place in the content: `title`, `lines.amount`.

    `kind` is text, code (from the list `codes`), day, year, money (unit 万元 unless the head says 元),
    reference (another record by its number), uid or rev. `variants` are heads under which notices
    print it. A `personal` column makes an export a matter for the auditor. A `told` column is written
    for the reader alone: an import leaves it out.
    """

    name: str
    label: Text
    kind: str = TEXT
    codes: str = ""
    unit: Text = ""
    help: Text = ""
    required: bool = False
    longest: int = 200
    width: int = 14
    variants: tuple[str, ...] = ()
    personal: bool = False
    told: bool = False

    @property
    def child(self) -> bool:
        return "." in self.name

    @property
    def key(self) -> str:
        """The name within its row: `amount`."""
        return self.name.rpartition(".")[2]

    @property
    def technical(self) -> bool:
        return self.kind in (UID, REV)

    @property
    def locked(self) -> bool:
        """Filled in by the system, not by who fills in the template."""
        return self.technical or self.told

    def head(self) -> str:
        """The head of the column, its unit in brackets."""
        return str(_("%(label)s (%(unit)s)") % {"label": self.label, "unit": self.unit} if self.unit else self.label)


RECORD_UID = Column(name="uid", label=_("Record id"), kind=UID, width=38, help=_("Do not change; empty for a new one."))
RECORD_REV = Column(name="rev", label=_("Revision"), kind=REV, width=8, help=_("Do not change; empty for a new one."))


@dataclass(slots=True)
class Typed:
    """One record as its rows say it: head values, child rows, and where each stands (row, column; from 0)."""

    head: dict[str, Any]
    lines: list[dict[str, Any]] = field(default_factory=list)
    uid: UUID | None = None
    rev: int = 0
    sheet: int = 0
    row: int = 0
    cells: list[tuple[int, int]] = field(default_factory=list)
    """Per child row the cell of its amount."""


@dataclass(slots=True)
class Assembled:
    """One typed record as content, or the findings that keep it from being one. `base_rev` 0 is a new record."""

    uid: UUID
    base_rev: int = 0
    content: dict[str, Any] | None = None
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetForm:
    """
    表式 — the workbooks of one record type.

    `lookups(user, year)` answers the code lists, of one budget year for dropdowns, of all years (None)
    for reading. `assemble(user, typed)` makes canonical contents in the order of the records, without
    rules, in a fixed number of queries. `chosen(user, params)` are the record uids of a filter;
    `rows(user, uids)` their flat rows, one dict by column name per child row, only those the user may
    read. `guess(texts)` finds head values in the text around a table. The child rows' `value` column
    may be spread over several columns of a sheet (matrix). Without child columns every row is a record,
    and one with nothing in the `entered` columns is none: `expected(user, year)` fills a template with
    such rows.
    """

    columns: tuple[Column, ...]
    group_by: tuple[str, ...]
    value: str = ""
    axes: tuple[str, ...] = ()
    """Columns of a child row that may stand in the heads of a matrix: recipient, category."""
    settings: tuple[str, ...] = ()
    """Columns of a child row that may be said once for a whole column of a matrix."""
    lookups: Callable[[User, int | None], dict[str, CodeList]]
    assemble: Callable[[User, Sequence[Typed]], list[Assembled]]
    chosen: Callable[[User, dict[str, Any]], Any]
    rows: Callable[[User, Sequence[UUID]], Iterator[dict[str, Any]]]
    count: Callable[[User, Any], int]
    own: Callable[[User, int | None], Any]
    """Uids of the own unit's records that may still be changed, newest first: what a template is filled with."""
    guess: Callable[[Sequence[str]], dict[str, Any]] = lambda texts: {}
    entered: tuple[str, ...] = ()
    expected: Callable[[User, int | None], Iterable[dict[str, Any]]] = lambda user, year: ()
    ignored: tuple[str, ...] = ("序号", "编号", "no", "no.")

    def column(self, name: str) -> Column:
        """The column of a name. Raises KeyError."""
        found = {column.name: column for column in self.columns}
        return found[name]

    @property
    def flat(self) -> bool:
        """Every row is a record of its own."""
        return not any(column.child for column in self.columns)

    @property
    def named_by(self) -> tuple[str, ...]:
        """Columns of which a table has at least one: what its rows are about."""
        return self.axes or self.group_by
