"""Triggers that note which documents' chains moved, in the same transaction."""

from django.db import migrations

COUNTED = "NOT {r}.deleted AND {r}.state IN ('unit_reviewed', 'city_reviewed', 'province_reviewed', 'sealed', 'acknowledged', 'permitted')"

OF = {
    "funds_funddocument": "SELECT {r}.uid AS document FROM {rows} {r} WHERE {counted} UNION SELECT {r}.parent_id FROM {rows} {r} WHERE {r}.parent_id IS NOT NULL AND {counted}",
    "funds_arrival": "SELECT {r}.document_id AS document FROM {rows} {r} WHERE {counted}",
}
EVENTS = {
    "insert": ("REFERENCING NEW TABLE AS new_rows", ("new_rows",)),
    "update": ("REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows", ("old_rows", "new_rows")),
    "delete": ("REFERENCING OLD TABLE AS old_rows", ("old_rows",)),
}


def triggers():
    for table, select in OF.items():
        for event, (referencing, rows) in EVENTS.items():
            name = f"rollups_chain_{table.removeprefix('funds_')}_{event}"
            moved = " UNION ".join(select.format(r="r", rows=r, counted=COUNTED.format(r="r")) for r in rows)
            yield (
                f"""CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$ BEGIN
    INSERT INTO rollups_chaintouched (document) {moved};
    RETURN NULL; END $$;
CREATE TRIGGER {name} AFTER {event.upper()} ON {table} {referencing} FOR EACH STATEMENT EXECUTE FUNCTION {name}();""",
                f"DROP TRIGGER IF EXISTS {name} ON {table}; DROP FUNCTION IF EXISTS {name}();",
            )


class Migration(migrations.Migration):
    dependencies = [("rollups", "0005_chain"), ("funds", "0007_arrival")]

    operations = [migrations.RunSQL(forward, backward) for forward, backward in triggers()]
