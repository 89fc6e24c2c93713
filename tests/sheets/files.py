"""Workbooks made by the tests: plain ones through openpyxl, hostile ones byte by byte."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

Rows = list[list[Any]]
SHEET = "xl/worksheets/sheet1.xml"


def workbook(rows: Rows, *, sheet: str = "Sheet1", more: dict[str, Rows] | None = None) -> bytes:
    """A workbook with these rows from A1 on; None leaves a cell out."""
    book = Workbook()
    book.remove(book.active)
    for name, lines in {sheet: rows, **(more or {})}.items():
        page = book.create_sheet(name)
        for line in lines:
            page.append(line)
    return saved(book)


def saved(book: Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def rewritten(content: bytes, changes: dict[str, Callable[[bytes], bytes]], **added: bytes) -> bytes:
    """The package with some parts changed and others added (`xl__x.xml` is xl/x.xml)."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            change = changes.get(member.filename, bytes)
            new.writestr(member.filename, change(old.read(member)))
        for name, part in added.items():
            new.writestr(name.replace("__", "/"), part)
    return target.getvalue()


def with_sheet(xml: bytes) -> bytes:
    """A workbook whose only sheet is this XML below `<worksheet>`."""
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return rewritten(workbook([["x"]]), {SHEET: lambda _old: head + xml + b"</worksheet>"})


def stored(folder: Path, content: bytes, name: str = "table.xlsx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def through_libreoffice(path: Path) -> Path:
    """The workbook as LibreOffice saves it again; the test is skipped where it is not installed."""
    program = shutil.which("soffice") or shutil.which("localc")
    if program is None:
        pytest.skip("LibreOffice is not installed: how it opens a workbook is not checked")
    folder = path.parent / "out"
    options = ["--headless", "--norestore", f"-env:UserInstallation=file://{path.parent}/profile"]
    command = [program, *options, "--convert-to", "xlsx", "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return folder / path.name
