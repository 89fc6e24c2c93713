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
from povfund.common.money import PRINTED_UNITS
from records.marks import IN_FORCE, UNDER_WAY, numbers_of, order_marks

if TYPE_CHECKING:
    from accounts.models import User

Text = str | Promise

TEXT, CODE, DAY, YEAR, MONEY, UID, REV, REFERENCE = "text", "code", "day", "year", "money", "uid", "rev", "reference"
WHOLE = "whole"
"""A count; in files that are written, never in one that is read."""
UNKNOWN = "?"
"""The unit of an amount that is printed and is none of MONEY_UNITS: it is asked for, never guessed."""
_KNOWN = "|".join(sorted(PRINTED_UNITS, key=len, reverse=True))
_UNITS = re.compile(rf"[(]?(?:单位)?(?:人民币)?(?<![美港欧日澳加十百千万亿])({_KNOWN}|10kyuan|yuan)(?:人民币)?[)]?$")
OTHER_UNIT = r"[十百千万亿]*(?:[一-龥]{0,2}元|[一-龥]{1,2}币|英镑|[角分])|[十百千万亿]+|(?:usd|eur|hkd|cny|rmb)"
"""What else may be printed as a unit of money: 亿美元, 十亿元, 万."""
_OTHER = re.compile(rf"[(](?:单位)?(?:人民币)?({OTHER_UNIT})[)]$")
_ENGLISH = {"10kyuan": "wan", "yuan": "yuan"}
_BRACKETS = str.maketrans(dict.fromkeys("[〔【﹝", "(") | dict.fromkeys("]〕】﹞", ")"))
_TRAILING = re.compile(r"[(][^()]*[)]$")


def plain(text: Any) -> str:
    """A head, name or number as it is compared: half-width, one kind of bracket, without spaces and marks."""
    return _plain(str(text))


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    return re.sub(r"[\s*::、·]+", "", unicodedata.normalize("NFKC", text).translate(_BRACKETS)).lower()


def without_unit(head: str) -> tuple[str, str]:
    """(head, name of its unit, UNKNOWN or empty) of a plain head that may end in its unit: `金额(万元)`."""
    match = _OTHER.search(head) or _UNITS.search(head)
    if not match or match.start() == 0:
        return head, ""
    return head[: match.start()], _ENGLISH.get(match[1]) or PRINTED_UNITS.get(match[1], UNKNOWN)


