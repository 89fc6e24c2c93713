"""An import from upload to undo; rows 84, 85, 87 of the catalogue of bad inputs."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from accounts.models import AuditEntry
from funds.models import FundDocument, FundLine
from funds.registry import FUND_DOCUMENT
from funds.services import save_fund_document
from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from records.models import RecordRevision, Review, SheetImport
from records.services import delete_record
from records.sheets import importing
from records.sheets.models import ImportFinding
from records.sheets.template import build_template
from tests import documents as made, people
from tests.people import account
from tests.sheets.files import saved, workbook
from tests.sheets.imports import (
    HEADS,
    answered,
    confirmed,
    documents,
    found,
    line,
    stored_lines,
    undone,
    uploaded,
)

pytestmark = pytest.mark.django_db


def test_rows_become_documents_and_one_confirmation_stores_them():
    row = uploaded([HEADS, line(amount=12.345678), line(item="2130504", amount=3), line("通财农〔2016〕4号")])
    assert (row.status, row.counts["rows"], row.counts["to_create"], row.counts["refused"]) == ("preview", 3, 2, 0)
    assert not FundDocument.objects.exists()
    row = confirmed(row)
    assert (row.status, row.counts["created"]) == ("done", 2)
    first, second = documents()
    assert (first.total, first.line_count, first.state, first.rev) == (Decimal("153456.78"), 2, "draft", 1)
    assert Review.objects.filter(record_uid=second.uid, step="author", person=row.asked_by.person_id).exists()
    assert AuditEntry.objects.filter(action="funds.fund_document.save_set").get().after["created"] == 2


def test_what_is_imported_is_what_a_page_would_have_stored():
    confirmed(uploaded([HEADS, line(amount=12.5)]))
    save_fund_document(
        actor=account("511921.finance.entry"),
        data=made.typed("通财农〔2016〕77号", lines=[made.line(amount="125000.00")]),
    )
    imported, entered = documents()
    same = ["title", "budget_year", "issue_batch", "issued_on", "approved_on", "due_on", "total", "line_count", "state"]
    same += ["rev", "cycle", "scope_key", "owner_kind", "origin_node", "warnings"]
    assert [getattr(imported, name) for name in same] == [getattr(entered, name) for name in same]
    hidden = {"uid", "document_id", "document_no", "n", "_state"}
    rows = [
        {k: v for k, v in vars(FundLine.objects.get(document=d)).items() if k not in hidden}
        for d in (imported, entered)
    ]
    assert rows[0] == rows[1]
    made.step(imported, "submit", by="511921.finance.entry")
    assert RecordRevision.objects.get(record_uid=imported.uid).content_hash == imported.content_hash


def test_every_error_of_every_row_is_told_at_its_cell():
    row = uploaded(
        [
            HEADS,
            line(amount="12,3x", recipient="无此县"),
            line("通财农〔2016〕4号", category="", issued="2016-13-01"),
            line("通财农〔2016〕5号"),
            line("通财农〔2016〕6号", amount=0.0000001, item="2130501"),
        ]
    )
    assert found(row) == [
        ("G2", "SHAPE"),
        ("K2", "BAD_AMOUNT"),
        ("E3", "BAD_DATE"),
        ("I3", "SHAPE"),
        ("J5", "SHAPE"),
        ("K5", "BAD_AMOUNT"),
    ]
    assert (row.counts["to_create"], row.counts["refused"]) == (1, 3)
    assert [d.document_no for d in (confirmed(row), documents())[1]] == ["通财农〔2016〕5号"]


def test_rules_speak_at_the_cell_of_their_field():
    row = uploaded([HEADS, line(recipient="511921"), line(recipient="511921"), line("通财农〔2016〕4号", amount=-5)])
    assert found(row) == [("G3", "F03"), ("K4", "BAD_AMOUNT")]
    assert ImportFinding.objects.get(sheet_import=row, rule="F03").message.endswith(" G2 相同。")


def test_a_line_that_stands_in_another_sheet_too_is_named_by_sheet_and_cell():
    row = uploaded(
        workbook([HEADS, line()], more={"补": [HEADS, line(title="补充"), line(title="补充", item="2130504")]})
    )
    assert [(f.sheet, f.cell, f.rule) for f in row.findings.filter(rule="F03")] == [("补", "G2", "F03")]
    assert row.findings.get(rule="F03").message == "这一笔与工作表“Sheet1”的 G2 相同。"


def test_row_084_what_a_spreadsheet_spoils_is_refused_at_its_cell():
    row = uploaded(
        [
            HEADS,
            line(amount="=1+1"),
            line("通财农〔2016〕4号", title=4.4e17),
            line("通财农〔2016〕5号", recipient=51192.0),
            line("通财农〔2016〕6号", amount=12.5),
        ]
    )
    assert found(row) == [("K2", "FORMULA"), ("B3", "E_NOTATION"), ("G4", "SHAPE")]
    assert row.counts["to_create"] == 1


def test_row_084_codes_typed_as_numbers_and_days_as_text_are_read():
    row = uploaded(
        [HEADS, line(recipient=511921.0, item=2130505.0, issued="2016年3月1日", approved="2016/3/1", year="2016年")]
    )
    assert (found(row), row.counts["to_create"]) == ([], 1)


def test_row_085_an_unknown_head_asks_and_is_left_out_only_when_a_person_says_so():
    row = uploaded([[*HEADS, "贫困户数"], [*line(), 74]])
    assert row.status == "mapping"
    with pytest.raises(RuleViolation) as caught:
        answered(row)
    assert [finding.field for finding in caught.value.findings] == ["column:12"]
    row = answered(row, columns={"贫困户数": "=ignored"})
    assert (row.status, row.counts["to_create"]) == ("preview", 1)
    again = uploaded([[*HEADS, "贫困户数"], [*line("通财农〔2016〕9号"), 74]])
    assert again.status == "preview"


def test_row_085_columns_are_found_by_head_and_not_by_place():
    order = [10, 6, 0, 11, 1, 9, 2, 8, 3, 7, 4, 5]
    mixed = [[cells[n] for n in order] for cells in (HEADS, line())]
    row = confirmed(uploaded(mixed))
    assert stored_lines() == [
        ("通财农〔2016〕3号", "511921", "development", "2130505", "central", Decimal("125000.00"), "treasury")
    ]
    assert row.status == "done"


def test_row_085_totals_typed_by_hand_are_compared_and_never_stored():
    total = ["合计", *[""] * 9, 25.0, ""]
    row = uploaded([HEADS, line(amount=12.5), line(item="2130504", amount=3), total])
    assert (row.counts["rows"], row.counts["differences"]) == (2, 1)
    assert found(row, "W") == [("K4", "TOTAL")]
    assert found(row) == []


def test_row_085_hidden_rows_and_columns_are_read_and_named_at_their_place():
    rows = [line(f"通财农〔2016〕{n}号") for n in range(1, 24)]
    book = load_workbook(io.BytesIO(saved_rows([HEADS, *rows])))
    for n in (*range(3, 24), 400):
        book.active.row_dimensions[n].hidden = True
    book.active.column_dimensions.group("C", "D", hidden=True)
    book.active.column_dimensions.group("Z", "AB", hidden=True)
    book.create_sheet("底稿").append(["只是说明"])
    row = uploaded(saved(book))
    assert (row.counts["to_create"], found(row, "W")) == (23, [("C1", "HIDDEN"), ("A3", "HIDDEN")])
    assert row.counts["differences"] == 0
    columns, rows = (finding.message for finding in row.findings.filter(rule="HIDDEN"))
    assert columns == "有 2 个隐藏列也一并读取：C、D 列。"
    assert rows == f"有 21 个隐藏行也一并读取：第 {'、'.join(map(str, range(3, 23)))} … 行。"
    assert [(note["rule"], note["severity"]) for note in row.notes] == [("SHEET", "W")]


def saved_rows(rows):
    from tests.sheets.files import workbook

    return workbook(rows)


def test_a_head_said_once_serves_the_rows_below_and_may_not_change_midway():
    blank = ["", "", "", "", "", ""]
    row = uploaded([HEADS, line(), [*blank, *line(item="2130504")[6:]], line(title="另一个标题", item="2130506")])
    assert found(row) == [("B4", "SHAPE")]
    row = uploaded([HEADS, line(), [*blank, *line(item="2130504")[6:]]])
    assert (row.counts["records"], row.counts["rows"]) == (1, 2)


def test_brackets_of_any_kind_and_amounts_in_yuan_are_one_document():
    heads = [head.replace("（万元）", "(元)") for head in HEADS]
    confirmed(
        uploaded(
            [
                heads,
                line("通财农[2016]3号", amount=125000.0),
                line("通财农（2016）3号", amount="30,000.00", item="2130504"),
            ]
        )
    )
    assert [(number, amount) for number, *_rest, amount, _mode in stored_lines()] == [
        ("通财农〔2016〕3号", Decimal("125000.00")),
        ("通财农〔2016〕3号", Decimal("30000.00")),
    ]


def test_a_template_comes_back_changed_and_only_the_changes_are_stored():
    kept, changed = (
        made.draft("通财农〔2016〕3号"),
        made.draft("通财农〔2016〕4号", lines=[made.line(), made.line(budget_item="2130504")]),
    )
    book = load_workbook(io.BytesIO(build_template(actor=people.county_clerk(), kind=FUND_DOCUMENT, year=2016)))
    page = book.worksheets[0]
    amounts = {page.cell(r, 1).value: r for r in range(2, page.max_row + 1)}
    row_of = amounts["通财农〔2016〕4号"]
    page.cell(row_of, 15).value = 77
    lines = set(changed.lines.values_list("pk", flat=True))
    row = uploaded(saved(book))
    assert [row.counts[name] for name in ("to_create", "to_change", "unchanged", "refused")] == [0, 1, 1, 0]
    confirmed(row)
    changed.refresh_from_db()
    kept.refresh_from_db()
    assert (kept.rev, changed.rev, changed.state) == (1, 2, "draft")
    assert set(changed.lines.values_list("pk", flat=True)) == lines
    assert changed.total == Decimal("770100.00") or changed.total == Decimal("770000.00") + Decimal("100.00")


def test_a_stale_row_is_refused_by_itself():
    first, second = made.draft("通财农〔2016〕3号"), made.draft("通财农〔2016〕4号")
    book = load_workbook(io.BytesIO(build_template(actor=people.county_clerk(), kind=FUND_DOCUMENT, year=2016)))
    page = book.worksheets[0]
    for r in range(2, 4):
        page.cell(r, 2).value = "改过的标题"
    save_fund_document(
        actor=people.county_clerk(), data=made.typed("通财农〔2016〕3号", title="别人先改"), uid=first.uid, base_rev=1
    )
    row = uploaded(saved(book))
    assert (row.counts["to_change"], row.counts["refused"], [rule for _cell, rule in found(row)]) == (1, 1, ["STALE"])
    confirmed(row)
    second.refresh_from_db()
    first.refresh_from_db()
    assert (second.title, first.title) == ("改过的标题", "别人先改")


def test_a_record_that_moved_between_preview_and_confirmation_is_refused_by_itself():
    first = made.draft("通财农〔2016〕3号")
    book = load_workbook(io.BytesIO(build_template(actor=people.county_clerk(), kind=FUND_DOCUMENT, year=2016)))
    book.worksheets[0].cell(2, 2).value = "改过的标题"
    row = uploaded(saved(book))
    made.step(first, "submit", by="511921.finance.entry")
    row = confirmed(row)
    assert (row.status, row.counts["changed"], row.counts["refused_late"]) == ("done", 0, 1)
    first.refresh_from_db()
    assert first.state == "submitted"


def test_an_undo_takes_back_what_nobody_touched_and_names_the_rest():
    before = made.draft("通财农〔2016〕1号")
    book = load_workbook(io.BytesIO(build_template(actor=people.county_clerk(), kind=FUND_DOCUMENT, year=2016)))
    page = book.worksheets[0]
    page.cell(2, 2).value = "改过的标题"
    cells = [cell.value for cell in page[2]]
    for n, number in enumerate(("通财农〔2016〕3号", "通财农〔2016〕4号")):
        for column, value in enumerate([number, *cells[1:17]], 1):
            page.cell(3 + n, column).value = value
    row = confirmed(uploaded(saved(book)))
    assert (row.counts["created"], row.counts["changed"]) == (2, 1)
    made.step(FundDocument.objects.get(document_no="通财农〔2016〕3号"), "submit", by="511921.finance.entry")
    row = undone(row)
    assert (row.status, row.counts["taken_back"], row.counts["kept"]) == ("undone", 2, 1)
    before.refresh_from_db()
    assert (before.title, before.rev) == ("2016年第一批财政专项扶贫资金", 3)
    assert [d.document_no for d in documents()] == ["通财农〔2016〕1号", "通财农〔2016〕3号"]
    # what had been submitted is taken back once it is withdrawn
    made.step(FundDocument.objects.get(document_no="通财农〔2016〕3号"), "withdraw", by="511921.finance.entry")
    row = undone(row)
    assert (row.status, row.counts["taken_back"], row.counts["kept"]) == ("undone", 3, 0)
    assert [d.document_no for d in documents()] == ["通财农〔2016〕1号"]
    with pytest.raises(importing.NotNow):
        importing.undo_import(actor=people.county_clerk(), row=row)


def changed_by_template(title):
    """The unit's template with another title in its first row, imported and confirmed."""
    book = load_workbook(io.BytesIO(build_template(actor=people.county_clerk(), kind=FUND_DOCUMENT, year=2016)))
    book.worksheets[0].cell(2, 2).value = title
    return confirmed(uploaded(saved(book), name=f"{title}.xlsx"))


