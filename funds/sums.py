"""F04 in the database: what is passed on below a parent document fits what it gave, whoever writes, at any moment."""

from __future__ import annotations

from typing import Any

import pgtrigger

from accounts.choices import KEY_LENGTH

SUMS = "funds_funddocument_within_parent"
"""Name of the constraint in the error (SQLSTATE 23514)."""

_DOC = "SELECT * INTO doc FROM funds_funddocument WHERE uid = {uid}; IF doc.uid IS NULL THEN RETURN NULL; END IF;"

# Parent before child, the parent's parent first: two writers never wait for each other.
_LOCKS = """
    IF doc.state <> 'acknowledged' THEN PERFORM pg_advisory_xact_lock(hashtextextended(uid::text, 4)) FROM (
        SELECT 1 AS n, above.parent_id AS uid FROM funds_funddocument above
        WHERE above.uid = doc.parent_id AND above.scope_key = doc.scope_key AND above.parent_id IS NOT NULL
        UNION ALL SELECT 2, doc.parent_id WHERE doc.parent_id IS NOT NULL
        UNION ALL SELECT 3, doc.uid ORDER BY n) turns; END IF;
"""

_JUDGED = """
    SELECT doc.parent_id AS parent_id, doc.scope_key AS scope_key, doc.issued_on AS day
        WHERE doc.parent_id IS NOT NULL AND NOT doc.deleted AND doc.issue_batch <> 'recovery'
    UNION ALL SELECT doc.parent_id, doc.scope_key, 'infinity' WHERE doc.parent_id IS NOT NULL AND NOT doc.deleted
    UNION SELECT c.parent_id, c.scope_key, 'infinity' FROM funds_funddocument c
        WHERE c.parent_id = doc.uid AND NOT c.deleted
    UNION SELECT c.parent_id, c.scope_key, 'infinity' FROM funds_funddocument c
        WHERE c.uid = doc.parent_id AND c.scope_key = doc.scope_key AND c.parent_id IS NOT NULL AND NOT c.deleted
"""
"""Below which parent and by which division: on the day of the document itself, and in all."""

_PASSED = """
    SELECT coalesce(sum(l.amount), 0) AS fits FROM funds_fundline l WHERE l.document_id IN (
        SELECT c.uid FROM funds_funddocument c
        WHERE c.parent_id = j.parent_id AND c.scope_key = j.scope_key AND NOT c.deleted AND c.issued_on <= j.day
        UNION ALL
        SELECT t.uid FROM funds_funddocument c JOIN funds_funddocument t ON t.parent_id = c.uid
        WHERE c.parent_id = j.parent_id AND c.scope_key = j.scope_key AND t.scope_key = c.scope_key
          AND t.issue_batch = 'recovery' AND NOT t.deleted AND t.issued_on <= j.day
        UNION ALL
        SELECT b.uid FROM funds_funddocument r JOIN funds_funddocument b ON b.parent_id = r.uid
        WHERE r.parent_id = j.parent_id AND r.scope_key = parent.scope_key AND r.issue_batch = 'recovery'
          AND b.scope_key = j.scope_key AND NOT b.deleted AND b.issued_on <= j.day)
"""
"""Its documents below the parent, less what it took back from below, by documents of its own or below a taking-back."""

_GIVEN = """
    SELECT coalesce(sum(l.amount), 0) AS fits FROM funds_fundline l
    WHERE l.recipient_key = j.scope_key AND l.document_id IN (
        SELECT j.parent_id UNION ALL
        SELECT r.uid FROM funds_funddocument r
        WHERE r.parent_id = j.parent_id AND r.scope_key = parent.scope_key AND r.issue_batch = 'recovery'
          AND NOT r.deleted AND r.issued_on <= j.day AND j.day <> 'infinity')
"""

_OVER = f"""
    SELECT j.parent_id, passed.fits AS passed, given.fits AS given FROM ({_JUDGED}) j
    JOIN funds_funddocument parent ON parent.uid = j.parent_id AND parent.scope_key <> j.scope_key
    CROSS JOIN LATERAL ({_PASSED}) passed CROSS JOIN LATERAL ({_GIVEN}) given
    WHERE CASE WHEN given.fits < 0 THEN passed.fits NOT BETWEEN given.fits AND 0 ELSE passed.fits > given.fits
          END
    LIMIT 1
"""

_TAKEN = f"""
    SELECT parent.uid AS parent_id, -back.taken AS passed, given.fits AS given FROM funds_funddocument parent
    CROSS JOIN LATERAL (
        SELECT left(l.recipient_key, k) AS key, sum(l.amount) AS taken FROM funds_funddocument r
        JOIN funds_fundline l ON l.document_id = r.uid JOIN unnest(ARRAY{sorted(KEY_LENGTH.values())}) k
          ON k = length(l.recipient_key) OR k BETWEEN length(parent.scope_key) + 1 AND length(l.recipient_key)
        WHERE r.parent_id = parent.uid AND r.scope_key = parent.scope_key AND r.issue_batch = 'recovery'
          AND NOT r.deleted GROUP BY 1) back
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.amount), 0) AS fits FROM funds_fundline l
        WHERE l.document_id = parent.uid AND CASE WHEN back.key = parent.scope_key THEN l.recipient_key = back.key
          ELSE left(l.recipient_key, length(back.key)) = back.key OR length(l.recipient_key) > length(parent.scope_key)
            AND left(back.key, length(l.recipient_key)) = l.recipient_key END) given
    WHERE parent.uid IN (doc.uid, doc.parent_id) AND given.fits + back.taken < 0 LIMIT 1
"""
"""
Taken back from a recipient, or within a place it lies in, more than the document gave it or those above it; of an
issuer's own part, more than it had retained.
"""

