"""Guards of amounts in the database."""

from __future__ import annotations

import pgtrigger

_IN_TURN = """
    PERFORM 1 FROM funds_fundline WHERE uid IN (SELECT line_id FROM new_rows) ORDER BY uid FOR NO KEY UPDATE;
"""

_WITHIN = """
    EXECUTE $check$ SELECT l.uid FROM funds_fundline l JOIN (
            SELECT a.line_id, sum(a.amount) AS amount FROM funds_arrival a
            WHERE NOT a.deleted AND a.line_id IN (SELECT {column} FROM new_rows) GROUP BY a.line_id
        ) arrived ON arrived.line_id = l.uid
        WHERE abs(arrived.amount) > abs(l.amount) OR sign(arrived.amount) = -sign(l.amount)
        LIMIT 1 $check$ INTO over;
    IF over IS NOT NULL THEN
        RAISE EXCEPTION 'more has arrived for line % than it issued', over
            USING ERRCODE = 'check_violation', CONSTRAINT = 'funds_arrival_within_line', HINT = 'rule F07';
    END IF;
    RETURN NULL;
"""


def arrived_within_line(column: str) -> list[pgtrigger.Trigger]:
    """
    到账不超下达 — the arrivals of a line sum to at most its amount, with its sign (rule F07).

    `column` names the line in the changed rows: `line_id` of arrivals, which lock their lines so that
    two writers of one line go one after the other, or `uid` of lines. Raises SQLSTATE 23514. Dynamic
    SQL for the reason of `child_lock`.
    """
    wanted = (
        ("insert", pgtrigger.Insert, {"new": "new_rows"}),
        ("update", pgtrigger.Update, {"new": "new_rows", "old": "old_rows"}),
    )
    return [
        pgtrigger.Trigger(
            name=f"arrived_within_line_{name}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(**tables),
            declare=[("over", "uuid")],
            func=(_IN_TURN if column == "line_id" else "") + _WITHIN.format(column=column),
        )
        for name, operation, tables in wanted
    ]
