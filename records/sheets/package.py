"""
Marks in a workbook's own XML: fills on cells, notes, one more sheet. Everything else stays as it was uploaded.

Editing the parts keeps formats, dropdowns, merged and hidden cells byte for byte, and costs what
rewriting the package costs; loading the workbook into objects would cost twenty times that.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from records.sheets.cells import address
from records.sheets.packing import repack
from records.sheets.summary import SUMMARIES, renamed, summary_xml

AUTHOR = "povfund"
FILLS = {"E": "FFFCE4E1", "W": "FFFDF0D1"}
"""Ground of a cell that is wrong, and of one worth a look; colours no office program offers by itself."""
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_XML = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_ROW = re.compile(rb'<row\b[^>]*?\br="(\d+)"[^>]*>')
_CELL = re.compile(rb'<c\b[^>]*?\br="([A-Z]+)\d+"[^>]*?(?:/>|>.*?</c>)', re.DOTALL)
_STYLE = re.compile(rb'(<c\b[^>]*?)\s+s="(\d+)"')
_FILLS = re.compile(rb"<fills\b[^>]*>(.*?)</fills>", re.DOTALL)
_FORMATS = re.compile(rb"<cellXfs\b[^>]*>(.*?)</cellXfs>", re.DOTALL)
_XF = re.compile(rb"<xf\b[^>]*?(?:/>|>.*?</xf>)", re.DOTALL)
_AFTER_DRAWING = re.compile(
    rb"<(?:legacyDrawingHF|picture|oleObjects|controls|webPublishItems|tableParts|extLst)\b|</worksheet>"
)


class Unusual(Exception):
    """The parts are not written the way office programs write them; the caller writes the table anew."""


@dataclass(slots=True)
class Mark:
    """What is said at one cell (row and column from 0)."""

    row: int
    column: int
    severity: str
    text: str


@dataclass(slots=True)
class _Work:
    """Parts read and changed so far; the rest of the package is copied as it is packed."""

    old: zipfile.ZipFile
    parts: dict[str, bytes] = field(default_factory=dict)
    read: dict[str, bytes] = field(default_factory=dict)

    def get(self, name: str) -> bytes:
        """The part as it is by now; empty where there is none."""
        if name not in self.parts and name in self.old.NameToInfo:
            self.parts[name] = self.read[name] = self.old.read(name)
        return self.parts.get(name, b"")

    def changed(self) -> dict[str, bytes]:
        """What differs from the package as it came."""
        return {name: part for name, part in self.parts.items() if part is not self.read.get(name)}


def mark_package(
    source: Path,
    target: Path,
    *,
    members: dict[str, str],
    marks: dict[str, list[Mark]],
    summary: Iterable[list[str]],
    title: str,
) -> None:
    """
    Write `source`, a checked workbook, to `target` with marks by sheet name and a sheet `title`. Raises Unusual.

    `members` are the parts of its sheets by name. Marks of an earlier return are taken away first, so that a
    corrected workbook comes back clean.
    """
    with zipfile.ZipFile(source) as old:
        work = _Work(old)
        bare = _without_marks(work)
        styles = _Styles(bare)
        for number, (name, member) in enumerate(members.items()):
            if name not in SUMMARIES:
                _mark_sheet(work, member, marks.get(name, []), styles, number)
        work.parts["xl/styles.xml"] = styles.written()
        known = next((members[name] for name in SUMMARIES if name in members), "")
        _add_summary(work, known, summary, title)
    repack(source, target, work.changed())


def _without_marks(work: _Work) -> bytes:
    """The styles with the fills of an earlier return taken off every cell format."""
    styles = work.get("xl/styles.xml")
    fills = _FILLS.search(styles)
    if not fills:
        raise Unusual("fills")
    held = re.findall(rb"<fill\b[^>]*?(?:/>|>.*?</fill>)", fills[1], re.DOTALL)
    colours = [colour.encode() for colour in FILLS.values()]
    for number, fill in enumerate(held):
        if any(colour in fill for colour in colours):
            styles = re.sub(rb'(<xf\b[^>]*?\bfillId=)"%d"' % number, rb'\1"0"', styles)
    return styles


class _Styles:
    """Cell formats of the workbook, with a marked copy of each that is needed."""

    def __init__(self, xml: bytes) -> None:
        found = _FORMATS.search(xml)
        fills = _FILLS.search(xml)
        if not found or not fills:
            raise Unusual("cellXfs")
        self.xml = xml
        self.formats = _XF.findall(found[1])
        self.fill = len(re.findall(rb"<fill\b", fills[1]))
        self.copies: dict[tuple[int, str], int] = {}

    def marked(self, style: int, severity: str) -> int:
        """Number of the copy of a format with the ground of a severity."""
        key = (style, severity)
        if key not in self.copies:
            own = self.formats[style] if style < len(self.formats) else self.formats[0]
            fill = b'fillId="%d"' % (self.fill + list(FILLS).index(severity))
            copy = re.sub(rb'\bfillId="\d+"', fill, own, count=1)
            if fill not in copy:
                copy = copy.replace(b"<xf", b"<xf " + fill, 1)
            copy = re.sub(rb'\s+applyFill="\w+"', b"", copy).replace(b"<xf", b'<xf applyFill="1"', 1)
            self.formats.append(copy)
            self.copies[key] = len(self.formats) - 1
        return self.copies[key]

    def written(self) -> bytes:
        added = b"".join(
            b'<fill><patternFill patternType="solid"><fgColor rgb="%b"/></patternFill></fill>' % rgb.encode()
            for rgb in FILLS.values()
        )
        fills, count, body = self.fill + len(FILLS), len(self.formats), b"".join(self.formats)

        def with_fills(match: re.Match[bytes]) -> bytes:
            return b'<fills count="%d">%b%b</fills>' % (fills, match[1], added)

        def with_formats(_match: re.Match[bytes]) -> bytes:
            return b'<cellXfs count="%d">%b</cellXfs>' % (count, body)

        xml = _FILLS.sub(with_fills, self.xml, count=1)
        return _FORMATS.sub(with_formats, xml, count=1)


def _mark_sheet(work: _Work, member: str, marks: list[Mark], styles: _Styles, number: int) -> None:
    xml = work.get(member)
    by_row: dict[int, list[Mark]] = {}
    for mark in marks:
        by_row.setdefault(mark.row + 1, []).append(mark)
    pieces, end = [], 0
    for row, start, close in _row_places(xml, sorted(by_row)):
        pieces += [xml[end:start], _mark_row(xml[start:close], row, by_row[row], styles)]
        end = close
    if pieces:
        xml = b"".join([*pieces, xml[end:]])
    work.parts[member] = _with_notes(work, member, xml, marks, number)


def _row_places(xml: bytes, rows: list[int]) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) of these rows; found by the text most programs write, else by any. Raises Unusual."""
    end = 0
    for row in rows:
        start = xml.find(b'<row r="%d"' % row, end)
        if start < 0:
            break
        end = _row_end(xml, start)
        yield row, start, end
    else:
        return
    left, seen = set(rows[rows.index(row) :]), 0
    for match in _ROW.finditer(xml, end):
        if (number := int(match[1])) in left:
            seen += 1
            yield number, match.start(), _row_end(xml, match.start())
    if seen != len(left):
        raise Unusual("rows")


