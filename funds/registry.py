"""The fund document and the arrival as record types."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from funds import arrival_content, content, proposing
from povfund.common.errors import Finding
from records.registry import ChildTable, Described, Reading, RecordType, Row

if TYPE_CHECKING:
    from accounts.models import User


def _check(rows: Sequence[Row], stage: str) -> list[list[Finding]]:
    from funds.rules import check

    return check(rows, stage)


def _faults(content: dict[str, Any]) -> list[Finding]:
    from funds.services import faults_of

    return faults_of(content)


def _standing(findings: Iterable[Finding], unread: Collection[str]) -> list[Finding]:
    from funds.rules.needs import standing

    return standing(findings, unread=unread)


def _describe(document: Any) -> Described:
    return Described(
        document.document_no or document.title, document.title if document.document_no else "", document.total
    )


def _reading(contents: Sequence[dict[str, Any]]) -> Reading:
    from funds.reading import DocumentReading

    return DocumentReading(contents)


def _names(contents: Sequence[dict[str, Any]]) -> list[str]:
    from funds.naming import document_names

    return document_names(contents)


def _own_part(user: User, content: dict[str, Any]) -> dict[str, Any] | None:
    from funds.reading import own_part

    return own_part(user, content)


def _place(path: str) -> str:
    from funds.reading import label_of

    return label_of(path)


RULES = {
    "F01": pgettext_lazy("rule", "codes of the budget year"),
    "F02": pgettext_lazy("rule", "document number"),
    "F03": pgettext_lazy("rule", "each line once"),
    "F04": pgettext_lazy("rule", "no more than the parent gave"),
    "F05": pgettext_lazy("rule", "entered late"),
    "F06": pgettext_lazy("rule", "passed down in time"),
    "F07": pgettext_lazy("rule", "no more arrived than issued"),
    "F08": pgettext_lazy("rule", "local matching"),
    "F09": pgettext_lazy("rule", "idle money"),
    "F10": pgettext_lazy("rule", "line in charge"),
    "F11": pgettext_lazy("rule", "recipient"),
}
"""The catalogue of the rules of funds."""

FUND_DOCUMENT = RecordType(
    key="fund_document",
    label=_("Fund document"),
    plural="fund-documents",
    url_namespace="funds",
    model_path="funds.models.FundDocument",
    enter="funds.enter",
    review="funds.review",
    owner_kinds=("finance", "poverty", "development", "ethnic"),
    contents=content.contents,
    decode=content.decode,
    check=_check,
    measure=content.measure,
    references=content.references,
    root_columns=content.ROOT_COLUMNS,
    root_row=content.root_row,
    children=(
        ChildTable(
            path="lines",
            table="funds_fundline",
            parent_column="document_id",
            columns=content.LINE_COLUMNS,
            rows=content.line_rows,
        ),
    ),
    code_tables=content.code_tables,
    faults=_faults,
    rules=RULES,
    standing=_standing,
    totals_sql=content.TOTALS_SQL,
    describe=_describe,
    enter_url="funds:document_new",
    names=_names,
    reading=_reading,
    place=_place,
    amount_field="total",
    peers=("budget_year", "issue_batch"),
    sheet_path="funds.sheets.FUND_DOCUMENT_SHEET",
    excerpt=content.excerpt,
    own_part=_own_part,
    proposer=proposing.documents,
    change_form_path="funds.views.changing.DocumentChangeForm",
)
"""资金下达: entered by finance, or by the line in charge of a category where the province lets it (rule F10)."""


def _check_arrivals(rows: Sequence[Row], stage: str) -> list[list[Finding]]:
    from funds.rules.arrivals import check

    return check(rows, stage)


def _describe_arrival(arrival: Any) -> Described:
    return Described(str(arrival), arrival.budget_no or arrival.voucher_no, arrival.amount)


def _arrival_names(contents: Sequence[dict[str, Any]]) -> list[str]:
    from funds.naming import arrival_names

    return arrival_names(contents)


def _arrival_reading(contents: Sequence[dict[str, Any]]) -> Reading:
    from funds.reading import ArrivalReading

    return ArrivalReading(contents)


ARRIVAL = RecordType(
    key="arrival",
    label=_("Arrival"),
    plural="arrivals",
    url_namespace="funds",
    model_path="funds.models.Arrival",
    enter="funds.enter",
    review="funds.review",
    owner_kinds=("finance",),
    contents=arrival_content.contents,
    decode=arrival_content.decode,
    check=_check_arrivals,
    measure=arrival_content.measure,
    references=arrival_content.references,
    root_columns=arrival_content.ROOT_COLUMNS,
    root_row=arrival_content.root_row,
    code_tables=content.code_tables,
    rules=RULES,
    standing=_standing,
    totals_sql=arrival_content.TOTALS_SQL,
    describe=_describe_arrival,
    enter_url="funds:arrival_new",
    names=_arrival_names,
    reading=_arrival_reading,
    amount_field="amount",
    sheet_path="funds.arrival_sheets.ARRIVAL_SHEET",
    proposer=proposing.arrivals,
    change_form_path="funds.views.changing.ArrivalChangeForm",
)
"""到账: entered by the receiving division's finance (art. 10)."""
