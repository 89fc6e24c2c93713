"""Triggers of the further measures, and the cells that what is stored already makes."""

from importlib import import_module

from django.db import migrations

HOLD = import_module("rollups.migrations.0004_plans_that_hold")


def with_own(moved):
    """What a document's statement changed, told apart by whether the money stays with its issuer."""
    return (
        HOLD.APPEND.replace(
            f"INSERT INTO rollups_delta ({HOLD.COLUMNS}", f"INSERT INTO rollups_delta (own, {HOLD.COLUMNS}"
        )
        .replace("SELECT l.recipient_key, CASE", "SELECT l.recipient_key = l.issuer_key, l.recipient_key, CASE")
        .replace("GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10\n", "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n")
        .format(moved=moved)
    )


ARRIVED = """INSERT INTO rollups_delta (measure, {columns}, n, fen)
    SELECT 'arrived', a.scope_key, CASE WHEN a.has_parent THEN a.issuer_key ELSE '' END, a.has_parent, a.budget_year,
        a.fund_category_id, a.budget_item_id, a.money_level, a.owner_kind, a.counted,
        (a.at AT TIME ZONE 'Asia/Shanghai')::date, sum(a.sign), sum(a.sign * (a.amount * 100)::bigint)
    FROM ({rows}) a WHERE a.counted IS NOT NULL
    GROUP BY 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    HAVING sum(a.sign) <> 0 OR sum(a.sign * (a.amount * 100)::bigint) <> 0"""

IDLE = """INSERT INTO rollups_delta (measure, {columns}, n, fen)
    SELECT 'idle', b.recipient_key, '', false, b.year, b.category_id, b.item_id, b.money_level, b.unit_kind, b.state,
        (now() AT TIME ZONE 'Asia/Shanghai')::date, sum(b.sign), sum(b.sign * b.fen)
    FROM ({rows}) b WHERE b.mark >= 1 GROUP BY 2, 5, 6, 7, 8, 9, 10
    HAVING sum(b.sign) <> 0 OR sum(b.sign * b.fen) <> 0"""

STATE_N, STATE_O = HOLD.STATE.format(row="n"), HOLD.STATE.format(row="o")
OF_ARRIVALS = {
    "insert": f"SELECT n.*, 1 AS sign, {STATE_N} AS counted, n.changed_at AS at FROM new_rows n",
    "update": f"""SELECT n.*, 1 AS sign, {STATE_N} AS counted, n.changed_at AS at FROM new_rows n UNION ALL
        SELECT o.*, -1, {STATE_O}, n.changed_at FROM old_rows o JOIN new_rows n ON n.uid = o.uid""",
    "delete": f"SELECT o.*, -1 AS sign, {STATE_O} AS counted, now() AS at FROM old_rows o",
}
OF_BALANCES = {
    "insert": "SELECT n.*, 1 AS sign FROM new_rows n",
    "update": "SELECT n.*, 1 AS sign FROM new_rows n UNION ALL SELECT o.*, -1 FROM old_rows o",
    "delete": "SELECT o.*, -1 AS sign FROM old_rows o",
}
TABLES = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
}

TRIGGER = """CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $body$ BEGIN
    EXECUTE $delta$ {statement} $delta$;
    RETURN NULL; END $body$;
CREATE TRIGGER {name} AFTER {event} ON {table} {referencing} FOR EACH STATEMENT EXECUTE FUNCTION {name}();"""


def operations():
    for name, moved in HOLD.MOVED.items():
        before = HOLD.FUNCTION.format(name=name, statement=HOLD.APPEND.format(moved=moved))
        yield migrations.RunSQL(HOLD.FUNCTION.format(name=name, statement=with_own(moved)), before)
    for short, table, statement, rows in (
        ("arrival", "funds_arrival", ARRIVED, OF_ARRIVALS),
        ("balance", "rollups_chainbalance", IDLE, OF_BALANCES),
    ):
        for event, referencing in TABLES.items():
            name = f"rollups_{short}_{event}"
            filled = statement.format(columns=HOLD.COLUMNS, rows=rows[event])
            parts = {"name": name, "event": event.upper(), "table": table, "referencing": referencing}
            yield migrations.RunSQL(
                TRIGGER.format(statement=filled, **parts), f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();"
            )


GRAIN = "year, category_id, item_id, money_level, unit_kind, state"

PASSED_DOWN = """INSERT INTO {table} (node, measure, {grain}, {cutoff}n, fen)
    SELECT left(node, CASE length(node) WHEN 12 THEN 9 WHEN 9 THEN 6 ELSE length(node) - 2 END), 'passed_down', {grain},
        {cutoff}sum(n), sum(fen) FROM {table} WHERE measure = 'allocated' AND node <> ''
    GROUP BY 1, {grain}{group}"""

RETAINED = f"""INSERT INTO rollups_delta (measure, {HOLD.COLUMNS}, n, fen)
    SELECT 'retained', l.recipient_key, '', false, l.budget_year, l.fund_category_id, l.budget_item_id, l.money_level,
        l.owner_kind, {HOLD.STATE.format(row="f")}, (f.changed_at AT TIME ZONE 'Asia/Shanghai')::date, count(*),
        sum((l.amount * 100)::bigint)
    FROM funds_fundline l JOIN funds_funddocument f ON f.uid = l.document_id
    WHERE l.recipient_key = l.issuer_key AND {HOLD.STATE.format(row="f")} IS NOT NULL
    GROUP BY 2, 5, 6, 7, 8, 9, 10, 11"""

FURTHER = "measure IN ('arrived', 'passed_down', 'retained', 'idle')"
FORGET = "; ".join(
    f"DELETE FROM {table} WHERE {FURTHER}" for table in ("rollups_cell", "rollups_cellhistory", "rollups_delta")
)


class Migration(migrations.Migration):
    dependencies = [("rollups", "0007_measures")]

    operations = [
        *operations(),
        migrations.RunSQL(
            PASSED_DOWN.format(table="rollups_cell", grain=GRAIN, cutoff="", group=""), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            PASSED_DOWN.format(table="rollups_cellhistory", grain=GRAIN, cutoff="cutoff, ", group=", cutoff"),
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(RETAINED, FORGET),
    ]
