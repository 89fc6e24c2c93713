"""JSON as the format allows it: canonical, bounded in depth, without floats, doubled keys or hidden characters."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from povfund.common.canonical import canonical
from sync.fpb.errors import RejectedInput

MAX_DEPTH = 8
MAX_INT = 2**53 - 1
_HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]|\\\\u00[01]|\\\\u[dD][89a-fA-F]"
)
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_OPEN_OR_CLOSE = re.compile(rb"[\[{\]}]")


def strict_text(raw: bytes) -> str:
    """UTF-8 text in NFC without hidden characters. Raises RejectedInput BAD_TEXT."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RejectedInput("BAD_TEXT", at=error.start) from None
    if found := _HIDDEN.search(text):
        raise RejectedInput("BAD_TEXT", at=found.start())
    if not unicodedata.is_normalized("NFC", text):
        raise RejectedInput("BAD_TEXT", form="not NFC")
    return text


def require_depth(raw: bytes, *, most: int = MAX_DEPTH) -> None:
    """Scan brackets outside strings before any parser sees them. Raises RejectedInput TOO_DEEP."""
    depth = 0
    for bracket in _OPEN_OR_CLOSE.findall(_STRINGS.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        if depth > most:
            raise RejectedInput("TOO_DEEP", most=most)


def _no_number(text: str) -> Any:
    raise RejectedInput("BAD_NUMBER", number=text[:40])


def _whole(text: str) -> int:
    if len(text) > 17 or text == "-0" or abs(int(text)) > MAX_INT:
        _no_number(text)
    return int(text)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RejectedInput("DUP_KEY")
    if not all(key.isascii() for key in found):
        raise RejectedInput("BAD_SHAPE", why="keys are ASCII")
    return found


_DECODER = json.JSONDecoder(
    parse_float=_no_number, parse_int=_whole, parse_constant=_no_number, object_pairs_hook=_pairs
)


def strict_json(raw: bytes) -> Any:
    """
    The value of canonical JSON bytes. Raises RejectedInput: BAD_TEXT, TOO_DEEP, BAD_NUMBER, DUP_KEY,
    BAD_SHAPE, NOT_CANONICAL.
    """
    require_depth(raw)
    text = strict_text(raw)
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise RejectedInput("BAD_SHAPE", why=str(error)[:120]) from None
    if end != len(text) or canonical(value) != raw:
        raise RejectedInput("NOT_CANONICAL")
    return value
