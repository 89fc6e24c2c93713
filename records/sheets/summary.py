"""The sheet 检查结果 of a returned workbook, named in the language of whoever fetches it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

SUMMARIES = ("检查结果", "Check result")
"""Its names; a sheet of such a name is one of an earlier return, whoever fetched that."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_NAME = re.compile(rb'(<sheet\b[^>]*?\bname=)"(?:%b)"' % "|".join(SUMMARIES).encode())


def summary_xml(lines: Iterable[list[str]]) -> bytes:
    """The part of the package that holds the sheet."""
    rows = []
    for n, line in enumerate(lines, 1):
        cells = "".join(
            f'<c r="{letter}{n}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
            for letter, text in zip("ABCDE", map(escape, line), strict=False)
        )
        rows.append(f'<row r="{n}">{cells}</row>')
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, w in enumerate((16, 10, 12, 60, 50), 1)
    )
    head = f'<worksheet xmlns="{_MAIN}"><cols>{widths}</cols><sheetData>'
    body = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{head}{"".join(rows)}</sheetData></worksheet>'
    return body.encode()


def renamed(book: bytes, title: str) -> bytes:
    """The list of sheets with the one of an earlier return under its name of now."""
    return _NAME.sub(lambda match: b'%b"%b"' % (match[1], title.encode()), book)
