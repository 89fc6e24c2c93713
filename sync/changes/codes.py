"""中央尚无的代码 — codes an order asks for that stand in no code table of this server, as a province's own category."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from records.registry import RecordType, record_type
from sync.models import ChangeOrder

MOST_NAMED = 20


def unknown_codes(kind: RecordType, contents: Iterable[bytes]) -> str:
    """
    The codes of these canonical contents that this server does not know, in words; empty where it knows all.

    They are found by their keys in the bytes: an order may hold tens of thousands of contents, each of many lines. A
    text that quotes such a key has its quotation marks escaped, and is no match.
    """
    tables = kind.code_tables()
    if not tables:
        return ""
    keyed = re.compile(rb'"(%s)":("(?:[^"\\]|\\.)*")' % "|".join(map(re.escape, tables)).encode())
    said = {pair for content in contents for pair in keyed.findall(content)}
    codes = ((name.decode(), msgspec.json.decode(code)) for name, code in said)
    return "、".join(sorted({code for name, code in codes if code not in tables[name]})[:MOST_NAMED])


def unknown_codes_of(order: ChangeOrder) -> str:
    """The same of an order drawn up."""
    contents = order.items.values_list("proposed", flat=True).iterator(chunk_size=500)
    return unknown_codes(record_type(order.record_type), map(bytes, contents))
