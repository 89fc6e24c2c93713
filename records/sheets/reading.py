"""Reading a file in a process of its own, and what is said about a file that is not read."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from django.conf import settings

from povfund.common.collecting import uncollected
from povfund.common.errors import Finding, RuleViolation
from povfund.common.phrases import phrase as _
from records.sheets.precheck import MAX_COLUMNS, MAX_ROWS
from records.sheets.reader import SECONDS

MAX_SIZE = 32 * 1024 * 1024
_DECODER = msgspec.msgpack.Decoder()

REFUSALS: dict[str, tuple[Any, Any]] = {
    "NOT_A_WORKBOOK": (
        _("This is not a workbook."),
        _("Save the table as “Excel workbook (.xlsx)” or as CSV, and send that file."),
    ),
    "OLD_XLS": (
        _("This is a workbook of the old kind (.xls)."),
        _("Open it in WPS or Excel and save it as “Excel workbook (.xlsx)”."),
    ),
    "ENCRYPTED": (_("The workbook is locked by a password."), _("Save it without a password.")),
    "MACROS": (_("The workbook holds macros."), _("Save it as “Excel workbook (.xlsx)”, without macros.")),
    "BOMB": (
        _("The workbook unpacks to far more than a table of this size needs."),
        _("Copy the table into an empty workbook and send that one."),
    ),
    "DAMAGED": (_("The workbook is damaged."), _("Open it in WPS or Excel, save it anew and send it again.")),
    "ENTITIES": (
        _("The workbook holds definitions that no office program writes."),
        _("Copy the table into an empty workbook and send that one."),
    ),
    "EXTENT": (
        _("Sheet “%(sheet)s” has cells beyond %(rows)s rows or %(columns)s columns."),
        _("Delete the empty-looking rows and columns at its end, or split the table."),
    ),
    "NO_SHEET": (_("The workbook has no sheet with cells."), _("Choose the file with the table.")),
    "ENCODING": (
        _("The characters of the CSV file are neither UTF-8 nor GB18030."),
        _("Save it as CSV UTF-8, or send the workbook itself."),
    ),
    "MEMORY": (
        _("Reading the workbook takes more memory than is given to one file."),
        _("Copy the table into an empty workbook, or split it."),
    ),
    "FILE_SIZE": (_("The file is larger than 32 MiB."), _("Split the table into several workbooks.")),
    "EMPTY": (_("The file is empty."), _("Choose the file with the table.")),
}


def refusal(code: str, **values: Any) -> RuleViolation:
    """Why a file is not read, as an error of page and API."""
    message, remedy = REFUSALS[code]
    shown = {"rows": MAX_ROWS, "columns": MAX_COLUMNS, "sheet": ""} | values
    return RuleViolation(Finding(code, message % shown, field="file", remedy=remedy))


@dataclass(slots=True)
class SheetRows:
    """One sheet of a read file: rows of text and numbers, each list as wide as the sheet; days are ISO text."""

    name: str
    member: str = ""
    hidden: bool = False
    merged: list[list[int]] = field(default_factory=list)
    formulas: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    external_links: int = 0
    encoding: str = ""
    first: int = 0
    """Number of the first row of `rows`, from 0: empty rows above are left out."""
    rows: list[list[Any]] = field(default_factory=list)


def read_workbook(path: Path) -> list[SheetRows]:
    """
    Every sheet of the file, read by a process with a memory limit. Raises RuleViolation with the reason.

    The process has no secrets in its environment and no connection; if the file kills it, that is
    reported as MEMORY or DAMAGED.
    """
    if path.stat().st_size > MAX_SIZE:
        raise refusal("FILE_SIZE")
    if not path.stat().st_size:
        raise refusal("EMPTY")
    command = [sys.executable, "-m", "records.sheets.reader", str(path)]
    environment = {"PATH": os.defpath, "PYTHONPATH": str(settings.BASE_DIR), "MALLOC_ARENA_MAX": "1"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=environment,
        cwd=settings.BASE_DIR,
    ) as process:
        try:
            with uncollected():
                return _collect(process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()


def _collect(process: subprocess.Popen[bytes]) -> list[SheetRows]:
    sheets: list[SheetRows] = []
    for frame in _frames(process.stdout):  # type: ignore[arg-type]
        kind = frame.pop("kind")
        if kind == "sheet":
            frame["formulas"], frame["errors"] = set(frame["formulas"]), dict(frame["errors"])
            sheets.append(SheetRows(**frame))
        elif kind == "rows":
            if not sheets[-1].rows:
                sheets[-1].first = frame["first"]
            sheets[-1].rows += frame["rows"]
        elif kind == "refused":
            raise refusal(frame["code"], **frame["values"])
        else:
            return sheets
    process.wait(timeout=SECONDS)
    raise refusal("MEMORY")


def _frames(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    while len(head := stream.read(4)) == 4:
        body = stream.read(struct.unpack(">I", head)[0])
        try:
            yield _DECODER.decode(body)
        except msgspec.DecodeError:
            return
