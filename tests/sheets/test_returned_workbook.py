"""The returned workbook: the uploaded one, marked; corrected in place it imports without retyping."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from django.utils.translation import override
from openpyxl import load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill

from funds.registry import FUND_DOCUMENT
from records.sheets.importing import annotated_file_of, file_of
from records.sheets.package import FILLS
from records.sheets.packing import repack
from records.sheets.summary import SUMMARIES
from records.sheets.template import build_template
from tests import people
from tests.documents import draft
from tests.sheets.files import SHEET, rewritten, saved, through_libreoffice, workbook
from tests.sheets.imports import HEADS, confirmed, found, line, stored_lines, uploaded

pytestmark = pytest.mark.django_db
WRONG = [HEADS, line(amount="12,3x"), line("通财农〔2016〕4号", recipient=""), line("通财农〔2016〕5号")]


def returned(row):
    return load_workbook(annotated_file_of(row))


def colour(cell):
    return cell.fill.start_color.rgb if cell.fill.fill_type else None


def test_every_wrong_cell_is_marked_and_explained_and_a_sheet_sums_it_up():
    book = returned(uploaded(WRONG))
    page, summary = book["Sheet1"], book[SUMMARIES[0]]
    assert colour(page["K2"]) == colour(page["G3"]) == FILLS["E"]
    assert colour(page["K4"]) is None
    assert "12,3x" in page["K2"].comment.text
    assert page["K2"].comment.text.endswith("\n金额")
    rows = [[cell.value for cell in row] for row in summary.iter_rows(min_row=5)]
    assert [row[:3] for row in rows] == [["Sheet1", "K2", "金额"], ["Sheet1", "G3", "填写格式"]]
    assert all(row[4] for row in rows)


def test_a_cell_that_is_worth_a_look_is_marked_and_explained_like_a_wrong_one():
    total = ["合计", *[None] * 9, 99, None]
    book = returned(uploaded([HEADS, line(amount=12.5), line("通财农〔2016〕4号", recipient=""), total]))
    page = book["Sheet1"]
    assert (colour(page["K4"]), colour(page["G3"])) == (FILLS["W"], FILLS["E"])
    assert "99.00" in page["K4"].comment.text


def test_what_the_unit_made_of_its_workbook_stays():
    book = load_workbook(io.BytesIO(workbook(WRONG)))
    page = book.active
    page["K2"].font, page["K2"].number_format = Font(bold=True), "0.000"
    page["A1"].fill = PatternFill("solid", start_color="FF00FF00")
    page["B2"].comment = Comment("请核对", "同事")
    page.merge_cells("M1:N1")
    page.column_dimensions["A"].width = 33
    book = returned(uploaded(saved(book)))
    page = book["Sheet1"]
    assert (page["K2"].font.b, page["K2"].number_format, colour(page["K2"])) == (True, "0.000", FILLS["E"])
    assert colour(page["A1"]) == "FF00FF00"
    assert (page["B2"].comment.text, page["B2"].comment.author) == ("请核对", "同事")
    assert page["K2"].comment
    assert "M1:N1" in page.merged_cells
    assert page.column_dimensions["A"].width == 33


def test_a_template_keeps_dropdowns_notes_and_protection():
    draft()
    book = load_workbook(io.BytesIO(build_template(actor=people.county_clerk(), kind=kind(), year=2016)))
    book.worksheets[0]["O2"].value = "多少"
    page = returned(uploaded(saved(book))).worksheets[0]
    assert colour(page["O2"]) == FILLS["E"]
    assert page["A1"].comment
    assert page["O2"].comment
    assert len(page.data_validations.dataValidation) == 6
    assert page.protection.sheet


def kind():
    from funds.registry import FUND_DOCUMENT

    return FUND_DOCUMENT


def test_corrected_in_place_it_imports_without_errors_and_without_marks():
    first = uploaded(WRONG)
    confirmed(first)
    assert [row[0] for row in stored_lines()] == ["通财农〔2016〕5号"]
    book = returned(first)
    book["Sheet1"]["K2"].value = 12.3
    book["Sheet1"]["G3"].value = "通江县"
    second = uploaded(saved(book))
    assert (found(second), second.annotated) == ([], False)
    assert [second.counts[name] for name in ("to_create", "unchanged", "refused")] == [2, 1, 0]
    confirmed(second)
    assert [row[0] for row in stored_lines()] == [f"通财农〔2016〕{n}号" for n in (3, 4, 5)]


def test_half_corrected_only_what_is_still_wrong_is_marked_the_second_time():
    book = returned(uploaded(WRONG))
    book["Sheet1"]["K2"].value = 12.3
    book = returned(uploaded(saved(book)))
    page = book["Sheet1"]
    assert (colour(page["K2"]), colour(page["G3"])) == (None, FILLS["E"])
    assert page["K2"].comment is None
    assert page["G3"].comment
    assert book.sheetnames.count(SUMMARIES[0]) == 1
    assert len(list(book[SUMMARIES[0]].iter_rows(min_row=5))) == 1


def test_a_csv_comes_back_as_a_workbook_with_the_same_addresses():
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in WRONG)
    row = uploaded(text.encode("gb18030"), name="表.csv")
    assert [(note["rule"], note["severity"]) for note in row.notes] == [("ENCODING", "I")]
    page = returned(row)["CSV"]
    assert (colour(page["K2"]), page["K2"].value, page["A4"].value) == (FILLS["E"], "12,3x", "通财农〔2016〕5号")


def test_a_workbook_written_in_an_unusual_way_comes_back_as_a_new_one():
    odd = rewritten(workbook(WRONG), {SHEET: lambda old: re.sub(rb'<row r="(\d+)"', rb"<row r='\1'", old)})
    page = returned(uploaded(odd))["Sheet1"]
    assert colour(page["K2"]) == FILLS["E"]


def test_the_parts_it_adds_are_declared_once():
    book = returned(uploaded(WRONG))
    book["Sheet1"]["K2"].value = "还是错"
    row = uploaded(saved(book))
    with zipfile.ZipFile(annotated_file_of(row)) as packed:
        names = packed.namelist()
        assert len(names) == len(set(names))
        types = packed.read("[Content_Types].xml").decode()
        assert all(f'PartName="/{name}"' in types for name in names if "/comment" in name and name.endswith(".xml"))


def test_libreoffice_opens_the_returned_workbook_with_marks_and_notes(tmp_path):
    path = tmp_path / "returned.xlsx"
    path.write_bytes(annotated_file_of(uploaded(WRONG)).read_bytes())
    book = load_workbook(through_libreoffice(path))
    page = book["Sheet1"]
    assert colour(page["K2"]) == colour(page["G3"]) == FILLS["E"]
    assert "不是金额" in page["K2"].comment.text
    assert book[SUMMARIES[0]]["B5"].value == "K2"


def packed(path, name):
    """A member as it is packed: method and bytes."""
    with zipfile.ZipFile(path) as package:
        member = package.getinfo(name)
        package.fp.seek(member.header_offset + 26)
        lengths = package.fp.read(4)
        package.fp.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)
        return member.compress_type, member.CRC, package.fp.read(member.compress_size)


def test_parts_without_marks_are_copied_as_they_are_packed():
    row = uploaded(workbook(WRONG, more={"其他": [["一张没有表的纸", "x" * 500]]}))
    target = annotated_file_of(row)
    for name in ("xl/theme/theme1.xml", "docProps/core.xml"):
        assert packed(target, name) == packed(file_of(row), name)
    with zipfile.ZipFile(target) as package:
        assert package.testzip() is None
        assert len(set(package.namelist())) == len(package.namelist())


def test_a_package_whose_sizes_stand_behind_its_bytes_is_copied_whole(tmp_path):
    source, target = tmp_path / "streamed.xlsx", tmp_path / "copy.xlsx"

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("a.txt", "x" * 10_000)
        package.writestr("b.txt", "y")
    source.write_bytes(pipe.getvalue())
    repack(source, target, {"b.txt": b"z", "c.txt": b"new"})
    with zipfile.ZipFile(target) as package:
        assert package.testzip() is None
        assert [package.read(name) for name in package.namelist()] == [b"x" * 10_000, b"z", b"new"]
    assert list(tmp_path.glob("*.packed")) == []


def test_the_sheets_of_an_english_reader_have_english_names_and_an_earlier_summary_is_renamed():
    book = returned(uploaded(WRONG))
    assert "检查结果" in book.sheetnames
    book["Sheet1"]["A3"].value = "通财农〔2016〕44号"
    with override("en"):
        book = returned(uploaded(saved(book)))
        template = load_workbook(io.BytesIO(build_template(actor=people.county_clerk(), kind=FUND_DOCUMENT, year=2016)))
    assert (book.sheetnames.count("Check result"), "检查结果" in book.sheetnames) == (1, False)
    assert book["Check result"]["A1"].value == "Result of the check"
    assert template.sheetnames[1:] == ["Code lists", "Notes"]
    assert not any("代码表" in rule.formula1 for rule in template.worksheets[0].data_validations.dataValidation)
    row = uploaded(saved(template))
    assert [note["rule"] for note in row.notes if note["rule"] == "HIDDEN"] == []