def test_imports_over_one_another_are_taken_back_one_after_the_other():
    first = confirmed(uploaded([HEADS, line()], name="先.xlsx"))
    second, third = changed_by_template("第二个标题"), changed_by_template("第三个标题")
    first = undone(first)
    assert (first.counts["taken_back"], first.counts["kept"], first.state_label) == (0, 1, "已撤销 0 条，保留 1 条")
    told = ImportFinding.objects.get(sheet_import=first, rule="STALE")
    assert "“第三个标题.xlsx”又改动了这条记录" in told.message
    assert told.remedy == "请先撤销那一次导入，再撤销本次。"
    for row in (third, second):
        row.refresh_from_db()
        row = undone(row)
        assert (row.status, row.counts["kept"], row.state_label) == ("undone", 0, "已撤销")
    assert FundDocument.objects.get().title == line()[1]
    first = undone(first)
    assert (first.counts["kept"], first.state_label) == (0, "已撤销")
    assert not FundDocument.objects.exists()
    assert not ImportFinding.objects.filter(sheet_import=first, rule="STALE").exists()


def test_a_record_changed_by_hand_stays_with_its_link_and_the_reason(client):
    row = confirmed(uploaded([HEADS, line(), line("通财农〔2016〕4号")]))
    kept = FundDocument.objects.get(document_no="通财农〔2016〕3号")
    save_fund_document(
        actor=people.county_clerk(), data=made.typed("通财农〔2016〕3号", title="手工改"), uid=kept.uid, base_rev=1
    )
    row = undone(row)
    client.force_login(people.county_clerk())
    page = client.get(f"/imports/{row.pk}/").content.decode()
    block = page.partition("已撤销 1 条；保持原样 1 条")[2].partition("</div>")[0]
    assert kept.get_absolute_url() in block
    assert "该次导入保存以后，记录又被手工改动。" in block
    assert "模板" not in block
    assert "已撤销 1 条，保留 1 条" in client.get("/imports/fund-documents/new/").content.decode()


