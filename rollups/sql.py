"""SQL of the summary: what a fact contributes, where it counts, how deltas merge (triggers: migration 0002)."""

from __future__ import annotations

CONTRIBUTES = """
CASE WHEN {d}.deleted THEN NULL
     WHEN {d}.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN {d}.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN {d}.state
     WHEN {d}.state = 'permitted' THEN 'acknowledged'
END"""
"""The data state in which the lines of document `d` count, or NULL."""

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
    INSERT INTO rollups_cellhistory AS h
        (node, year, category_id, item_id, money_level, unit_kind, state, cutoff, n, fen)
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
