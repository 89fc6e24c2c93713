"""SQL of the summary: what a fact contributes, the triggers that queue it, the statement that merges it."""

from __future__ import annotations

CONTRIBUTES = """
CASE WHEN {d}.deleted THEN NULL
     WHEN {d}.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN {d}.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN {d}.state
     WHEN {d}.state = 'permitted' THEN 'acknowledged'
END"""
"""The data state in which the lines of document `d` count, or NULL."""

_TARGET = """INSERT INTO rollups_delta (recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level,
    unit_kind, state, cutoff, n, fen)"""

_SUMS = """
SELECT l.recipient_key, CASE WHEN l.has_parent THEN l.issuer_key ELSE '' END, l.has_parent, l.budget_year,
    l.fund_category_id, l.budget_item_id, l.money_level, l.owner_kind, d.state,
    (d.at AT TIME ZONE 'Asia/Shanghai')::date, sum(d.sign), sum(d.sign * (l.amount * 100)::bigint)
"""

_GROUP = """
WHERE d.state IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
HAVING sum(d.sign) <> 0 OR sum(d.sign * (l.amount * 100)::bigint) <> 0
"""


def _document_body(source: str) -> str:
    return f"""{_TARGET} {_SUMS} FROM ({source}) d JOIN funds_fundline l ON l.document_id = d.uid {_GROUP};
    RETURN NULL;"""


def _line_body(source: str) -> str:
    state = CONTRIBUTES.format(d="f")
    return f"""{_TARGET} {_SUMS} FROM (
        SELECT c.*, c.sign AS s, {state} AS state, f.changed_at AS at FROM ({source}) c
        JOIN funds_funddocument f ON f.uid = c.document_id
    ) d, LATERAL (SELECT d.recipient_key, d.has_parent, d.issuer_key, d.budget_year, d.fund_category_id,
        d.budget_item_id, d.money_level, d.owner_kind, d.amount) l {_GROUP};
    RETURN NULL;"""


_OLD_STATE, _NEW_STATE = CONTRIBUTES.format(d="o"), CONTRIBUTES.format(d="n")

TRIGGERS: dict[str, tuple[str, str, str, str]] = {
    "rollups_document_insert": (
        "funds_funddocument",
        "INSERT",
        "NEW TABLE AS new_rows",
        _document_body(f"SELECT n.uid, 1 AS sign, {_NEW_STATE} AS state, n.changed_at AS at FROM new_rows n"),
    ),
    "rollups_document_update": (
        "funds_funddocument",
        "UPDATE",
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        _document_body(
            f"""SELECT o.uid, -1 AS sign, {_OLD_STATE} AS state, n.changed_at AS at
                FROM old_rows o JOIN new_rows n ON n.uid = o.uid
                WHERE {_OLD_STATE} IS DISTINCT FROM {_NEW_STATE}
                UNION ALL
                SELECT n.uid, 1, {_NEW_STATE}, n.changed_at
                FROM old_rows o JOIN new_rows n ON n.uid = o.uid
                WHERE {_OLD_STATE} IS DISTINCT FROM {_NEW_STATE}"""
        ),
    ),
    "rollups_line_insert": (
        "funds_fundline",
        "INSERT",
        "NEW TABLE AS new_rows",
        _line_body("SELECT n.*, 1 AS sign FROM new_rows n"),
    ),
    "rollups_line_update": (
        "funds_fundline",
        "UPDATE",
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        _line_body("SELECT o.*, -1 AS sign FROM old_rows o UNION ALL SELECT n.*, 1 FROM new_rows n"),
    ),
    "rollups_line_delete": (
        "funds_fundline",
        "DELETE",
        "OLD TABLE AS old_rows",
        _line_body("SELECT o.*, -1 AS sign FROM old_rows o"),
    ),
}
"""name -> (table, event, transition tables, body): statement triggers that append aggregated deltas."""


def create_trigger(name: str) -> str:
    table, event, tables, body = TRIGGERS[name]
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$ BEGIN {body} END $$;
CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


def drop_trigger(name: str) -> str:
    return f"DROP TRIGGER IF EXISTS {name} ON {TRIGGERS[name][0]}; DROP FUNCTION IF EXISTS {name}();"


NODES = """
SELECT left({d}.recipient_key, k) AS node, {d}.*
FROM {table} {d} CROSS JOIN unnest(ARRAY[0, 2, 4, 6, 9, 12]) AS k
WHERE k <= length({d}.recipient_key)
  AND NOT ({d}.has_parent AND k <= length({d}.issuer_key)
           AND left({d}.issuer_key, k) = left({d}.recipient_key, k))
"""
"""Rows of `table` once for every node they count at."""

MERGE = f"""
WITH taken AS (DELETE FROM rollups_delta RETURNING *),
spread AS ({NODES.format(d="t", table="taken")}),
moved AS (
    INSERT INTO rollups_cellhistory AS h (node, year, category_id, item_id, money_level, unit_kind, state, cutoff, n, fen)
    SELECT node, year, category_id, item_id, money_level, unit_kind, state, cutoff, sum(n), sum(fen) FROM spread
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ON CONFLICT ON CONSTRAINT rollups_cellhistory_once DO UPDATE SET n = h.n + excluded.n, fen = h.fen + excluded.fen
)
INSERT INTO rollups_cell AS c (node, year, category_id, item_id, money_level, unit_kind, state, n, fen)
SELECT node, year, category_id, item_id, money_level, unit_kind, state, sum(n), sum(fen) FROM spread
GROUP BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT ON CONSTRAINT rollups_cell_once DO UPDATE SET n = c.n + excluded.n, fen = c.fen + excluded.fen
"""

FACTS = f"""
SELECT l.recipient_key, l.issuer_key, l.has_parent, l.budget_year AS year, l.fund_category_id AS category_id,
    l.budget_item_id AS item_id, l.money_level, l.owner_kind AS unit_kind, {CONTRIBUTES.format(d="f")} AS state,
    (l.amount * 100)::bigint AS fen, 1 AS n
FROM funds_fundline l JOIN funds_funddocument f ON f.uid = l.document_id
"""
"""Every line as a fact: the truth that cells are proved against."""
