"""中央尚无的代码 — codes an order asks for that stand in no code table of this server, as a province's own category."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from records.registry import RecordType, record_type
from sync.models import ChangeItem, ChangeOrder

MOST_NAMED = 20


def unknown_codes(kind: RecordType, items: Iterable[ChangeItem]) -> str:
    """The codes of the contents asked for that this server does not know, in words; empty where it knows all."""
    tables, found = kind.code_tables(), set()
    for item in items if tables else ():
        found |= set(_unknown(msgspec.json.decode(bytes(item.proposed)), tables))
    return "、".join(sorted(found)[:MOST_NAMED])


def unknown_codes_of(order: ChangeOrder) -> str:
    """The same of an order drawn up."""
    return unknown_codes(record_type(order.record_type), order.items.only("proposed").iterator(chunk_size=500))


def _unknown(content: Any, tables: dict[str, dict[str, Any]]) -> Iterator[str]:
    if isinstance(content, list):
        for row in content:
            yield from _unknown(row, tables)
    elif isinstance(content, dict):
        for name, value in content.items():
            if name in tables and isinstance(value, str):
                if value not in tables[name]:
                    yield value
            else:
                yield from _unknown(value, tables)
