"""The lines and arrivals that end at a place are counted there; what stands before this is booked on its last change."""

from importlib import import_module

from django.db import migrations

STATE = import_module("rollups.migrations.0012_figures_that_stand").STATE

STANDS = "CASE WHEN f.acked_rev IS NOT NULL AND f.content_hash <> f.acked_hash THEN 'acknowledged' END"
LINE = """SELECT 'allocated' AS measure, l.recipient_key AS place, l.issuer_key AS issuer, l.has_parent, l.budget_year AS year,
        l.fund_category_id AS category_id, l.budget_item_id AS item_id, l.money_level, l.owner_kind AS unit_kind,
        {state} AS state, {cutoff} AS cutoff, {n} AS n, {n} * (l.amount * 100)::bigint AS fen"""
ARRIVAL = """SELECT 'arrived', a.scope_key, a.issuer_key, a.has_parent, a.budget_year, a.fund_category_id, a.budget_item_id,
        a.money_level, a.owner_kind, {state}, {cutoff}, 1, (a.amount * 100)::bigint"""
NOW = {"cutoff": "(f.changed_at AT TIME ZONE 'Asia/Shanghai')::date", "n": "1"}
COUNTED = STATE.format(row="f")

# What is pending is taken off again: it is counted when it is merged.
FACTS = f"""
    {LINE.format(state=COUNTED, **NOW)} FROM funds_fundline l JOIN funds_funddocument f ON f.uid = l.document_id
    UNION ALL
    {LINE.format(state=STANDS, **NOW)} FROM rollups_standingline l JOIN funds_funddocument f ON f.uid = l.document_id
    UNION ALL
    {ARRIVAL.format(state=COUNTED.replace("f.", "a."), cutoff=NOW["cutoff"].replace("f.", "a."))} FROM funds_arrival a
    UNION ALL
    {ARRIVAL.format(state=STANDS, cutoff=NOW["cutoff"])} FROM rollups_standingarrival a JOIN funds_arrival f
        ON f.uid = a.uid
    UNION ALL
    SELECT measure, recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level, unit_kind, state,
        cutoff, -n, -fen FROM rollups_delta WHERE measure IN ('allocated', 'arrived')
    UNION ALL
    {LINE.format(state="s.state", cutoff="m.cutoff", n="-s.sign")} FROM rollups_statemove m
        JOIN funds_fundline l ON l.document_id = m.document
        CROSS JOIN LATERAL (VALUES (-1, m.was), (1, m.now)) AS s (sign, state) WHERE s.state <> ''"""

UP = "left(place, CASE length(place) WHEN 12 THEN 9 WHEN 9 THEN 6 ELSE length(place) - 2 END)"
GRAIN = "year, category_id, item_id, money_level, unit_kind, state"
FILL = f"""INSERT INTO {{table}} (node, measure, {GRAIN}, {{cutoff}}n, fen)
    SELECT e.node, e.measure, {GRAIN}, {{cutoff}}sum(n), sum(fen) FROM ({FACTS}) f
    CROSS JOIN LATERAL (
        SELECT f.place, CASE f.measure WHEN 'allocated' THEN 'given_here' ELSE 'arrived_here' END
        UNION ALL SELECT {UP}, 'passed_here' WHERE f.measure = 'allocated' AND f.place <> ''
    ) AS e (node, measure)
    WHERE f.state IS NOT NULL AND NOT (f.has_parent AND left(f.issuer, length(f.place)) = f.place)
    GROUP BY e.node, e.measure, {GRAIN}{{group}}
    HAVING sum(n) <> 0 OR sum(fen) <> 0"""
FORGET = "DELETE FROM {table} WHERE measure IN ('given_here', 'arrived_here', 'passed_here')"


class Migration(migrations.Migration):
    dependencies = [("rollups", "0013_balances_listed")]

    operations = [
        migrations.RunSQL(FILL.format(table=table, cutoff=cutoff, group=group), FORGET.format(table=table))
        for table, cutoff, group in (
            ("rollups_cell", "", ""),
            ("rollups_cellhistory", "cutoff, ", ", cutoff"),
        )
    ]
