"""What a search over fund documents looks in."""

from povfund.common.text import bigrams


def search_text(document_no: str, title: str) -> str:
    """Pieces of number and title; written wherever rows are written."""
    return bigrams(f"{document_no} {title}")
