"""JSON as the format allows it: canonical, bounded in depth, without floats, doubled keys or hidden characters."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import msgspec

from povfund.common.canonical import canonical
from sync.fpb.errors import RejectedInput

MAX_DEPTH = 8
MAX_INT = 2**53 - 1
_HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_HIDDEN_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:[bf]|u(?:00[01]|[dD][89a-fA-F]))")
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NESTING = re.compile(rb"[\[{\]}]")
_FASTEST = msgspec.json.Decoder(strict=True)


def strict_text(raw: bytes) -> str:
    """UTF-8 text in NFC without hidden characters. Raises RejectedInput BAD_TEXT."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RejectedInput("BAD_TEXT", at=error.start) from None
    if found := _HIDDEN.search(text) or ("\\" in text and _HIDDEN_ESCAPE.search(text)):
        raise RejectedInput("BAD_TEXT", at=found.start())
    if not unicodedata.is_normalized("NFC", text):
        raise RejectedInput("BAD_TEXT", form="not NFC")
    return text


def require_depth(raw: bytes, *, most: int = MAX_DEPTH) -> None:
    """Count brackets outside strings before any parser sees them. Raises RejectedInput TOO_DEEP."""
    depth = 0
    for bracket in _NESTING.findall(_STRINGS.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        if depth > most:
            raise RejectedInput("TOO_DEEP", most=most)


def _fraction(text: str) -> Any:
    value = float(text)
    raise RejectedInput("NOT_CANONICAL" if value.is_integer() else "BAD_NUMBER", number=text[:40])


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
    parse_float=_fraction, parse_int=_whole, parse_constant=_no_number, object_pairs_hook=_pairs
)


def strict_json(raw: bytes) -> Any:
    """
    The value of canonical JSON bytes. Raises RejectedInput: BAD_TEXT, TOO_DEEP, BAD_NUMBER, DUP_KEY,
    BAD_SHAPE, NOT_CANONICAL.

    What a fast decoder reads and writes back byte for byte, without an odd number, needs no second
    look; everything else goes through the slow decoder, which knows what is wrong.
    """
    text = strict_text(raw)
    try:
        value = _FASTEST.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return _slow_json(raw, text)
    return value if _plain(value, MAX_DEPTH) and canonical(value) == raw else _slow_json(raw, text)


def _slow_json(raw: bytes, text: str) -> Any:
    require_depth(raw)
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise RejectedInput("BAD_SHAPE", why=str(error)[:120]) from None
    if end != len(text) or canonical(value) != raw:
        raise RejectedInput("NOT_CANONICAL")
    return value


def _plain(value: Any, depth: int) -> bool:
    """No float, no large number, not too deep, and ASCII keys alone, which sort alike in UTF-8 and UTF-16."""
    if isinstance(value, dict):
        if not "".join(value).isascii():
            return False
        value = value.values()
    elif not isinstance(value, list):
        value = (value,)
    for child in value:
        kind = type(child)
        if kind is dict or kind is list:
            if depth <= 1 or not _plain(child, depth - 1):
                return False
        elif kind is float or (kind is int and not -MAX_INT <= child <= MAX_INT):
            return False
    return True
