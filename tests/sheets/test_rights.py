"""The whole way of a workbook with the rights of the pages' own database role, and no others."""

from __future__ import annotations

import io
from contextlib import contextmanager

from django.db import connections
from openpyxl import load_workbook

from funds.models import FundDocument
from funds.registry import FUND_DOCUMENT
from records.jobs.services import run
from records.sheets.exporting import start_export
from records.sheets.template import build_template
from tests import people
from tests.sheets.files import saved
from tests.sheets.imports import HEADS, confirmed, line, undone, uploaded


@contextmanager
def as_application():
    """The suite's connection becomes one of `fp_app` meanwhile."""
    connection = connections["default"]
    options, user = connection.settings_dict["OPTIONS"], connection.settings_dict["USER"]
    connection.close()
    if "assume_role" in options:
        connection.settings_dict["OPTIONS"] = options | {"assume_role": "fp_app"}
    else:
        connection.settings_dict["USER"] = "fp_app"
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["OPTIONS"], connection.settings_dict["USER"] = options, user


def test_import_change_undo_and_export_need_no_right_beyond_the_applications(committed_db):
    clerk = people.county_clerk()
    with as_application():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == ("fp_app",)
        row = confirmed(uploaded([HEADS, line(), line("通财农〔2016〕4号", amount="x")], by=clerk))
        assert (row.status, row.annotated) == ("done", True)
        book = load_workbook(io.BytesIO(build_template(actor=clerk, kind=FUND_DOCUMENT, year=2016)))
        book.worksheets[0]["B2"].value = "改过的标题"
        changed = confirmed(uploaded(saved(book), by=clerk))
        assert changed.counts["changed"] == 1
        assert undone(changed).status == "undone"
        export = start_export(actor=clerk, kind=FUND_DOCUMENT, params={}, file_format="csv", purpose="audit")
        assert run(export.job) == "done"
        assert FundDocument.objects.get().rev == 3
        assert undone(row).counts["kept"] == 0
    assert not FundDocument.objects.exists()
