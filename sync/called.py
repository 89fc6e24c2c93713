"""What the records of quarantined lines are called, by the lines themselves: the centre holds no record of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from django.db.models import IntegerField
from django.db.models.functions import Length

from records.registry import record_types
from sync.models import QuarantinedLine

MOST = 256 * 1024
"""Bytes of a line that is read for its name alone; a longer one goes by its uid."""


def names_of_lines(lines: Iterable[QuarantinedLine]) -> dict[int, str]:
    """
    Names by line, of those whose content a record could have. One query, and those of names for each record type.
    """
    rows = QuarantinedLine.objects.filter(pk__in=[line.pk for line in lines])
    rows = rows.annotate(size=Length("raw", output_field=IntegerField())).filter(size__lte=MOST)
    held: dict[str, dict[int, dict[str, Any]]] = {}
    for pk, key, raw in rows.values_list("pk", "record_type", "raw"):
        content = _content(key, bytes(raw))
        if content is not None:
            held.setdefault(key, {})[pk] = content
    kinds, found = record_types(), {}
    for key, contents in held.items():
        found |= dict(zip(contents, kinds[key].names(list(contents.values())), strict=True))
    return found


def _content(key: str, raw: bytes) -> dict[str, Any] | None:
    """The content of a line; None where it is none of this type's."""
    kind = record_types().get(key)
    if kind is None:
        return None
    try:
        content = msgspec.json.decode(raw)["c"]
        kind.decode(msgspec.json.encode(content))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, KeyError, TypeError):
        return None
    return content if isinstance(content, dict) else None
