"""SQL of the summary: what a fact contributes, where it counts, how deltas merge (triggers: migrations from 0008)."""

from __future__ import annotations

import re

CONTRIBUTES = """
CASE WHEN {d}.acked_rev IS NOT NULL AND {d}.content_hash <> {d}.acked_hash OR {d}.deleted THEN NULL
     WHEN {d}.acked_rev IS NOT NULL THEN 'acknowledged'
     WHEN {d}.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN {d}.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN {d}.state
     WHEN {d}.state = 'permitted' THEN 'acknowledged'
END"""
"""
The data state in which the lines of document `d` count, or NULL: a record the centre holds counts as acknowledged,
and by nothing of its own while its content is another one.
"""

STANDS = "CASE WHEN {d}.acked_rev IS NOT NULL AND {d}.content_hash <> {d}.acked_hash THEN 'acknowledged' END"
"""The same for what stands in its place: the rows the centre holds of a record under correction."""

COUNTS_AT = """{k} <= length({d}.recipient_key)
        AND NOT ({d}.has_parent AND {k} <= length({d}.issuer_key)
                 AND left({d}.issuer_key, {k}) = left({d}.recipient_key, {k}))"""

CELL = "node, measure, year, category_id, item_id, money_level, unit_kind, state"

KEY_LENGTHS = (0, 2, 4, 6, 9, 12)
"""Lengths of the keys of the nodes above a place, the nation first."""

_NODES = """
SELECT left({d}.recipient_key, m.k) AS node, m.measure, {d}.year, {d}.category_id, {d}.item_id, {d}.money_level,
    {d}.unit_kind, {d}.state, {d}.cutoff, {d}.n, {d}.fen
FROM {table} {d} CROSS JOIN LATERAL (
    SELECT k, {d}.measure FROM unnest(ARRAY[0, 2, 4, 6, 9, 12]) AS k WHERE ~k~
    UNION ALL
    SELECT s.up, 'passed_down' FROM (VALUES (0, 2), (2, 4), (4, 6), (6, 9), (9, 12)) AS s (up, k)
    WHERE {d}.measure = 'allocated' AND ~s.k~
    UNION ALL
    SELECT k, 'retained' FROM unnest(ARRAY[0, 2, 4, 6, 9, 12]) AS k
    WHERE {d}.measure = 'allocated' AND {d}.own AND k <= length({d}.recipient_key)
    UNION ALL
    SELECT h.k, h.measure FROM (
        SELECT length({d}.recipient_key), CASE {d}.measure WHEN 'allocated' THEN 'given_here' ELSE 'arrived_here' END
    ) AS h (k, measure)
    WHERE {d}.measure IN ('allocated', 'arrived') AND ~h.k~
    UNION ALL
    SELECT s.up, 'passed_here' FROM (VALUES (0, 2), (2, 4), (4, 6), (6, 9), (9, 12)) AS s (up, k)
    WHERE {d}.measure = 'allocated' AND s.k = length({d}.recipient_key) AND ~s.k~
) m
WHERE true
"""
NODES = re.sub(r"~(.*)~", lambda found: COUNTS_AT.replace("{k}", found[1]), _NODES)
"""
Rows of `table` once for every node they count at. An allocated line is passed down by the place above
each node where it counts, and retained at every node of its path where it stays with its issuer. The measures
that end in `_here` count the same at the last node of the path alone: where the line or arrival ends.
"""

MOVES = """
SELECT 'allocated' AS measure, l.recipient_key = l.issuer_key AS own, l.recipient_key, l.issuer_key, l.has_parent,
    l.budget_year AS year, l.fund_category_id AS category_id, l.budget_item_id AS item_id, l.money_level,
    l.owner_kind AS unit_kind, s.state, m.cutoff, s.sign::bigint AS n, s.sign * (l.amount * 100)::bigint AS fen
FROM {table} m
CROSS JOIN LATERAL (SELECT f.* FROM funds_fundline f WHERE f.document_id = m.document OFFSET 0) l
CROSS JOIN LATERAL (VALUES (-1, m.was), (1, m.now)) AS s (sign, state)
WHERE s.state <> ''
"""
"""Documents that moved, as deltas of their lines. OFFSET 0 keeps the lookup of a document's lines a lookup."""

DELTAS = """
SELECT measure, own, recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level, unit_kind, state,
    cutoff, n, fen
FROM {table}
"""

PENDING = f"({DELTAS.format(table='rollups_delta')} UNION ALL {MOVES.format(table='rollups_statemove')})"
"""Everything not merged yet, as deltas."""

MERGE = f"""
WITH moves AS (
    DELETE FROM rollups_statemove WHERE id IN (SELECT id FROM rollups_statemove FOR UPDATE SKIP LOCKED) RETURNING *
),
taken AS (DELETE FROM rollups_delta RETURNING *),
pending AS ({DELTAS.format(table="taken")} UNION ALL {MOVES.format(table="moves")}),
spread AS ({NODES.format(d="t", table="pending")}),
moved AS (
    INSERT INTO rollups_cellhistory AS h
        ({CELL}, cutoff, n, fen)
    SELECT {CELL}, cutoff, sum(n), sum(fen) FROM spread
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ON CONFLICT ON CONSTRAINT rollups_cellhistory_once DO UPDATE SET n = h.n + excluded.n, fen = h.fen + excluded.fen
)
INSERT INTO rollups_cell AS c ({CELL}, n, fen)
SELECT {CELL}, sum(n), sum(fen) FROM spread
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ON CONFLICT ON CONSTRAINT rollups_cell_once DO UPDATE SET n = c.n + excluded.n, fen = c.fen + excluded.fen
"""

"""Folds in what is pending; a move whose lines are just being changed is left to whoever changes them."""

_LINE_FACTS = """
SELECT 'allocated' AS measure, l.recipient_key = l.issuer_key AS own, l.recipient_key, l.issuer_key, l.has_parent,
    l.budget_year AS year, l.fund_category_id AS category_id, l.budget_item_id AS item_id, l.money_level,
    l.owner_kind AS unit_kind, {state} AS state, NULL::date AS cutoff,
    (l.amount * 100)::bigint AS fen, 1 AS n
FROM {lines} l JOIN funds_funddocument f ON f.uid = l.document_id
"""
_ARRIVAL_FACTS = """
SELECT 'arrived', false, a.scope_key, a.issuer_key, a.has_parent, a.budget_year, a.fund_category_id, a.budget_item_id,
    a.money_level, a.owner_kind, {state}, NULL, (a.amount * 100)::bigint, 1
FROM {arrivals} a
"""

FACTS = f"""
{_LINE_FACTS.format(lines="funds_fundline", state=CONTRIBUTES.format(d="f"))} UNION ALL
{_LINE_FACTS.format(lines="rollups_standingline", state=STANDS.format(d="f"))} UNION ALL
{_ARRIVAL_FACTS.format(arrivals="funds_arrival", state=CONTRIBUTES.format(d="a"))} UNION ALL
{_ARRIVAL_FACTS.format(arrivals="rollups_standingarrival", state=STANDS.format(d="f"))}
    JOIN funds_arrival f ON f.uid = a.uid
UNION ALL
SELECT 'idle', false, b.recipient_key, '', false, b.year, b.category_id, b.item_id, b.money_level, b.unit_kind,
    b.state, NULL, b.fen, 1
FROM rollups_chainbalance b WHERE b.mark >= 1
"""
"""Every line, arrival and idle balance as a fact, with what stands for those under correction."""
