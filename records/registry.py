"""The list of record types: one entry each, read by transmission, rollups, workbooks and the landing page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from povfund.common.canonical import canonical

if TYPE_CHECKING:
    from django.http import QueryDict

    from accounts.models import User
    from povfund.common.errors import Finding
    from records.life.models import Record
    from records.sheets.form import ListForm, SheetForm


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildTable:
    """One table below the root of a record: where its rows stand in the content and in the database."""

    path: str
    """Key of the list in the content: `lines`."""
    table: str
    parent_column: str
    columns: tuple[str, ...]
    """Columns in the order in which `rows` yields them; the first is the child's own uid."""
    rows: Callable[[UUID, Any, IngestCodes], Iterable[tuple[Any, ...]]]
    """(uid of the record, decoded content, codes) -> one tuple per row, `parent_column` included."""


@dataclass(frozen=True, slots=True)
class IngestCodes:
    """Code tables as ids, fetched once per chunk: what a mapping needs to write rows."""

    divisions: dict[str, tuple[int, str]]
    """code -> (id, scope_key); the higher level where a code stands at two."""
    units: dict[str, int]
    """`511921.finance` -> id."""
    extra: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Further tables a type asks for by name, each code -> id."""


@dataclass(frozen=True, slots=True)
class Described:
    """A record in one line of a work list: name, a few words, and its amount in 元."""

    title: str
    detail: str = ""
    amount: Decimal | None = None


class Reading(Protocol):
    """读法 — contents of one type as a person reads them; `path` is a place in them: `title`, `lines[2].amount`."""

    fields: tuple[str, ...]
    lists: dict[str, tuple[str, ...]]
    figures: tuple[str, ...]
    """Places of amounts, without numbers: `lines.amount`."""

    def label(self, path: str) -> str: ...

    def text(self, path: str, value: Any) -> Any: ...


class ChangeForm(Protocol):
    """
    更改表单 — a type's own entry form over a sent record, for a change order; `typed` is what the form sends.

    `template` extends `changes/new.html` with the form in it. `filtered` narrows rows by the filters of the type's
    list, which stands at the address named `list_url`; it raises RuleViolation for what cannot be read of them.
    `common` are fields that can be set alike in many records: (name, label, choices or empty); `choices_of` gives
    those of the code tables as well.
    """

    template: str
    list_url: str
    common: tuple[tuple[str, str | Promise, Sequence[tuple[str, Any]]], ...]

    def context(
        self, user: User, record: Any, typed: Any, *, rev: int, addresses: dict[str, str], over: UUID | None = None
    ) -> dict[str, Any]:
        """
        What `template` draws, with `form_id` and `page`, the uid of the page that opens; `typed` is None for the
        record as it is, else what page `over` had typed. `rev` is the revision it is typed over, which the form
        sends with what is typed. `addresses`: draft, check and save.
        """
        ...

    def typed(self, post: Any) -> dict[str, Any]:
        """What a browser without script sent, in the shape the grid sends."""
        ...

    def read(self, typed: dict[str, Any]) -> tuple[dict[str, Any], list[Finding], Callable[..., list[Finding]]]:
        """
        (changes in the shape of the API, what cannot be read, findings -> those that hold in spite of that).

        Where something cannot be read the changes hold a blank: they are there to be checked, not to be stored.
        """
        ...

    def filled(self, content: dict[str, Any], *, now: dict[str, Any]) -> dict[str, Any]:
        """What the form would hold if this content had been typed over the present one, `now`."""
        ...

    def choices_of(self, user: User, name: str, rows: Any) -> Sequence[tuple[str, Any]]:
        """The values a common field of these records (None: of none) can be set to; empty where it is typed."""
        ...

    def moved(self, record: Any, typed: dict[str, Any], *, rev: int) -> list[dict[str, Any]]:
        """Where the record now differs from what was typed over its revision `rev`, as in StaleEdit."""
        ...

    def alike(self, content: dict[str, Any], name: str, value: str) -> dict[str, Any]:
        """The changes that set one common field in a content. Raises RuleViolation for a value that does not fit."""
        ...

    def filtered(self, rows: Any, *, request: Any, params: QueryDict) -> Any: ...


TOMBSTONE = b"null"
"""Content of a record that was taken out."""


Content = dict[str, Any]
Propose = Callable[[Content, Content], Content]
"""(canonical content, changes in the shape of the API) -> content with the changes; raises RuleViolation."""


def overlaying(pairs: Sequence[tuple[Content, Content]]) -> Propose:
    """Changed values take the place of the content's own, as they are."""
    return lambda content, changes: content | changes


def none_known(content: dict[str, Any]) -> list[Finding]:
    """Nothing is said beyond what decoding said."""
    return []


def none_stand(findings: Iterable[Finding], unread: Collection[str]) -> list[Finding]:
    """Every rule waits until all can be read."""
    return []


