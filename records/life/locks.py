"""The lock of sent records, in the database: ORM, admin, bulk update and raw SQL all meet it."""

from __future__ import annotations

import pgtrigger

FREE_COLUMNS = (
    "state",
    "cycle",
    "reviewed_rev",
    "reviewed_hash",
    "acked_rev",
    "acked_hash",
    "changed_at",
    "warnings",
)
"""Columns that may change on a locked row, and only by the roles that send and receive."""

LOCKED = "('sealed', 'acknowledged', 'permitted')"

_RECORD_BODY = f"""
    content_changed := TG_OP = 'DELETE' OR
        (to_jsonb(OLD) - ARRAY{list(FREE_COLUMNS)!r}) IS DISTINCT FROM (to_jsonb(NEW) - ARRAY{list(FREE_COLUMNS)!r});
    IF OLD.state NOT IN {LOCKED} AND OLD.acked_rev IS NULL THEN
        IF TG_OP = 'UPDATE' AND NEW.state IN {LOCKED} AND current_user = 'fp_app' THEN
            RAISE EXCEPTION 'record % is sealed by the transmission alone', OLD.uid
                USING ERRCODE = 'FP001', HINT = 'art. 13';
        END IF;
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    IF content_changed AND NOT EXISTS (
        SELECT 1 FROM records_permit p
        WHERE TG_OP = 'UPDATE' AND p.record_uid = OLD.uid AND p.used_at IS NULL
          AND p.base_hash = OLD.content_hash AND p.new_hash = NEW.content_hash
          AND p.permit_id::text = current_setting('app.permit_id', true) AND current_user <> 'fp_app'
    ) THEN
        RAISE EXCEPTION 'record % was sent and is locked', OLD.uid
            USING ERRCODE = 'FP001', HINT = 'art. 12: ask for a change order';
    END IF;
    IF OLD.state IN {LOCKED} AND current_user = 'fp_app' THEN
        RAISE EXCEPTION 'record % was sent; its state changes by receipt alone', OLD.uid
            USING ERRCODE = 'FP001', HINT = 'art. 12: ask for a change order';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
"""


_BORN_LOCKED = """
    RAISE EXCEPTION 'record % is sealed by the transmission alone', NEW.uid
        USING ERRCODE = 'FP001', HINT = 'art. 13';
"""


def record_lock() -> list[pgtrigger.Trigger]:
    """
    上报锁 — refuses content changes and deletion of a record sealed now or acknowledged once.

    One way through: an unused permit for exactly this uid, base hash and new hash, named by the
    transaction in `app.permit_id`, and never for `fp_app`; the table of permits takes rows from
    `fp_sync` alone. `fp_app` can neither touch the state of a sealed row nor insert a sealed one.
    Raises SQLSTATE FP001.
    """
    return [
        pgtrigger.Trigger(
            name="record_lock",
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete,
            declare=[("content_changed", "boolean")],
            func=_RECORD_BODY,
        ),
        pgtrigger.Trigger(
            name="record_born_locked",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            condition=pgtrigger.Condition(
                f"current_user = 'fp_app' AND (NEW.state IN {LOCKED} OR NEW.acked_rev IS NOT NULL)"
            ),
            func=_BORN_LOCKED,
        ),
    ]


def child_lock(parent_table: str, parent_column: str) -> list[pgtrigger.Trigger]:
    """
    The same lock for rows that belong to a record: no insert, update or delete below a locked one.

    Rows whose record does not exist yet pass: ingest stores children first, in one transaction.
    """
    check = """
    IF EXISTS (SELECT 1 FROM {table} parent JOIN {rows} child ON child.{column} = parent.uid
               WHERE (parent.state IN {locked} OR parent.acked_rev IS NOT NULL)
                 AND NOT EXISTS (SELECT 1 FROM records_permit p WHERE p.record_uid = parent.uid
                     AND p.used_at IS NULL AND p.permit_id::text = current_setting('app.permit_id', true)
                     AND current_user <> 'fp_app')) THEN
        RAISE EXCEPTION 'a row of a record that was sent is locked'
            USING ERRCODE = 'FP001', HINT = 'art. 12: ask for a change order';
    END IF;
    """
    parts = {"table": parent_table, "column": parent_column, "locked": LOCKED}
    new, old = check.format(rows="new_rows", **parts), check.format(rows="old_rows", **parts)
    wanted = (
        ("child_lock_insert", pgtrigger.Insert, {"new": "new_rows"}, new),
        ("child_lock_update", pgtrigger.Update, {"new": "new_rows", "old": "old_rows"}, old + new),
        ("child_lock_delete", pgtrigger.Delete, {"old": "old_rows"}, old),
    )
    return [
        pgtrigger.Trigger(
            name=name,
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(**tables),
            func=body + "RETURN NULL;",
        )
        for name, operation, tables, body in wanted
    ]
