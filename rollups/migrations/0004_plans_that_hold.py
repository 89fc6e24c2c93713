"""Delta triggers whose plan is right for one row and for thousands, so that it is made once and kept."""

from importlib import import_module

from django.db import migrations

STATE = """CASE WHEN {row}.deleted THEN NULL
        WHEN {row}.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
        WHEN {row}.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN {row}.state
        WHEN {row}.state = 'permitted' THEN 'acknowledged' END"""

COLUMNS = "recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level, unit_kind, state, cutoff"

# OFFSET 0 keeps the lookup a lookup: joined freely, thousands of changed rows are planned as a scan of the table.
APPEND = f"""INSERT INTO rollups_delta ({COLUMNS}, n, fen)
    SELECT l.recipient_key, CASE WHEN l.has_parent THEN l.issuer_key ELSE '' END, l.has_parent, l.budget_year,
        l.fund_category_id, l.budget_item_id, l.money_level, l.owner_kind, d.state,
        (d.at AT TIME ZONE 'Asia/Shanghai')::date, sum(d.sign), sum(d.sign * (l.amount * 100)::bigint)
    FROM {{moved}}
    WHERE d.state IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    HAVING sum(d.sign) <> 0 OR sum(d.sign * (l.amount * 100)::bigint) <> 0;"""

LINES = "LATERAL (SELECT f.* FROM funds_fundline f WHERE f.document_id = d.uid OFFSET 0) l"

INSERTED = f"""(SELECT n.uid, 1 AS sign, {STATE.format(row="n")} AS state, n.changed_at AS at FROM new_rows n
        OFFSET 0) d, {LINES}"""

# Old and new meet by grouping, never by a join, which a plan kept from one row would make quadratic.
UPDATED = f"""(SELECT c.uid, s.sign, s.state, c.at
        FROM (SELECT uid, max(was) AS was, max(now) AS now, max(at) AS at
              FROM (SELECT o.uid, {STATE.format(row="o")} AS was, NULL::text AS now, NULL::timestamptz AS at
                    FROM old_rows o
                    UNION ALL SELECT n.uid, NULL, {STATE.format(row="n")}, n.changed_at FROM new_rows n) both_rows
              GROUP BY uid HAVING max(was) IS DISTINCT FROM max(now)) c,
            LATERAL (VALUES (-1, c.was), (1, c.now)) AS s (sign, state)
        WHERE s.state IS NOT NULL OFFSET 0) d, {LINES}"""

OF_LINES = f"""({{rows}}) l,
        LATERAL (SELECT l.sign, {STATE.format(row="f")} AS state, f.changed_at AS at
                 FROM funds_funddocument f WHERE f.uid = l.document_id OFFSET 0) d"""

PLUS, MINUS = "SELECT n.*, 1 AS sign FROM new_rows n", "SELECT o.*, -1 AS sign FROM old_rows o"

MOVED = {
    "rollups_document_insert": INSERTED,
    "rollups_document_update": UPDATED,
    "rollups_line_insert": OF_LINES.format(rows=PLUS),
    "rollups_line_update": OF_LINES.format(rows=f"{MINUS} UNION ALL {PLUS}"),
    "rollups_line_delete": OF_LINES.format(rows=MINUS),
}

FUNCTION = """CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET enable_seqscan = off AS $$ BEGIN
    {statement}
    RETURN NULL; END $$;"""

BEFORE = {
    name: planned.sql
    for planned in import_module("rollups.migrations.0003_plans").Migration.operations
    for name in [planned.sql.partition("FUNCTION ")[2].partition("(")[0]]
}


class Migration(migrations.Migration):
    dependencies = [("rollups", "0003_plans")]

    operations = [
        migrations.RunSQL(FUNCTION.format(name=name, statement=APPEND.format(moved=moved)), BEFORE[name])
        for name, moved in MOVED.items()
    ]
