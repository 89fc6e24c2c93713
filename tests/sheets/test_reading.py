"""Rows 80–84 of the catalogue of bad inputs: what a file may do to the server, and how cells are read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile

import pytest
from django.conf import settings
from openpyxl import Workbook

from povfund.common.errors import RuleViolation
from records.sheets.precheck import MAX_UNPACKED, Refusal, check
from records.sheets.reading import read_workbook
from tests.sheets.files import SHEET, rewritten, saved, stored, with_sheet, workbook

CELL = b'<c r="%b" t="inlineStr"><is><t>%b</t></is></c>'


def refused(folder, content, name="table.xlsx"):
    """The code with which the file is refused."""
    with pytest.raises(RuleViolation) as caught:
        read_workbook(stored(folder, content, name))
    (finding,) = caught.value.findings
    assert str(finding.message)
    assert str(finding.remedy)
    return finding.rule


def test_row_080_a_small_workbook_with_a_giant_cell_is_refused_by_its_directory(tmp_path, monkeypatch):
    giant = with_sheet(b"<sheetData><row r='1'>" + CELL % (b"A1", b"x" * (MAX_UNPACKED + 1)) + b"</row></sheetData>")
    assert len(giant) < 500_000
    path = stored(tmp_path, giant)
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(Refusal, match="BOMB"):
        check(path)


def test_row_080_sizes_that_lie_in_the_directory_do_not_help(tmp_path):
    giant = with_sheet(b"<sheetData/>" + b" " * 5_000_000)
    with zipfile.ZipFile(stored(tmp_path, giant)) as packed:
        size = packed.getinfo(SHEET).file_size.to_bytes(4, "little")
    assert size in giant
    lying = giant.replace(size, (1000).to_bytes(4, "little"))
    assert refused(tmp_path, lying) == "DAMAGED"


def test_row_080_too_many_members_are_refused(tmp_path):
    parts = {f"xl__extra{n}.xml": b"<x/>" for n in range(101)}
    assert refused(tmp_path, rewritten(workbook([["x"]]), {}, **parts)) == "BOMB"


@pytest.mark.parametrize("quote", [b'"', b"'"])
def test_row_081_a_cell_at_the_end_of_the_sheet_is_refused_before_anything_is_allocated(tmp_path, quote):
    address = b"r=" + quote + b"XFD1048576" + quote
    far = with_sheet(b"<sheetData><row r='1'><c r='A1'><v>1</v></c><c " + address + b"><v>1</v></c></row></sheetData>")
    assert len(far) < 10_000
    assert refused(tmp_path, far) == "EXTENT"


def test_row_081_a_declared_dimension_is_not_believed(tmp_path):
    declared = with_sheet(
        b"<dimension ref='A1:XFD1048576'/><sheetData><row r='1'><c r='A1'><v>7</v></c></row></sheetData>"
    )
    (sheet,) = read_workbook(stored(tmp_path, declared))
    assert sheet.rows == [[7.0]]


def test_row_081_a_rectangle_too_large_for_the_reading_process_ends_that_process_alone(tmp_path):
    corner = b"<row r='1'><c r='A1'><v>1</v></c></row><row r='200000'><c r='GR200000'><v>1</v></c></row>"
    assert refused(tmp_path, with_sheet(b"<sheetData>" + corner + b"</sheetData>")) in ("MEMORY", "DAMAGED")


@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    ],
)
@pytest.mark.parametrize("member", [SHEET, "xl/workbook.xml", "docProps/core.xml"])
def test_row_082_entities_are_refused_in_every_part(tmp_path, head, member):
    assert refused(tmp_path, rewritten(workbook([["x"]]), {member: lambda old: head + old})) == "ENTITIES"


def test_row_082_a_part_in_another_encoding_cannot_hide_them(tmp_path):
    content = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16")
    assert refused(tmp_path, rewritten(workbook([["x"]]), {SHEET: lambda _old: content})) == "DAMAGED"


def test_row_082_a_server_without_defusedxml_does_not_start(monkeypatch):
    from povfund.checks import check_workbook_reading

    assert check_workbook_reading() == []
    monkeypatch.setattr("openpyxl.xml.DEFUSEDXML", False)
    assert [error.id for error in check_workbook_reading()] == ["povfund.E007"]


def test_row_083_workbooks_of_other_kinds_are_refused_with_what_to_do(tmp_path):
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000
    macros = rewritten(workbook([["x"]]), {}, **{"xl__vbaProject.bin": b"macro"})
    typed = rewritten(
        workbook([["x"]]), {"[Content_Types].xml": lambda old: old.replace(b".main+xml", b".macroEnabled.main+xml")}
    )
    assert refused(tmp_path, ole) == "OLD_XLS"
    assert refused(tmp_path, ole + "EncryptedPackage".encode("utf-16-le")) == "ENCRYPTED"
    assert refused(tmp_path, macros) == "MACROS"
    assert refused(tmp_path, typed) == "MACROS"
    assert refused(tmp_path, b"MZ not a workbook at all") == "NOT_A_WORKBOOK"
    assert refused(tmp_path, b"") == "EMPTY"


def test_row_083_external_links_are_counted_and_never_followed(tmp_path):
    linked = rewritten(workbook([["x"]]), {}, **{"xl__externalLinks__externalLink1.xml": b"<externalLink/>"})
    (sheet,) = read_workbook(stored(tmp_path, linked))
    assert sheet.external_links == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_row_083_the_encoding_of_a_csv_is_found_and_told(tmp_path, encoding):
    (sheet,) = read_workbook(stored(tmp_path, "接收单位,金额（万元）\n通江县,㐂3.5\n".encode(encoding), "t.csv"))
    assert sheet.rows == [["接收单位", "金额（万元）"], ["通江县", "㐂3.5"]]
    assert sheet.encoding == {"utf-8-sig": "utf-8"}.get(encoding, encoding)


def test_row_083_a_csv_of_no_known_encoding_is_refused(tmp_path):
    assert refused(tmp_path, b"\xff\x81\x20\xff,1\n", "t.csv") == "ENCODING"


def test_row_084_formulas_errors_and_days_are_told_apart(tmp_path):
    book = Workbook()
    book.active.append(["合计", "=SUM(B2:B3)", 1.5, "2016-03-01", "00511"])
    content = saved(book)
    broken = rewritten(content, {SHEET: lambda old: old.replace(b"</row>", b'<c r="F1" t="e"><v>#REF!</v></c></row>')})
    (sheet,) = read_workbook(stored(tmp_path, broken))
    assert sheet.formulas == {"B1"}
    assert sheet.errors == {"F1": "#REF!"}
    assert sheet.rows[0][2:5] == [1.5, "2016-03-01", "00511"]


def test_row_085_merged_cells_and_what_is_hidden_are_listed(tmp_path):
    book = Workbook()
    for n in range(4):
        book.active.append([n, n])
    book.active.merge_cells("A1:B1")
    book.active.row_dimensions[3].hidden = True
    book.active.column_dimensions["B"].hidden = True
    book.create_sheet("暗").sheet_state = "hidden"
    seen, dark = read_workbook(stored(tmp_path, saved(book)))
    assert (seen.merged, seen.hidden_rows, seen.hidden_columns) == ([[0, 0, 0, 1]], [3], [2])
    assert (seen.hidden, dark.hidden) == (False, True)


def test_a_flipped_digit_in_the_package_is_noticed(tmp_path):
    plain = workbook([["12345.67"]])
    content = bytearray(plain)
    with zipfile.ZipFile(stored(tmp_path, plain)) as packed:
        offset = packed.getinfo(SHEET).header_offset + 60
    content[offset] ^= 0x01
    assert refused(tmp_path, bytes(content)) == "DAMAGED"


def test_empty_rows_above_do_not_move_the_addresses(tmp_path):
    book = Workbook()
    book.active["C5"] = "here"
    (sheet,) = read_workbook(stored(tmp_path, saved(book)))
    assert (sheet.first, sheet.rows) == (4, [["", "", "here"]])


def test_the_reading_process_knows_no_secret_and_has_a_limit(tmp_path):
    probe = "import os, resource, records.sheets.reader as r; r.limit();"
    probe += "print(resource.getrlimit(resource.RLIMIT_AS)[0] == r.MEMORY, 'POVFUND_SECRET_KEY' in os.environ)"
    told = subprocess.run(
        [sys.executable, "-c", probe],
        capture_output=True,
        text=True,
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"]},
        check=True,
    )
    assert told.stdout.split() == ["True", "False"]


def test_a_hostile_file_is_refused_quickly(tmp_path):
    started = time.monotonic()
    assert refused(tmp_path, b"PK\x03\x04" + b"\0" * 4000) == "DAMAGED"
    assert time.monotonic() - started < 20