def described_by_name(record: Any) -> Described:
    """A record by its name alone."""
    return Described(str(record))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordType:
    """
    记录类型 — what the shared machinery needs to know of one type.

    `contents(uids)` answers the canonical content of live rows, set-wise. `check(rows, ctx)` runs
    every rule over a list and answers findings per row. `measure(content)` answers what
    reconciliation counts: {(year, category): fen}. `references(content)` names the uids a record
    needs, as (record type, uid).
    """

    key: str
    label: str | Promise
    plural: str
    """Resource name in the API: `fund-documents`."""
    url_namespace: str
    model_path: str
    enter: str
    review: str
    owner_kinds: tuple[str, ...]
    contents: Callable[[Sequence[UUID]], dict[UUID, dict[str, Any]]]
    decode: Callable[[bytes], Any]
    """Canonical bytes -> typed content; raises msgspec.ValidationError for a wrong shape."""
    check: Callable[[Sequence[Row], str], list[list[Finding]]]
    measure: Callable[[Any], dict[tuple[int, str], int]]
    references: Callable[[Any], list[tuple[str, UUID]]]
    root_columns: tuple[str, ...]
    """Content columns of the root table, in the order in which `root_row` yields them."""
    root_row: Callable[[Any, IngestCodes], tuple[Any, ...]]
    children: tuple[ChildTable, ...] = ()
    code_tables: Callable[[], dict[str, dict[str, Any]]] = dict
    """Code tables beyond divisions and units, for `IngestCodes.extra`."""
    describe: Callable[[Any], Described] = described_by_name
    """One line of 我的工作; of a row fetched without relations, so it may not query."""
    enter_url: str = ""
    """Name of the address where a new record is entered."""
    names: Callable[[Sequence[dict[str, Any]]], list[str]]
    """What records of these contents are called where they stand alone, set-wise: no two of them alike if possible."""
    reading: Callable[[Sequence[dict[str, Any]]], Reading]
    """How contents are shown at review."""
    place: Callable[[str], str] = str
    """A place of the content as a person calls it: `lines[2].amount`."""
    amount_field: str = ""
    """Column of the root table that holds the record's amount in 元, for sums of a filter."""
    peers: tuple[str, ...] = ()
    """Root columns that, with the level of the division, make records comparable in amount; for review."""
    faults: Callable[[dict[str, Any]], list[Finding]] = none_known
    """Every place of a content that no record can hold; asked where `decode` refuses one."""
    rules: Mapping[str, str | Promise] = field(default_factory=dict)
    """Rules of the catalogue by their code: what each is called."""
    standing: Callable[[Iterable[Finding], Collection[str]], list[Finding]] = none_stand
    """(findings of a content, places where it holds blanks) -> those that hold whatever will stand there."""
    totals_sql: str = ""
    """SELECT record uid, year, category, fen for live rows of `%(uids)s`: the measure from tables."""
    excerpt: Callable[[dict[str, Any], Container[str]], dict[str, Any]] | None = None
    """
    (canonical content of a record of the centre, division codes of a province) -> what that province is sent of it.
    Records of a type without one stay at the centre. Which records concern a province says `received_q` of the model.
    """
    own_part: Callable[[User, Content], Content | None] | None = None
    """
    (reader, content of a record from above) -> what of it reaches the reader's own division, None where nothing does.
    Records of a type without one are read whole or not at all.
    """
    proposer: Callable[[Sequence[tuple[Content, Content]]], Propose] = overlaying
    """
    (content, changes) of every record of an order -> what makes one content of one such pair. Whatever the changes
    refer to is fetched here, once for all of them.
    """
    change_form_path: str = ""
    """Dotted name of the type's ChangeForm; without one, changes are asked for through the API alone."""

    @property
    def change_form(self) -> ChangeForm | None:
        return import_string(self.change_form_path)() if self.change_form_path else None

    sheet_path: str = ""
    """Dotted name of its `SheetForm`: templates, imports and exports; empty where it has none."""

    @property
    def model(self) -> type[Record]:
        return import_string(self.model_path)

    @property
    def sheet(self) -> SheetForm:
        """The workbooks of the type. Raises ImportError where it has none."""
        return import_string(self.sheet_path)

    def encoded(self, uids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Canonical bytes of live rows, set-wise; `null` for a row that is deleted (tombstone)."""
        found = {uid: canonical(content) for uid, content in self.contents(uids).items()}
        gone = self.model.objects.filter(pk__in=uids, deleted=True).values_list("pk", flat=True)
        return found | dict.fromkeys(gone, TOMBSTONE)


@dataclass(frozen=True, slots=True)
class Row:
    """One record as rules see it: typed content, plus what stands beside the content."""

    uid: UUID
    content: Any
    owner: str
    """Unit key, `511921.finance`."""
    entered_on: Any
    """Date of first entry (Asia/Shanghai), for art. 9."""
    due_on: Any
    referred: Mapping[UUID, Any] = field(default_factory=dict)
    """Typed contents of records it refers to that come in the same batch and are not stored yet."""
    new: bool = False
    """It is being created under a uid just minted: nothing stored can refer to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListType:
    """列表 — a list that holds no records and may be taken out as a file; `plural` is its resource in the API."""

    key: str
    label: str | Promise
    plural: str
    sheet_path: str
    """Dotted name of its `ListForm`."""

    @property
    def sheet(self) -> ListForm:
        return import_string(self.sheet_path)


@cache
def record_types() -> dict[str, RecordType]:
    """Every registered type by key, in the order of `settings.RECORD_TYPES` (parents first)."""
    types = [import_string(path) for path in settings.RECORD_TYPES]
    return {record_type.key: record_type for record_type in types}


def record_type(key: str) -> RecordType:
    """The type of a key. Raises KeyError for an unknown one."""
    return record_types()[key]


@cache
def exported() -> dict[str, RecordType | ListType]:
    """What may be taken out as a file, by key: record types with workbooks, then `settings.EXPORTED_LISTS`."""
    lists: list[ListType] = [import_string(path) for path in settings.EXPORTED_LISTS]
    return {key: kind for key, kind in record_types().items() if kind.sheet_path} | {kind.key: kind for kind in lists}


def exported_as(resource: str) -> RecordType | ListType | None:
    """What is taken out under this name of a resource."""
    return next((kind for kind in exported().values() if kind.plural == resource), None)
