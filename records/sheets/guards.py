"""What the database itself refuses of exports, for raw SQL and future code alike."""

from __future__ import annotations

import pgtrigger

FIXED = (
    "uid, number, record_type, filter, file_format, purpose, unit_id, asked_by_id, language, personal, needs_consent, "
    "created_at"
)


def _row(name: str, columns: str) -> str:
    return f"ROW({', '.join(f'{name}.{column.strip()}' for column in columns.split(','))})"


def _refuse(message: str, constraint: str) -> str:
    return f"RAISE EXCEPTION '{message}', NEW.number USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';"


_KEPT = f"""
    IF {_row("OLD", FIXED)} IS DISTINCT FROM {_row("NEW", FIXED)} THEN
        {_refuse("export % is as it was asked for", "records_export_as_asked")}
    END IF;
    IF OLD.decided_by_id IS NOT NULL AND {_row("OLD", "decided_by_id, decided_at, refused")}
        IS DISTINCT FROM {_row("NEW", "decided_by_id, decided_at, refused")} THEN
        {_refuse("export % is decided", "records_export_as_asked")}
    END IF;
    RETURN NEW;
"""

_SECOND = f"""
    IF NOT EXISTS (
        SELECT 1 FROM accounts_user asker JOIN accounts_user other ON other.person_id <> asker.person_id
        WHERE asker.id = NEW.asked_by_id AND other.id = NEW.decided_by_id AND other.unit_id = NEW.unit_id
          AND other.is_active
    ) THEN
        {_refuse("another person of the unit decides on export %", "records_export_second_person")}
    END IF;
    RETURN NEW;
"""


def export_guards() -> list[pgtrigger.Trigger]:
    """
    四眼 — an export stays as it was asked for; another person of the unit decides on it, once. Persons count, not
    accounts: one person may have several (art. 15). Raises SQLSTATE 23514.
    """
    decided = pgtrigger.Condition("NEW.decided_by_id IS NOT NULL")
    return [
        pgtrigger.Trigger(name="export_stays", when=pgtrigger.Before, operation=pgtrigger.Update, func=_KEPT),
        pgtrigger.Trigger(
            name="export_second_person",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert | pgtrigger.UpdateOf("decided_by_id"),
            condition=decided,
            func=_SECOND,
        ),
    ]
