"""One document number on several sheets of a workbook: one document, or parts that name one another."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.translation import override

from records.sheets.models import ImportFinding
from tests.people import account
from tests.sheets.files import workbook
from tests.sheets.imports import CLERK, HEADS, confirmed, documents, found, line, stored_lines, uploaded

pytestmark = pytest.mark.django_db
OTHER = "2130504"
YUAN = [*HEADS[:10], "金额（元）", HEADS[11]]


def read(first, second, heads=HEADS):
    return uploaded(workbook([HEADS, *first], sheet="一", more={"二": [heads, *second]}))


def outcomes(row):
    return list(row.items.order_by("n").values_list("outcome", "rows", "sheet", "row"))


def parts(row):
    findings = row.findings.filter(rule="PARTS").order_by("sheet", "pk")
    with override("zh-hans"):
        return [(f.sheet, f.cell, f.severity, str(f.message)) for f in findings]


def test_lines_of_one_number_and_head_on_two_sheets_become_one_document():
    again = line("通财农[2016]3号", 20000, item=OTHER)
    row = read([line(), line("通财农〔2016〕4号")], [again], heads=YUAN)
    assert outcomes(row) == [("create", 2, "一", 2), ("create", 1, "一", 3)]
    assert parts(row) == [
        ("二", "A2", "I", "与工作表“一”第 2 行文号相同、文件信息一致：两处的明细合为一份文件；本表金额单位为元。"),
    ]
    confirmed(row)
    assert [(document.document_no, document.line_count) for document in documents()] == [
        ("通财农〔2016〕3号", 2),
        ("通财农〔2016〕4号", 1),
    ]
    assert sorted(stored[5] for stored in stored_lines(document_no="通财农〔2016〕3号")) == [20_000, 125_000]
    again = read([line(), line("通财农〔2016〕4号")], [again, line("通财农〔2016〕5号")], heads=YUAN)
    assert [outcome for outcome, *_where in outcomes(again)] == ["unchanged", "unchanged", "create"]


def test_the_preview_names_a_document_by_its_number_as_all_pages_write_it(client):
    client.force_login(account(CLERK))
    row = uploaded([HEADS, line("通财农[2016]第003号"), line("通财农（2016）3号", item=OTHER)])
    assert [(item.name.split()[0], item.rows) for item in row.items.all()] == [("通财农〔2016〕3号", 2)]
    assert "通财农[2016]" not in client.get(reverse("records:import", args=[row.pk])).content.decode()


def test_a_wrong_cell_on_one_sheet_refuses_the_document_of_both_at_its_own_cell():
    row = read([line(), line("通财农〔2016〕4号")], [line("通财农〔2016〕5号"), line(amount="x", item=OTHER)])
    assert [outcome for outcome, *_where in outcomes(row)] == ["refused", "create", "create"]
    assert [(f.sheet, f.cell) for f in row.findings.filter(severity="E")] == [("二", "K3")]


def test_a_rule_speaks_at_the_cell_of_the_sheet_on_which_the_line_stands():
    row = read([line()], [line("通财农〔2016〕5号"), line(item="2130599", amount=-1)])
    assert {(f.sheet, f.cell) for f in row.findings.filter(severity="E")} == {("二", "K3")}


def test_heads_that_differ_stay_two_documents_and_each_names_the_other():
    row = read([line()], [line("通财农〔2016〕5号"), line(item=OTHER, title="补充")])
    assert [outcome for outcome, *_where in outcomes(row)] == ["create"] * 3
    told = "与工作表“{}”第 {} 行文号相同，但“文件名称”不一致：将成为两份文件。"
    assert parts(row) == [("一", "A2", "W", told.format("二", 3)), ("二", "A3", "W", told.format("一", 2))]


def test_where_one_part_is_refused_the_other_is_refused_with_it():
    row = read([line(amount="x")], [line("通财农〔2016〕5号"), line(item=OTHER, title="补充")])
    assert [outcome for outcome, *_where in outcomes(row)] == ["refused", "create", "refused"]
    assert found(row) == [("K2", "BAD_AMOUNT"), ("A3", "PARTS")]
    message = ImportFinding.objects.get(sheet_import=row, rule="PARTS", severity="E").message
    with override("zh-hans"):
        assert str(message) == "工作表“一”第 2 行是同一文号，已被退回：两处都不保存。"
    assert [document.document_no for document in (confirmed(row), documents())[1]] == ["通财农〔2016〕5号"]


def test_a_warning_of_the_preview_names_the_sheet_where_there_are_several(client):
    client.force_login(account(CLERK))

    def page(row):
        return client.get(reverse("records:import", args=[row.pk])).content.decode()

    assert "表“二”第 2 行：" in page(read([line()], [line("通财农〔2016〕5号")]))
    alone = page(uploaded([HEADS, line()]))
    assert "表“Sheet1”第 2 行：" not in alone
    assert "第 2 行：" in alone