def test_a_record_deleted_by_hand_is_nothing_to_keep():
    row = confirmed(uploaded([HEADS, line()]))
    delete_record(actor=people.county_clerk(), record=FundDocument.objects.get(), seen_rev=1)
    row = undone(row)
    assert (row.counts["taken_back"], row.counts["kept"]) == (1, 0)


def test_the_same_workbook_twice_changes_nothing_the_second_time():
    rows = [HEADS, line(), line("通财农〔2016〕4号")]
    confirmed(uploaded(rows))
    again = uploaded([*rows, [None] * 8 + [" "]])
    assert [again.counts[name] for name in ("to_create", "unchanged", "refused")] == [0, 2, 0]
    with pytest.raises(importing.NotNow):
        confirmed(again)


def test_an_import_can_be_cancelled_and_leaves_no_file():
    row = uploaded([HEADS, line()])
    importing.cancel_import(actor=row.asked_by, row=row)
    row.refresh_from_db()
    assert row.status == "cancelled"
    assert not importing.file_of(row).exists()
    with pytest.raises(importing.NotNow):
        confirmed(row)


def test_a_table_without_known_heads_is_refused_with_what_is_needed():
    row = uploaded([["甲", "乙"], [1, 2]])
    assert (row.status, [note["rule"] for note in row.notes]) == ("failed", ["HEADER"])


