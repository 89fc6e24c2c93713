"""Public services of the app: what pages, API, commands and other apps call."""

from funds.services.arrivals import (
    ArrivalInput,
    arrival_changes_since,
    arrival_content_of,
    arrival_with_blanks,
    blank_line,
    check_arrival,
    check_readable,
    lines_to,
    outstanding,
    save_arrival,
)
from funds.services.changes import changes_since
from funds.services.documents import (
    BLANK_LINE,
    DocumentInput,
    LineInput,
    check_fund_document,
    faults_of,
    proposed_content,
    save_fund_document,
    typed_content,
    with_blanks,
)

__all__ = [
    "BLANK_LINE",
    "ArrivalInput",
    "DocumentInput",
    "LineInput",
    "arrival_changes_since",
    "arrival_content_of",
    "arrival_with_blanks",
    "blank_line",
    "changes_since",
    "check_arrival",
    "check_fund_document",
    "check_readable",
    "faults_of",
    "lines_to",
    "outstanding",
    "proposed_content",
    "save_arrival",
    "save_fund_document",
    "typed_content",
    "with_blanks",
]
