"""A document that moves leaves one row; its lines are read at the merge, or before one of them changes."""

from importlib import import_module

from django.db import migrations

HOLD = import_module("rollups.migrations.0004_plans_that_hold")
MEASURED = import_module("rollups.migrations.0008_measured")

# Old and new meet by grouping, never by a join, which a plan kept from one row would make quadratic.
OF_DOCUMENTS = f"""INSERT INTO rollups_statemove (document, was, now, cutoff)
    SELECT uid, coalesce(max(was), ''), coalesce(max(now), ''), (max(at) AT TIME ZONE 'Asia/Shanghai')::date
    FROM (SELECT o.uid, {HOLD.STATE.format(row="o")} AS was, NULL::text AS now, NULL::timestamptz AS at
          FROM old_rows o
          UNION ALL SELECT n.uid, NULL, {HOLD.STATE.format(row="n")}, n.changed_at FROM new_rows n) both_rows
    GROUP BY uid HAVING max(was) IS DISTINCT FROM max(now);"""

# What waits for lines that have just changed is booked with the lines as they were: those of now, less new, and old.
SETTLE = """ids := ARRAY(
        SELECT m.id FROM rollups_statemove m
        WHERE m.document = ANY(ARRAY(SELECT DISTINCT c.document_id FROM ({changed}) c)) ORDER BY m.id FOR UPDATE);
    IF cardinality(ids) > 0 THEN
        {booked}
        DELETE FROM rollups_statemove WHERE id = ANY(ids);
    END IF;"""

BEFORE_CHANGE = """(SELECT l.*, s.sign * l.times AS sign, s.state
        FROM (SELECT f.*, 1 AS times, m.was, m.now, m.cutoff
              FROM rollups_statemove m, LATERAL (
                  SELECT f.* FROM funds_fundline f WHERE f.document_id = m.document OFFSET 0) f
              WHERE m.id = ANY(ids)
              UNION ALL
              SELECT c.*, m.was, m.now, m.cutoff FROM ({changed}) c, LATERAL (
                  SELECT m.* FROM rollups_statemove m
                  WHERE m.document = c.document_id AND m.id = ANY(ids) OFFSET 0) m) l,
            LATERAL (VALUES (-1, l.was), (1, l.now)) AS s (sign, state)
        WHERE s.state <> '' OFFSET 0) l, LATERAL (SELECT l.sign, l.state) d"""

NEW, OLD = "SELECT n.*, {new} AS times FROM new_rows n", "SELECT o.*, {old} AS times FROM old_rows o"
CHANGED = {
    "rollups_line_insert": NEW.format(new=-1),
    "rollups_line_update": NEW.format(new=-1) + " UNION ALL " + OLD.format(old=1),
    "rollups_line_delete": OLD.format(old=1),
}

FUNCTION = """CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp{plans} AS $$ {declared}BEGIN
    {statement}
    RETURN NULL; END $$;"""


def settled(name):
    """The function of a line trigger that first books what waits for the lines it tells of."""
    changed = CHANGED[name]
    booked = MEASURED.with_own(BEFORE_CHANGE.format(changed=changed)).replace(
        "(d.at AT TIME ZONE 'Asia/Shanghai')::date", "l.cutoff"
    )
    statement = SETTLE.format(changed=changed, booked=booked) + "\n    " + MEASURED.with_own(HOLD.MOVED[name])
    return FUNCTION.format(
        name=name, plans=" SET enable_seqscan = off", declared="DECLARE ids bigint[]; ", statement=statement
    )


def operations():
    moved = "rollups_document_update"
    yield migrations.RunSQL(
        FUNCTION.format(name=moved, plans="", declared="", statement=OF_DOCUMENTS), _as_before(moved)
    )
    for name in CHANGED:
        yield migrations.RunSQL(settled(name), _as_before(name))


def _as_before(name):
    return HOLD.FUNCTION.format(name=name, statement=MEASURED.with_own(HOLD.MOVED[name]))


class Migration(migrations.Migration):
    dependencies = [("rollups", "0009_statemove")]

    operations = list(operations())