def _row_end(xml: bytes, start: int) -> int:
    """Where the row that starts there ends, with or without cells."""
    tag = xml.index(b">", start) + 1
    return tag if xml[tag - 2 : tag] == b"/>" else xml.index(b"</row>", tag) + len(b"</row>")


def _mark_row(xml: bytes, row: int, marks: list[Mark], styles: _Styles) -> bytes:
    """One row with its marked cells; a cell that was left out is put in at its place."""
    wanted = {mark.column: mark.severity for mark in sorted(marks, key=lambda mark: mark.severity, reverse=True)}
    places = {column: xml.find(b'<c r="%b"' % address(row - 1, column).encode()) for column in wanted}
    if -1 not in places.values():
        return _restyled_cells(xml, sorted((place, wanted[column]) for column, place in places.items()), styles)
    if xml.endswith(b"/>"):
        xml = xml[:-2] + b"></row>"
    pieces, end = [], 0
    for match in _CELL.finditer(xml):
        column = _number(match[1])
        for missing in sorted(c for c in wanted if c < column):
            pieces += [xml[end : match.start()], _empty(row, missing, styles.marked(0, wanted.pop(missing)))]
            end = match.start()
        if column in wanted:
            pieces += [xml[end : match.start()], _restyled(match[0], styles, wanted.pop(column))]
            end = match.end()
    close = xml.rindex(b"</row>")
    pieces.append(xml[end:close])
    pieces += [_empty(row, column, styles.marked(0, severity)) for column, severity in sorted(wanted.items())]
    return b"".join([*pieces, xml[close:]])


