"""What a change order does to totals, as the API says it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sync.changes.effects import Effects


def effects_json(effects: Effects) -> dict[str, Any]:
    """
    What an order does to the totals, as its page says it: figures of each place from the county up, `now` null where
    this server does not hold them. Unless `pending`, because the totals hold some of it or the order ended, `now` and
    `after` are null for all. `dimension` and `code` are null for the figure in all. Amounts in 元.
    """
    rows = [
        {
            "division": row.place,
            "name": row.name,
            "measure": row.measure_code,
            "year": row.year or effects.years[0],
            "dimension": row.by_what or None,
            "code": row.code or None,
            "code_name": row.part,
            "now": _yuan(row.now) if effects.pending else None,
            "after": _yuan(row.after) if effects.pending else None,
            "by": _yuan(row.by),
        }
        for row in effects.rows
    ]
    return {
        "pending": effects.pending,
        "years": effects.years,
        "rows": rows,
        "more_places": effects.more,
        "unmoved": effects.unmoved,
    }


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else f"{Decimal(fen) / 100:.2f}"
