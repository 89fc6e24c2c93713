"""
The reading process: one file, a memory limit, no secrets, no database. `python -m records.sheets.reader FILE`.

Writes frames to standard output: four bytes of length, then msgpack. First `sheet`, then its
`rows`; at the end `end`, or `refused` with the code of a Refusal. Whatever a file does to the
library that reads it, only this process ends.
"""

from __future__ import annotations

import csv
import gc
import io
import struct
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from records.sheets.precheck import MAX_COLUMNS, MAX_ROWS, Part, Refusal, check

MEMORY = 1536 * 1024 * 1024
SECONDS = 240
ROWS = 2_000
ENCODINGS = ("utf-8-sig", "gb18030")
PLAIN = frozenset((str, float, date))
"""What most cells are: sent as they are, days as 2016-03-01."""
_ENCODER = msgspec.msgpack.Encoder()


def limit() -> None:
    """Memory, time and files of this process, where the system knows such limits."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def frames(path: Path) -> Iterator[dict[str, Any]]:
    """What the file holds, frame by frame. Raises Refusal."""
    yield from _csv(path) if _is_text(path) else _workbook(path)


def _workbook(path: Path) -> Iterator[dict[str, Any]]:
    package = check(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        hidden = {m.name: m.visible != SheetVisibleEnum.Visible for m in book.sheets_metadata}
        for part in package.parts:
            sheet = book.get_sheet_by_name(part.name)
            merged = [_range(r) for r in (sheet.merged_cell_ranges or [])[:ROWS]]
            yield _sheet(part, hidden=hidden.get(part.name, False), merged=merged, links=package.external_links)
            first = sheet.start[0] if sheet.start else 0
            left = sheet.start[1] if sheet.start else 0
            yield from _rows(sheet.to_python(skip_empty_area=True), first=first, left=left)
    except CalamineError as error:
        raise Refusal("DAMAGED") from error


def _sheet(part: Part, *, hidden: bool, merged: list[list[int]], links: int = 0, encoding: str = "") -> dict[str, Any]:
    return {
        "kind": "sheet",
        "name": part.name,
        "member": part.member,
        "hidden": hidden,
        "merged": merged,
        "formulas": part.formulas,
        "errors": part.errors,
        "hidden_rows": part.hidden_rows,
        "hidden_columns": part.hidden_columns,
        "external_links": links,
        "encoding": encoding,
    }


def _range(ends: tuple[tuple[int, int], tuple[int, int]]) -> list[int]:
    (top, left), (bottom, right) = ends
    return [top, left, bottom, right]


def _rows(rows: Iterable[list[Any]], *, first: int, left: int = 0) -> Iterator[dict[str, Any]]:
    """Frames of rows; `first` is the number of the first one, from 0."""
    block: list[list[Any]] = []
    blank = [""] * left
    for row in rows:
        plain = row if PLAIN.issuperset(map(type, row)) else list(map(_plain, row))
        block.append([*blank, *plain] if left else plain)
        if len(block) == ROWS:
            yield {"kind": "rows", "first": first, "rows": block}
            first, block = first + ROWS, []
    if block:
        yield {"kind": "rows", "first": first, "rows": block}


def _plain(value: Any) -> Any:
    """Text and numbers as they are; days as 2016-03-01."""
    kind = type(value)
    if kind is str or kind is float:
        return value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, bool | int) else str(value)


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(8)
    return not head.startswith((b"PK", b"\xd0\xcf\x11\xe0")) and path.suffix == ".csv"


def _csv(path: Path) -> Iterator[dict[str, Any]]:
    text, encoding = _decoded(path.read_bytes())
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",\t;", key=head.count)
    yield _sheet(Part("CSV", ""), hidden=False, merged=[], encoding=encoding)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Refusal("DAMAGED") from error
    if len(rows) > MAX_ROWS or max(map(len, rows), default=0) > MAX_COLUMNS:
        raise Refusal("EXTENT", sheet="CSV", rows=MAX_ROWS, columns=MAX_COLUMNS)
    yield from _rows(rows, first=0)


def _decoded(content: bytes) -> tuple[str, str]:
    """Text and the encoding found: UTF-8, GB18030, or UTF-16 with its mark."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ENCODINGS
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, "utf-8" if encoding == "utf-8-sig" else encoding
    raise Refusal("ENCODING")


def write(frame: dict[str, Any], target: BinaryIO) -> None:
    body = _ENCODER.encode(frame)
    target.write(struct.pack(">I", len(body)) + body)


def main(path: Path, target: BinaryIO) -> None:
    limit()
    gc.disable()  # rows make no cycles, and the search for them goes through all rows again and again
    try:
        for frame in frames(path):
            write(frame, target)
        write({"kind": "end"}, target)
    except Refusal as refusal:
        write({"kind": "refused", "code": refusal.code, "values": refusal.values}, target)
    except MemoryError:
        write({"kind": "refused", "code": "MEMORY", "values": {}}, target)
    target.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdout.buffer)