def _restyled_cells(xml: bytes, places: list[tuple[int, str]], styles: _Styles) -> bytes:
    """The row with new styles in the heads of the cells that start there."""
    pieces, end = [], 0
    for place, severity in places:
        close = xml.index(b">", place)
        pieces += [xml[end:place], _restyled(xml[place:close], styles, severity)]
        end = close
    return b"".join([*pieces, xml[end:]])


def _restyled(cell: bytes, styles: _Styles, severity: str) -> bytes:
    match = _STYLE.match(cell)
    style = styles.marked(int(match[2]) if match else 0, severity)
    if match:
        return b'%b s="%d"%b' % (match[1], style, cell[match.end() :])
    return cell.replace(b"<c", b'<c s="%d"' % style, 1)


def _empty(row: int, column: int, style: int) -> bytes:
    return b'<c r="%b" s="%d"/>' % (address(row - 1, column).encode(), style)


def _number(letters: bytes) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return column - 1


def _with_notes(work: _Work, member: str, xml: bytes, marks: list[Mark], number: int) -> bytes:
    """Notes of an earlier return away, new ones added; notes of the people who made the workbook stay."""
    folder, _slash, name = member.rpartition("/")
    rels_name = f"{folder}/_rels/{name}.rels"
    rels = work.get(rels_name)
    comments, drawing = _target(rels, "comments", folder), _target(rels, "vmlDrawing", folder)
    if comments and not drawing:
        raise Unusual("notes")
    if not comments and not marks:
        return xml
    if not comments:
        if b"legacyDrawing " in xml or drawing:
            raise Unusual("drawing")
        comments, drawing = f"xl/comments9{number}.xml", f"xl/drawings/vmlDrawing9{number}.vml"
        xml = _connect(work, rels_name, rels, xml, comments, drawing)
    texts, kept = _foreign_notes(work.get(comments))
    shapes = [s for s in _shapes(work.get(drawing)) if s[0] in kept]
    notes: dict[str, list[Mark]] = {}
    for mark in marks:
        notes.setdefault(address(mark.row, mark.column), []).append(mark)
    own = {where: said for where, said in notes.items() if where not in kept}
    work.parts[comments] = _comments_xml(texts, own)
    work.parts[drawing] = _drawing_xml([shape for _where, shape in shapes], own)
    return xml


def _target(rels: bytes, kind: str, folder: str) -> str:
    for relation in re.findall(rb"<Relationship\b[^>]*>", rels):
        if f'/{kind}"'.encode() in relation:
            target = re.search(rb'Target="([^"]+)"', relation)
            path = target[1].decode() if target else ""
            return path.lstrip("/") if path.startswith("/") else _joined(folder, path)
    return ""


def _joined(folder: str, path: str) -> str:
    parts = folder.split("/")
    for piece in path.split("/"):
        if piece == "..":
            parts.pop()
        else:
            parts.append(piece)
    return "/".join(parts)


def _connect(work: _Work, rels_name: str, rels: bytes, xml: bytes, comments: str, drawing: str) -> bytes:
    """Relations, content types and the reference in the sheet for notes it did not have."""
    added = (
        f'<Relationship Id="rIdPov1" Type="{_REL}/comments" Target="/{comments}"/>'
        f'<Relationship Id="rIdPov2" Type="{_REL}/vmlDrawing" Target="/{drawing}"/>'
    ).encode()
    if rels:
        work.parts[rels_name] = rels.replace(b"</Relationships>", added + b"</Relationships>")
    else:
        work.parts[rels_name] = b'<Relationships xmlns="%b">%b</Relationships>' % (_RELS.encode(), added)
    _declare(work, f'<Override PartName="/{comments}" ContentType="{_TYPES}.comments+xml"/>')
    if b'Extension="vml"' not in work.get("[Content_Types].xml"):
        vml = "application/vnd.openxmlformats-officedocument.vmlDrawing"
        _declare(work, f'<Default Extension="vml" ContentType="{vml}"/>')
    where = _AFTER_DRAWING.search(xml)
    if not where:
        raise Unusual("worksheet")
    reference = b'<legacyDrawing xmlns:r="%b" r:id="rIdPov2"/>' % _REL.encode()
    return xml[: where.start()] + reference + xml[where.start() :]


def _declare(work: _Work, text: str) -> None:
    """One more content type; defaults stand before overrides."""
    types = work.get("[Content_Types].xml")
    if text.startswith("<Default"):
        work.parts["[Content_Types].xml"] = re.sub(rb"(<Types\b[^>]*>)", lambda m: m[1] + text.encode(), types, count=1)
    else:
        work.parts["[Content_Types].xml"] = types.replace(b"</Types>", text.encode() + b"</Types>")


