"""F04 in the database: what is passed on below a parent document fits what it gave, whoever writes, at any moment."""

from __future__ import annotations

from typing import Any

import pgtrigger

SUMS = "funds_funddocument_within_parent"
"""Name of the constraint in the error (SQLSTATE 23514)."""

_LOCK = "PERFORM pg_advisory_xact_lock(hashtextextended({uid}::text, 4));"

_PASSED_ON = """
    SELECT p.parent_id, p.scope_key, s.passed, g.given
    FROM (SELECT DISTINCT c.parent_id, c.scope_key FROM funds_funddocument c WHERE NOT c.deleted AND ({which})) p
    JOIN funds_funddocument parent ON parent.uid = p.parent_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.amount), 0) AS passed FROM funds_funddocument c
        JOIN funds_fundline l ON l.document_id = c.uid
        WHERE c.parent_id = p.parent_id AND c.scope_key = p.scope_key AND NOT c.deleted) s
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.amount), 0) AS given FROM funds_fundline l
        WHERE l.document_id = p.parent_id AND left(l.recipient_key, length(p.scope_key)) = p.scope_key) g
    WHERE CASE WHEN g.given < 0 THEN s.passed NOT BETWEEN g.given AND 0 ELSE s.passed > g.given END
    LIMIT 1
"""

_RAISE = f"""
        RAISE EXCEPTION '{SUMS}: % yuan are passed on below document %, which gave %', over.passed, over.parent_id,
            over.given USING ERRCODE = '23514', CONSTRAINT = '{SUMS}';
"""

_ONE = f"""
    SELECT * INTO over FROM ({_PASSED_ON.format(which="c.uid = NEW.uid OR c.parent_id = NEW.uid")}) found;
    IF over.parent_id IS NOT NULL THEN {_RAISE}
    END IF;
    RETURN NULL;
"""

_OF_THE_STATEMENT = _PASSED_ON.format(
    which="c.uid IN (SELECT uid FROM new_rows) OR c.parent_id IN (SELECT uid FROM new_rows)"
)

_RECEIVED = f"""
    IF EXISTS (SELECT 1 FROM new_rows n WHERE n.state = 'acknowledged' AND (n.parent_id IS NOT NULL
               OR EXISTS (SELECT 1 FROM funds_funddocument c WHERE c.parent_id = n.uid))) THEN
        EXECUTE $check$ {_OF_THE_STATEMENT} $check$ INTO over;
        IF over.parent_id IS NOT NULL THEN {_RAISE}
        END IF;
    END IF;
    RETURN NULL;
"""

TRIGGERS = ("within_parent_new", "within_parent_changed")


def within_parent() -> list[pgtrigger.Trigger]:
    """
    分解不超上级 — refuses a commit after which a division passed on more than the parent gave into it.

    Documents of this server are judged when the transaction ends, one writer at a time below one
    parent; the locks go from parent to child, so that two writers never wait for each other.
    Received documents come in thousands and from one writer: they are judged by the statement, without locks.
    """
    new, changed = TRIGGERS
    above = f"IF NEW.parent_id IS NOT NULL THEN {_LOCK.format(uid='NEW.parent_id')} END IF;"
    alone: dict[str, Any] = {
        "when": pgtrigger.After,
        "timing": pgtrigger.Deferred,
        "declare": [("over", "record")],
    }
    return [
        pgtrigger.Trigger(
            name=new,
            operation=pgtrigger.Insert,
            condition=pgtrigger.Condition("NEW.state <> 'acknowledged' AND NEW.parent_id IS NOT NULL"),
            func=above + _ONE,
            **alone,
        ),
        pgtrigger.Trigger(
            name=changed,
            operation=pgtrigger.UpdateOf("parent_id", "content_hash"),
            condition=pgtrigger.Condition("NEW.state <> 'acknowledged'"),
            func=above + _LOCK.format(uid="NEW.uid") + _ONE,
            **alone,
        ),
        pgtrigger.Trigger(
            name="within_parent_received",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new="new_rows"),
            declare=[("over", "record")],
            func=_RECEIVED,
        ),
    ]
