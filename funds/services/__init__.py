"""Public services of the app: what pages, API, commands and other apps call."""

from funds.services.arrivals import ArrivalInput, arrival_content_of, check_arrival, outstanding, save_arrival
from funds.services.documents import (
    DocumentInput,
    LineInput,
    check_fund_document,
    faults_of,
    proposed_content,
    save_fund_document,
    typed_content,
)

__all__ = [
    "ArrivalInput",
    "DocumentInput",
    "LineInput",
    "arrival_content_of",
    "check_arrival",
    "check_fund_document",
    "faults_of",
    "outstanding",
    "proposed_content",
    "save_arrival",
    "save_fund_document",
    "typed_content",
]