@dataclass(frozen=True, slots=True)
class CodeList:
    """代码表 — codes with their labels, found by code, by name, or by both as the dropdown writes them."""

    name: str
    entries: tuple[tuple[str, str], ...]
    found: dict[str, tuple[str, ...]]
    """plain text -> codes it may stand for."""
    named: Callable[[str, int], str] | None = None
    """Of a dated table: the label of a code, also of one that is not offered, in the budget year of its row."""
    beginnings: tuple[tuple[str, str], ...] = ()
    """(plain text, code): the only code one of whose texts begins as typed is meant, as in the grid."""
    choose: Callable[[tuple[str, ...], int | None], tuple[str, Any] | None] | None = None
    """Of codes of one name: the one meant in a budget year, with its name and mark; None where a person must say."""
    remedy: Text = ""
    """What can be done about a text that stands for no code, where that is more than to write another one."""

    @classmethod
    def of(
        cls,
        name: str,
        entries: Iterable[tuple[str, str]],
        *,
        names: Iterable[tuple[str, str]] = (),
        named: Callable[[str, int], str] | None = None,
        short: Iterable[tuple[str, str]] = (),
        choose: Callable[[tuple[str, ...], int | None], tuple[str, Any] | None] | None = None,
    ) -> CodeList:
        """
        `entries` are (code, label) of the dropdown; `names` further (code, name) by which a code is known;
        `short` those (code, name) whose beginning is enough where it is the only one.
        """
        entries = tuple(entries)
        found: dict[str, list[str]] = {}
        for code, label in [*entries, *names]:
            for key in {plain(code), plain(label), plain(f"{code} {label}")}:
                known = found.setdefault(key, [])
                if code not in known:
                    known.append(code)
        starts = dict.fromkeys((plain(text), code) for code, label in short for text in (code, label))
        return cls(name, entries, {key: tuple(codes) for key, codes in found.items()}, named, tuple(starts), choose)

    def codes_for(self, text: str) -> tuple[str, ...]:
        """Codes a text may mean: exact first, then without a remark in brackets at its end."""
        key = plain(text)
        return self.found.get(key) or self.found.get(_TRAILING.sub("", key)) or ()

    def read(self, text: str) -> tuple[str, ...]:
        """Codes a typed value may mean: as `codes_for`, else those with a text that begins so, as the grid reads it."""
        if (found := self.codes_for(text)) or not (key := plain(text)):
            return found
        return tuple(dict.fromkeys(code for name, code in self.beginnings if name.startswith(key)))

    def meant(self, codes: tuple[str, ...], year: int | None) -> tuple[str, Any] | None:
        """Of several codes of one name the one that is meant, as the grid takes it; None where a person must say."""
        return self.choose(codes, year) if self.choose and len(codes) > 1 else None

    def namesakes(self, code: str) -> tuple[str, ...]:
        """The codes that are called as this one, itself among them."""
        return self.codes_for(dict(self.entries).get(code, code))

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
    for the reader alone: an import leaves it out. An `either` column answers all codes of the name it holds, as a
    tuple, where there are several: what else is known of the row says which is meant. `normal` writes its text in the
    one way in which it is shown and compared, as numbers of documents have theirs.
    """

    name: str
    label: Text
    kind: str = TEXT
    codes: str = ""
    unit: Text = ""
    help: Text = ""
    required: bool = False
    longest: int = 200
    multiline: bool = False
    width: int = 14
    variants: tuple[str, ...] = ()
    personal: bool = False
    told: bool = False
    either: bool = False
    normal: Callable[[str], str] = str

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

    def plain(self, text: Any) -> str:
        """A text of this column as it is compared."""
        return plain(self.normal(str(text)))

    def head(self) -> str:
        """The head of the column, its unit in brackets."""
        return str(_("%(label)s (%(unit)s)") % {"label": self.label, "unit": self.unit} if self.unit else self.label)


RECORD_UID = Column(name="uid", label=_("Record id"), kind=UID, width=38, help=_("Do not change; empty for a new one."))
RECORD_REV = Column(name="rev", label=_("Revision"), kind=REV, width=8, help=_("Do not change; empty for a new one."))
ORDER_COLUMNS = (
    Column(name="orders", label=IN_FORCE, width=24, told=True),
    Column(name="orders_under_way", label=UNDER_WAY, width=24, told=True),
)
"""更改申请 — numbers of the orders over a record (art. 12): in every file of records taken out, in no template."""


@dataclass(slots=True)
class Typed:
    """One record as its rows say it: head values, child rows, and where each stands (sheet, row, column; from 0)."""

    head: dict[str, Any]
    lines: list[dict[str, Any]] = field(default_factory=list)
    uid: UUID | None = None
    rev: int = 0
    sheet: int = 0
    row: int = 0
    cells: list[tuple[int, int, int]] = field(default_factory=list)
    """Per child row sheet, row and column of its amount."""
    unread: set[str] = field(default_factory=set)
    """Places of the content whose cell is missing or cannot be read: `issued_on`, `lines[2].amount`."""
    says: frozenset[str] = frozenset()
    """Names of the columns its sheets have, or answer once for all rows; an empty cell of them says: nothing."""

    def blanks(self) -> set[str]:
        """Places that hold nothing; what another row of the record said of its head is known."""
        return {path for path in self.unread if self.head.get(path) is None}


@dataclass(slots=True)
class Assembled:
    """
    One typed record as content, and what keeps it from being stored. `base_rev` 0 is a new record.

    The content holds blanks at the places `unread`, so that rules which do not read these speak at once.
    """

    uid: UUID
    base_rev: int = 0
    content: dict[str, Any] | None = None
    findings: list[Finding] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListForm:
    """
    列表的表式 — a list as a file. `chosen(user, params)` are the keys of a filter in the order of the file;
    `rows(user, keys)` flat rows of some of them in their order, one tuple in the order of `columns` each, only those
    the user may read; `count(user, chosen)` how many these are. `lookups(user, year)` answers the code lists of
    CODE columns, of one budget year for dropdowns, of all years (None) for reading and writing.
    """

    columns: tuple[Column, ...]
    lookups: Callable[[User, int | None], dict[str, CodeList]] = lambda user, year: {}
    chosen: Callable[[User, dict[str, Any]], Any]
    said: Callable[[dict[str, Any]], Sequence[tuple[str, str]]]
    """A filter in words, for whoever consents to an export: (what, which)."""
    rows: Callable[[User, Sequence[Any]], Iterator[tuple[Any, ...]]]
    count: Callable[[User, Any], int]

    @property
    def written(self) -> tuple[Column, ...]:
        """The columns of a file that is taken out."""
        return self.columns

    def written_rows(self, user: User, keys: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """Its rows, one tuple in the order of `written` each."""
        return self.rows(user, keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetForm(ListForm):
    """
    表式 — the workbooks of one record type; `rows` are one tuple per child row.

    `assemble(user, typed)` makes canonical contents in the order of the records, without
    rules, in a fixed number of queries. `guess(above, below)` finds head values in the words around a table. The
    child rows' `value` column may be spread over several columns of a sheet (matrix). Without child columns every
    row is a record, and one with nothing in the `entered` columns is none: `expected(user, year)` fills a template with
    such rows.
    """

    group_by: tuple[str, ...]
    value: str = ""
    axes: tuple[str, ...] = ()
    """Columns of a child row that may stand in the heads of a matrix: recipient, category."""
    settings: tuple[str, ...] = ()
    """Columns of a child row that may be said once for a whole column of a matrix."""
    assemble: Callable[[User, Sequence[Typed]], list[Assembled]]
    own: Callable[[User, int | None], Any]
    """Uids of the own unit's records that may still be changed, newest first: what a template is filled with."""
    guess: Callable[[Sequence[str], Sequence[str]], dict[str, Any]] = lambda above, below: {}
    stored_head: Callable[[User, dict[str, Any]], dict[str, Any]] = lambda user, said: {}
    """
    (uploader, head values a sheet says once) -> those of the one record of the unit that they name, as a form shows
    them. For a person to confirm: what the sheet itself prints goes before, what was only supposed does not.
    """
    supposed: tuple[str, ...] = ()
    """Head values `guess` supposes to be another one's: the day of approval that of the document."""
    said_by_head: Callable[[str], dict[str, str]] = lambda head: {}
    """What the plain head of an amount column says of its amounts besides an axis: 省级财政专项扶贫资金."""
    head_words: Callable[[dict[str, Any]], list[tuple[Any, Any]]] = lambda content: []
    """(field, value) of a record's head that the preview shows below its name."""
    entered: tuple[str, ...] = ()
    expected: Callable[[User, int | None], Iterable[tuple[Any, ...]]] = lambda user, year: ()
    ignored: tuple[str, ...] = ("序号", "编号", "no", "no.")

    def column(self, name: str) -> Column:
        """The column of a name. Raises KeyError."""
        found = {column.name: column for column in self.columns}
        return found[name]

    def key_of(self, head: dict[str, Any]) -> str | None:
        """What rows of one record have in common, as it is compared: its number, or else its title."""
        return next((self.column(name).plain(head[name]) for name in self.group_by if head.get(name)), None)

    def alike(self, name: str, one: Any, other: Any) -> bool:
        """Is it the same value of a head? Numbers and titles may be written in several ways."""
        column = self.column(name)
        return bool(one == other or (name in self.group_by and column.plain(one) == column.plain(other)))

    @property
    def written(self) -> tuple[Column, ...]:
        """The columns of the type, and the numbers of the change orders."""
        return (*self.columns, *ORDER_COLUMNS)

    def written_rows(self, user: User, keys: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """Rows with the numbers of the change orders over their records. Three queries besides those of `rows`."""
        marks = {str(uid): found for uid, found in order_marks(keys).items()}
        uid = [column.name for column in self.columns].index(RECORD_UID.name)
        for row in self.rows(user, keys):
            found = marks.get(str(row[uid]), [])
            yield (*row, numbers_of(found, under_way=False), numbers_of(found, under_way=True))

    @property
    def flat(self) -> bool:
        """Every row is a record of its own."""
        return not any(column.child for column in self.columns)

    @property
    def named_by(self) -> tuple[str, ...]:
        """Columns of which a table has at least one: what its rows are about."""
        return self.axes or self.group_by