_RAISE = f"""
    IF over.parent_id IS NOT NULL THEN
        RAISE EXCEPTION '{SUMS}: % yuan are passed on or taken back below document %, which gave %', over.passed,
            over.parent_id, over.given USING ERRCODE = '23514', CONSTRAINT = '{SUMS}';
    END IF;
"""

_NOT_OWN = """
    SELECT r.uid AS document, p.uid AS parent_id FROM funds_funddocument r
    JOIN funds_funddocument p ON p.uid = r.parent_id
    WHERE (r.uid = doc.uid OR r.parent_id = doc.uid) AND r.issue_batch = 'recovery' AND NOT r.deleted
      AND p.issue_batch <> 'recovery' AND p.scope_key <> r.scope_key LIMIT 1
"""
"""A recovery below a gift that is not its own division's: it would free what the recipients of that gift keep."""

OWN = "funds_funddocument_takes_back_own"
"""Name of that constraint in the error."""

_JUDGE = f"""
    SELECT * INTO over FROM ({_NOT_OWN}) found;
    IF over.parent_id IS NOT NULL THEN
        RAISE EXCEPTION '{OWN}: % takes back what document % gave, which is of another division', over.document,
            over.parent_id USING ERRCODE = '23514', CONSTRAINT = '{OWN}';
    END IF;
    SELECT * INTO over FROM ({_OVER}) found; {_RAISE}
    SELECT * INTO over FROM ({_TAKEN}) found; {_RAISE}
    RETURN NULL;
"""

DUE = "funds_sumsdue"
_DUE = f"""
    EXECUTE $due$ INSERT INTO {DUE} (document) SELECT d.uid FROM funds_funddocument d
        WHERE d.uid IN ({{rows}}) AND NOT d.deleted AND (d.parent_id IS NOT NULL
            OR EXISTS (SELECT 1 FROM funds_funddocument c WHERE c.parent_id = d.uid))
        ON CONFLICT DO NOTHING $due$;
    RETURN NULL;
"""
_OF_ROWS = {name: f"SELECT document_id FROM {name}_rows" for name in ("new", "old")}

TRIGGERS = ("FundDocument:within_parent_new", "FundDocument:within_parent_changed", "SumsDue:within_parent_due")
"""Model and name of each constraint trigger that judges."""
_ALONE: dict[str, Any] = {
    "when": pgtrigger.After,
    "timing": pgtrigger.Deferred,
    "declare": [("over", "record"), ("doc", "funds_funddocument")],
}


def _judging(uid: str) -> str:
    return _DOC.format(uid=uid) + _LOCKS + _JUDGE


def within_parent() -> list[pgtrigger.Trigger]:
    """
    分解不超上级 — refuses a commit after which a division passed on more than the parent gave to it itself.

    On the day of a document counts what had been taken back (收回) by then, on either side; in all, what
    the parent itself gave. Judged when the transaction ends. Documents of this server are judged one writer at a time
    below one parent; acknowledged ones come from one writer and take no locks. Their lines: `lines_within_parent`.
    """
    new, changed = (name.partition(":")[2] for name in TRIGGERS[:2])
    columns = ("parent_id", "scope_key", "issued_on", "issue_batch", "deleted")
    moved = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
    return [
        pgtrigger.Trigger(
            name=new,
            operation=pgtrigger.Insert,
            condition=pgtrigger.Condition("NEW.parent_id IS NOT NULL"),
            func=_judging("NEW.uid"),
            **_ALONE,
        ),
        pgtrigger.Trigger(
            name=changed,
            operation=pgtrigger.UpdateOf(*columns),
            condition=pgtrigger.Condition(moved),
            func=_judging("NEW.uid"),
            **_ALONE,
        ),
    ]


def lines_within_parent() -> list[pgtrigger.Trigger]:
    """
    The same for lines that come, change or go below a stored document in the chain, whoever writes them.

    Once for each document and transaction: a statement notes its documents in `SumsDue`, which judges them when the
    transaction ends. Lines that come before their document cost a look-up, and are judged with the document.
    """
    wanted: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
        ("new", pgtrigger.Insert, ("new",)),
        ("changed", pgtrigger.Update, ("new", "old")),
        ("gone", pgtrigger.Delete, ("old",)),
    )
    return [
        pgtrigger.Trigger(
            name=f"lines_within_parent_{name}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(**{side: f"{side}_rows" for side in sides}),
            func=_DUE.format(rows=" UNION ".join(_OF_ROWS[side] for side in sides)),
        )
        for name, operation, sides in wanted
    ]


def judged_when_due() -> pgtrigger.Trigger:
    """What judges a noted document and takes its note away, at the end of the transaction."""
    return pgtrigger.Trigger(
        name=TRIGGERS[2].partition(":")[2],
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=f"DELETE FROM {DUE} WHERE document = NEW.document; " + _judging("NEW.document"),
        **_ALONE,
    )