def _foreign_notes(xml: bytes) -> tuple[list[tuple[str, bytes]], set[str]]:
    """Notes by other authors: (author, comment) and their addresses."""
    authors = [a.decode() for a in re.findall(rb"<author>([^<]*)</author>", xml)]
    texts, kept = [], set()
    for comment in re.findall(rb"<comment\b.*?</comment>", xml, re.DOTALL):
        where, author = re.search(rb'\bref="([A-Z]+\d+)"', comment), re.search(rb'\bauthorId="(\d+)"', comment)
        said = authors[int(author[1])] if author and int(author[1]) < len(authors) else ""
        if where and (said != AUTHOR or where[1].lstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ") == b"1"):
            texts.append((said, comment))
            kept.add(where[1].decode())
    return texts, kept


def _comments_xml(texts: list[tuple[str, bytes]], own: dict[str, list[Mark]]) -> bytes:
    authors = [AUTHOR, *dict.fromkeys(author for author, _c in texts if author != AUTHOR)]
    body = [re.sub(rb'authorId="\d+"', b'authorId="%d"' % authors.index(a), c, count=1) for a, c in texts]
    texts_of = ("\n".join(mark.text for mark in marks) for marks in own.values())
    notes = (
        f'<comment ref="{where}" authorId="0"><text><t xml:space="preserve">{text}</t></text></comment>'
        for where, text in zip(own, map(escape, texts_of), strict=True)
    )
    body.append("".join(notes).encode())
    names = "".join(f"<author>{escape(name)}</author>" for name in authors).encode()
    head = _XML + b'<comments xmlns="%b"><authors>%b</authors><commentList>' % (_MAIN.encode(), names)
    return head + b"".join(body) + b"</commentList></comments>"


def _shapes(xml: bytes) -> list[tuple[str, bytes]]:
    found = []
    for shape in re.findall(rb"<(?:v:)?shape\b.*?</(?:v:)?shape>", xml, re.DOTALL):
        row, column = re.search(rb"Row>\s*(\d+)", shape), re.search(rb"Column>\s*(\d+)", shape)
        if row and column:
            found.append((address(int(row[1]), int(column[1])), shape))
    return found


def _drawing_xml(shapes: list[bytes], own: dict[str, list[Mark]]) -> bytes:
    body = [shape.replace(b"<shape", b"<v:shape").replace(b"</shape>", b"</v:shape>") for shape in shapes]
    boxes = (
        f'<v:shape id="_pov{n}" type="#_x0000_t202" style="position:absolute;width:260pt;height:90pt;'
        f'visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/>'
        f'<v:path o:connecttype="none"/><v:textbox/><x:ClientData ObjectType="Note"><x:MoveWithCells/>'
        f"<x:SizeWithCells/><x:AutoFill>False</x:AutoFill><x:Row>{marks[0].row}</x:Row>"
        f"<x:Column>{marks[0].column}</x:Column></x:ClientData></v:shape>"
        for n, marks in enumerate(own.values(), 1)
    )
    body.append("".join(boxes).encode())
    return (
        b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
        b' xmlns:x="urn:schemas-microsoft-com:office:excel"><v:shapetype id="_x0000_t202" coordsize="21600,21600"'
        b' o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/></v:shapetype>%b</xml>'
    ) % b"".join(body)


def _add_summary(work: _Work, known: str, lines: Iterable[list[str]], title: str) -> None:
    """The sheet 检查结果, last; that of an earlier return is replaced."""
    member = known or "xl/worksheets/sheet999.xml"
    work.parts[member] = summary_xml(lines)
    book, rels = work.get("xl/workbook.xml"), work.get("xl/_rels/workbook.xml.rels")
    if known:
        work.parts["xl/workbook.xml"] = renamed(book, title)
        return
    number = max(int(n) for n in re.findall(rb'\bsheetId="(\d+)"', book)) + 1
    sheet = f'<sheet xmlns:r="{_REL}" name="{title}" sheetId="{number}" r:id="rIdPovSummary"/>'.encode()
    if b"</sheets>" not in book:
        raise Unusual("sheets")
    work.parts["xl/workbook.xml"] = book.replace(b"</sheets>", sheet + b"</sheets>")
    relation = f'<Relationship Id="rIdPovSummary" Type="{_REL}/worksheet" Target="/{member}"/>'.encode()
    work.parts["xl/_rels/workbook.xml.rels"] = rels.replace(b"</Relationships>", relation + b"</Relationships>")
    _declare(work, f'<Override PartName="/{member}" ContentType="{_TYPES}.worksheet+xml"/>')
