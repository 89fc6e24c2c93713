"""A record the centre holds counts as acknowledged; while its content is another one, what the centre holds stands."""

from importlib import import_module

from django.db import migrations

HOLD = import_module("rollups.migrations.0004_plans_that_hold")
MEASURED = import_module("rollups.migrations.0008_measured")
MOVES = import_module("rollups.migrations.0010_state_moves")

STATE = """CASE WHEN {row}.acked_rev IS NOT NULL AND {row}.content_hash <> {row}.acked_hash OR {row}.deleted THEN NULL
        WHEN {row}.acked_rev IS NOT NULL THEN 'acknowledged'
        WHEN {row}.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
        WHEN {row}.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN {row}.state
        WHEN {row}.state = 'permitted' THEN 'acknowledged' END"""


def before():
    """The functions of the delta triggers as they are, by name."""
    inserted = "rollups_document_insert"
    yield HOLD.FUNCTION.format(name=inserted, statement=MEASURED.with_own(HOLD.MOVED[inserted]))
    moved = "rollups_document_update"
    yield MOVES.FUNCTION.format(name=moved, plans="", declared="", statement=MOVES.OF_DOCUMENTS)
    for name in MOVES.CHANGED:
        yield MOVES.settled(name)
    for event, rows in MEASURED.OF_ARRIVALS.items():
        statement = MEASURED.ARRIVED.format(columns=HOLD.COLUMNS, rows=rows)
        parts = {"name": f"rollups_arrival_{event}", "event": "", "table": "", "referencing": ""}
        function, _cut, _trigger = MEASURED.TRIGGER.format(statement=statement, **parts).partition("CREATE TRIGGER")
        yield function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def counted(function):
    """The same function with the new meaning of what counts."""
    for row in ("n", "o", "f"):
        function = function.replace(HOLD.STATE.format(row=row), STATE.format(row=row))
    return function


# Records whose change was made before this migration: what they counted is taken off; they count again at the receipt.
UNDER_WAY = f"""INSERT INTO rollups_statemove (document, was, now, cutoff)
    SELECT f.uid, {HOLD.STATE.format(row="f")}, '', (now() AT TIME ZONE 'Asia/Shanghai')::date
    FROM funds_funddocument f WHERE f.acked_rev IS NOT NULL AND f.content_hash <> f.acked_hash
        AND {HOLD.STATE.format(row="f")} IS NOT NULL"""
ARRIVED_UNDER_WAY = MEASURED.ARRIVED.format(
    columns=HOLD.COLUMNS,
    rows=f"""SELECT f.*, -1 AS sign, {HOLD.STATE.format(row="f")} AS counted, now() AS at
        FROM funds_arrival f WHERE f.acked_rev IS NOT NULL AND f.content_hash <> f.acked_hash""",
)

SHARED = "issuer_key, has_parent, budget_year, fund_category_id, budget_item_id, money_level, owner_kind, amount"
KEEP = {
    "document": f"""INSERT INTO rollups_standingline (uid, document_id, n, issuer_id, recipient_id, recipient_key, {SHARED})
            SELECT uid, document_id, n, issuer_id, recipient_id, recipient_key, {SHARED}
            FROM funds_fundline WHERE document_id = NEW.uid ON CONFLICT (uid) DO NOTHING;""",
    "arrival": f"""INSERT INTO rollups_standingarrival (uid, document_id, scope_key, arrived_on, {SHARED})
            SELECT uid, document_id, scope_key, arrived_on, {SHARED}
            FROM funds_arrival WHERE uid = NEW.uid ON CONFLICT (uid) DO NOTHING;""",
}
WHAT = {
    "document": ("rollups_standingline", "document_id", "'allocated', recipient_key = issuer_key, recipient_key"),
    "arrival": ("rollups_standingarrival", "uid", "'arrived', false, scope_key"),
}
FUNCTION = """CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE stands integer := (NEW.content_hash <> NEW.acked_hash)::int - (OLD.content_hash <> OLD.acked_hash)::int;
BEGIN
    IF NEW.state = 'permitted' AND NEW.content_hash = NEW.acked_hash THEN
        {keep}
    END IF;
    IF stands <> 0 THEN
        INSERT INTO rollups_delta (measure, own, {columns}, n, fen)
            SELECT {what}, CASE WHEN has_parent THEN issuer_key ELSE '' END, has_parent, budget_year,
                fund_category_id, budget_item_id, money_level, owner_kind, 'acknowledged',
                (NEW.changed_at AT TIME ZONE 'Asia/Shanghai')::date, stands, stands * (amount * 100)::bigint
            FROM {table} WHERE {column} = NEW.uid;
    END IF;
    IF NEW.state <> 'permitted' AND NEW.content_hash = NEW.acked_hash THEN
        DELETE FROM {table} WHERE {column} = NEW.uid;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER UPDATE ON funds_{record} FOR EACH ROW
    WHEN (OLD.acked_rev IS NOT NULL AND ((NEW.state = 'permitted') <> (OLD.state = 'permitted')
        OR (NEW.content_hash = NEW.acked_hash) <> (OLD.content_hash = OLD.acked_hash)))
    EXECUTE FUNCTION {name}();"""


def standing(record, keep):
    table, column, what = WHAT[keep]
    name = f"rollups_standing_{keep}"
    made = FUNCTION.format(
        name=name, record=record, keep=KEEP[keep], columns=HOLD.COLUMNS, what=what, table=table, column=column
    )
    return migrations.RunSQL(made, f"DROP TRIGGER {name} ON funds_{record}; DROP FUNCTION {name}();")


class Migration(migrations.Migration):
    dependencies = [("rollups", "0011_standing")]

    operations = [
        *(migrations.RunSQL(counted(function), function) for function in before()),
        migrations.RunSQL(UNDER_WAY, migrations.RunSQL.noop),
        migrations.RunSQL(ARRIVED_UNDER_WAY, migrations.RunSQL.noop),
        standing("funddocument", "document"),
        standing("arrival", "arrival"),
    ]