@pytest.mark.parametrize(
    "name", ["../../x.xlsx", "C:\\a\\CON.xlsx", "字" * 300 + ".xlsx", "a\u202excod.xlsx", "a\r\nb.xlsx"]
)
def test_row_087_a_file_name_is_only_shown(name):
    row = uploaded([HEADS, line()], name=name)
    assert importing.file_of(row).name == f"{row.uid}.xlsx"
    assert "/" not in row.name and "\\" not in row.name and len(row.name) <= 200  # noqa: PT018
    assert not set(row.name) & {"\r", "\n", "\u202e"}


def test_only_who_enters_the_form_imports_and_only_the_own_unit_sees_it():
    with pytest.raises(Refused):
        uploaded([HEADS, line()], by=people.COUNTY_REVIEWER)
    row = uploaded([HEADS, line()])
    assert importing.import_for(people.county_reviewer(), row.uid)
    assert importing.import_for(people.outsider(), row.uid) is None


def test_row_088_a_template_of_another_unit_is_not_taken():
    made.draft("平财农〔2016〕3号", by="511922.finance.entry", lines=[made.line("511922")])
    content = build_template(actor=people.outsider(), kind=FUND_DOCUMENT, year=2016)
    row = uploaded(content)
    assert row.counts["refused"] == 1
    assert {rule for _cell, rule in found(row)} >= {"SHAPE"}
    assert SheetImport.objects.count() == 1


