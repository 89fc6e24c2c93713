"""Database triggers that several apps share."""

from __future__ import annotations

import pgtrigger

_REFUSE = """
    RAISE EXCEPTION 'table % keeps every row: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'append a new row instead';
"""


def append_only() -> pgtrigger.Trigger:
    """
    只增不改 — refuses UPDATE, DELETE and TRUNCATE of a table, for its owner too.

    For `Meta.triggers` of models whose `db_access` says append-only. It fires per statement, so a
    statement that would touch no row is refused as well. Raises IntegrityError (SQLSTATE 23001).
    """
    return pgtrigger.Trigger(
        name="append_only",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
        func=_REFUSE,
    )
