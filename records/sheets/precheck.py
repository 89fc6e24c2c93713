"""
Before a workbook is read: its packing, its parts, its extent. Without Django: runs in the reading process.

The library that reads cells checks neither CRC nor extent and aborts its process on a forged one,
so nothing reaches it that has not passed here.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_UNPACKED = 100 * 1024 * 1024
MAX_MEMBERS = 100
MAX_RATIO = 100
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MOST_LISTED = 2_000
"""Addresses kept of cells that hold a formula or an error."""

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SHEETS = "worksheets/"
"""In the name of every member that holds cells."""
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_BEYOND = re.compile(
    rb"""r(?!="[A-Z][0-9]{1,5}")(?<!\wr)\s*=\s*["'](?:(?:[A-Z]{3,}|G[S-Z]|[H-Z][A-Z])\d+|[A-Z]{0,3}(?:\d{7,}|[3-9]\d{5}"""
    rb"""|200[1-9]\d\d|20[1-9]\d{3}|2[1-9]\d{4}|2000(?:0[1-9]|[1-9]\d)))["']"""
)
"""An address right of column GR (200) or below row 200,000. The letter in front makes the search fast, and that the
usual address is passed over first."""
_HOLDS_FORMULA = re.compile(rb"f(?<=<f)")
_HOLDS_HIDDEN = re.compile(rb"d(?<=hid)den")
"""Found by a letter that is rare in a sheet: a search of the whole text for the letters in front takes longer."""
_FORMULA = re.compile(rb"""<c\b[^>]*\br\s*=\s*["']([A-Z]{1,3}\d+)["'][^>]*>\s*<f[\s/>]""")
_ERROR = re.compile(
    rb"""<c\b(?=[^>]*\bt\s*=\s*["']e["'])[^>]*\br\s*=\s*["']([A-Z]{1,3}\d+)["'][^>]*>.*?<v>([^<]*)</v>"""
)
_HIDDEN_ROW = re.compile(rb"""<row\b(?=[^>]*\bhidden\s*=\s*["'](?:1|true)["'])[^>]*\br\s*=\s*["'](\d+)["']""")
_HIDDEN_COLUMN = re.compile(
    rb"""<col\b(?=[^>]*\bhidden\s*=\s*["'](?:1|true)["'])(?=[^>]*\bmin\s*=\s*["'](\d+)["'])"""
    rb"""[^>]*\bmax\s*=\s*["'](\d+)["']"""
)


class Refusal(Exception):
    """The file is not read. `code` names the reason (`records.sheets.refusals`), `values` its figures."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values


@dataclass(slots=True)
class Part:
    """One sheet as the package names it, and what its XML holds besides values."""

    name: str
    member: str
    formulas: list[str] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    beyond: bool = False
    """An address lies outside of what is read."""


@dataclass(slots=True)
class Package:
    """A workbook that may be read."""

    parts: list[Part]
    external_links: int = 0


def check(path: Path) -> Package:
    """
    Every check of the packed file. Raises Refusal.

    Directory first (members, sizes, ratio, macros), then each part as bytes: CRC, entities, extent.
    """
    _require_zip(path)
    try:
        with zipfile.ZipFile(path) as packed:
            names = _require_fair_directory(packed)
            scanned = _require_sound_parts(packed)
            parts = [_named(name, member, scanned) for name, member in _sheets(packed, names)]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, struct.error, EOFError, KeyError, ValueError) as error:
        raise Refusal("DAMAGED") from error
    except (ParseError, DefusedXmlException) as error:
        raise Refusal("ENTITIES" if isinstance(error, DefusedXmlException) else "DAMAGED") from error
    return Package(parts, external_links=sum(n.startswith("xl/externalLinks/externalLink") for n in names))


def _require_zip(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(2 * 1024 * 1024)
    if head.startswith(OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in head
        raise Refusal("ENCRYPTED" if encrypted else "OLD_XLS")
    if not head.startswith(b"PK\x03\x04"):
        raise Refusal("NOT_A_WORKBOOK")


def _require_fair_directory(packed: zipfile.ZipFile) -> set[str]:
    members = packed.infolist()
    unpacked, stored = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(stored, 1):
        raise Refusal("BOMB", members=len(members), mib=unpacked // 1024 // 1024)
    names = {m.filename for m in members}
    if len(names) != len(members):
        raise Refusal("DAMAGED")
    if any(m.flag_bits & 1 for m in members):
        raise Refusal("ENCRYPTED")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refusal("MACROS")
    if "xl/workbook.xml" not in names:
        raise Refusal("NOT_A_WORKBOOK")
    return names


def _require_sound_parts(packed: zipfile.ZipFile) -> dict[str, Part]:
    """
    Each part unpacked once: its CRC holds, and no XML declares entities or hides behind another encoding.

    Returns what the sheets hold, by member.
    """
    scanned = {}
    for member in packed.infolist():
        content = packed.read(member)
        if not member.filename.lower().endswith((".xml", ".rels", ".vml")):
            continue
        if b"\0" in content[:400]:
            raise Refusal("DAMAGED")
        if b"!" in content and _DOCTYPE.search(content):
            raise Refusal("ENTITIES")
        if member.filename == "[Content_Types].xml" and b"macroEnabled" in content:
            raise Refusal("MACROS")
        if SHEETS in member.filename:
            scanned[member.filename] = _scan(member.filename, content)
    return scanned


def _sheets(packed: zipfile.ZipFile, names: set[str]) -> list[tuple[str, str]]:
    """(name, member) of each sheet with cells."""
    relations = fromstring(packed.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): str(r.get("Target")) for r in relations}
    found = []
    for sheet in fromstring(packed.read("xl/workbook.xml")).iter(f"{MAIN}sheet"):
        target = targets.get(sheet.get(RELATION), "")
        member = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if member in names and SHEETS in member:
            found.append((str(sheet.get("name")), member))
    if not found:
        raise Refusal("NO_SHEET")
    return found


def _named(name: str, member: str, scanned: dict[str, Part]) -> Part:
    """The part with the name of its sheet, a copy where two sheets share one. Raises Refusal EXTENT."""
    if member not in scanned:
        raise Refusal("DAMAGED")
    part = replace(scanned[member], name=name)
    if part.beyond:
        raise Refusal("EXTENT", sheet=name, rows=MAX_ROWS, columns=MAX_COLUMNS)
    return part


def _scan(member: str, xml: bytes) -> Part:
    """Every search that is slow waits for a letter that hardly any sheet has: each error is written with a #."""
    part = Part("", member, beyond=bool(_BEYOND.search(xml)))
    if _HOLDS_FORMULA.search(xml):
        part.formulas = list(_addresses(_FORMULA, xml))
    if b"#" in xml:
        part.errors = [(m[1].decode(), m[2].decode()) for m in _some(_ERROR, xml)]
    if _HOLDS_HIDDEN.search(xml):
        part.hidden_rows = [int(m[1]) for m in _HIDDEN_ROW.finditer(xml)]
        spans = ((int(m[1]), int(m[2])) for m in _some(_HIDDEN_COLUMN, xml))
        part.hidden_columns = [n for left, right in spans for n in range(left, min(right, MAX_COLUMNS) + 1)]
    return part


def _addresses(pattern: re.Pattern[bytes], xml: bytes) -> Iterator[str]:
    return (match[1].decode() for match in _some(pattern, xml))


def _some(pattern: re.Pattern[bytes], xml: bytes) -> Iterator[re.Match[bytes]]:
    return (match for _n, match in zip(range(MOST_LISTED), pattern.finditer(xml), strict=False))