def test_what_no_record_can_hold_is_told_at_its_cell():
    row = uploaded(
        [
            HEADS,
            line("号" * 70),
            line("通财农〔2016〕4号", title="长" * 201),
            line("通财农〔2016〕5号", amount="999999999999"),
        ]
    )
    assert [cell for cell, _rule in found(row)] == ["A2", "B3", "K4"]
    assert row.counts["refused"] == 3


def test_a_number_and_a_truth_value_in_one_column_are_two_texts():
    row = uploaded([HEADS + ["摘要说明"], line() + [1.0], line("通财农〔2016〕4号") + [True]])
    row = answered(row, columns={"摘要说明": "remark"})
    confirmed(row)
    assert [document.remark for document in documents()] == ["1", "TRUE"]


def test_cells_merged_below_the_table_say_nothing():
    book = load_workbook(io.BytesIO(workbook([HEADS, line()])))
    book.active.merge_cells("A5:A9")
    row = uploaded(saved(book))
    assert (row.status, row.counts["rows"], row.counts["to_create"]) == ("preview", 1, 1)


def test_a_row_without_number_belongs_to_the_one_above_even_where_an_earlier_one_was_alike():
    bare = {"number": None, "title": None}
    row = uploaded([HEADS, line(**bare), line("通财农〔2016〕4号", mode="现金"), line(item="2130504", **bare)])
    names = list(row.items.order_by("n").values_list("name", "rows"))
    assert names == [("", 1), ("通财农〔2016〕4号 2016年第一批财政专项扶贫资金", 2)]


@pytest.mark.parametrize(
    ("typed", "level"),
    [
        *[("中央", "central"), ("省级", "province"), ("市级", "city"), ("县级", "county"), ("省级资金", "province")],
        *[("prov", "province"), ("其他", "other")],
    ],
)
def test_the_level_of_money_is_read_as_the_grid_reads_it(typed, level):
    row = uploaded([HEADS, line(level=typed)])
    assert found(row) == []
    confirmed(row)
    assert [level for *_codes, level, _amount, _mode in stored_lines()] == [level]


def test_what_begins_several_names_is_told_with_these_and_a_word_of_none_is_refused():
    row = uploaded(
        [HEADS, line(level="级"), line("通财农〔2016〕4号", mode="国库"), line("通财农〔2016〕5号", item="21305")]
    )
    assert found(row) == [("H2", "SHAPE"), ("J4", "AMBIGUOUS")]
    assert row.items.get(name__startswith="通财农〔2016〕4号").outcome == "create"
