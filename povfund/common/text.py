"""Text as people type it, made storable and searchable."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext_lazy as _

from povfund.common.errors import Finding, RuleViolation

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_BRACKETS = str.maketrans(dict.fromkeys("[［﹝（(【{<〈《", "〔") | dict.fromkeys("]］﹞）)】}>〉》", "〕"))
_SERIAL = re.compile(r"(?<=〔\d{4}〕)第?0*(?=\d{1,6}号$)")
_LISTED = re.compile(r"^[^〔〕\s]{1,30}〔\d{4}〕(?:第)?\d{1,6}(?:号?[、,，;；]\d{1,6})+号$")
_NUMBER = re.compile(r"^(?P<organ>[^〔〕\s]{1,30})〔(?P<year>\d{4})〕(?:第)?(?P<serial>\d{1,6})号$")


def clean_text(value: str, *, field: str = "", multiline: bool = False) -> str:
    """
    NFC text without outer space. Raises RuleViolation TEXT for control, bidi and zero-width characters.

    Rare han, `·` and names of any script pass unchanged.
    """
    text = unicodedata.normalize("NFC", value).strip()
    if text.isprintable():  # so it holds none of them
        return text
    if _FORBIDDEN.search(text) or (not multiline and re.search(r"[\r\n]", text)):
        raise RuleViolation(
            Finding(
                "TEXT",
                _("The text holds a control, direction or zero-width character."),
                field=field,
                remedy=_("Type the text again instead of pasting it."),
            )
        )
    return text


def normalise_document_no(raw: str) -> str:
    """
    文号归一 — document number with 〔〕 brackets, half-width digits, no spaces; 第09号 is 9号.

    Raises nothing: what does not parse comes back cleaned, and rule F02 speaks of it.
    """
    text = unicodedata.normalize("NFKC", raw)
    text = "".join(text.split()).translate(_BRACKETS)
    return _SERIAL.sub("", text) if "〕第" in text or "〕0" in text else text


def parse_document_no(number: str) -> tuple[str, int, int] | None:
    """(机关代字, year, serial) of a normalised number, or None."""
    match = _NUMBER.match(number)
    return (match["organ"], int(match["year"]), int(match["serial"])) if match else None


def listed_numbers(number: str) -> int:
    """How many serials a normalised text names as a list: 3 for 洛财预〔2018〕148、149、250号; 0 where it is none."""
    return len(re.findall(r"[、,，;；]", number)) + 1 if _LISTED.match(number) else 0


def _run_together(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).lower())


def bigrams(text: str) -> str:
    """
    Two-character pieces of `text`, space-separated, for `to_tsvector('simple', …)`.

    Before them stands every single character, so that a search for one character finds it, and `search_pattern` the
    text itself.
    """
    joined = _run_together(text)
    return " ".join([*joined, *(joined[i : i + 2] for i in range(len(joined) - 1))])


def search_words(text: str) -> list[str]:
    """The words a search is for, a year in any brackets written as in document numbers."""
    return _YEAR.sub(r"〔\1〕", unicodedata.normalize("NFKC", text)).split()


def search_terms(word: str) -> str:
    """The pieces a searched word must hold, for `plainto_tsquery('simple', …)`."""
    joined = _run_together(word)
    return " ".join(joined[i : i + 2] for i in range(len(joined) - 1)) or joined


def search_pattern(word: str) -> str:
    """
    Where a searched word is found in `bigrams`, as a regular expression of PostgreSQL: its characters in a row; digits
    are whole numbers, 501 is not found in 5012.
    """
    joined = _run_together(word)
    pattern = " ".join(_SPECIAL.sub(r"\\\g<0>", character) for character in joined)
    before = "(?<![0-9] )" if joined[:1].isdecimal() else ""
    behind = "(?! [0-9]( |$))" if joined[-1:].isdecimal() else ""
    return before + pattern + behind


_YEAR = re.compile(r"[\[({【〖〔﹝]\s*((?:19|20)\d\d)\s*[\])}】〗〕﹞]")
_SPECIAL = re.compile(r"[\\.^$*+?()\[\]{}|]")
