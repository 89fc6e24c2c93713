"""Statement triggers on fund documents and lines that append aggregated deltas."""

from django.db import migrations

TRIGGERS = [
    (
        """CREATE OR REPLACE FUNCTION rollups_document_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$ BEGIN INSERT INTO rollups_delta (recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level,
    unit_kind, state, cutoff, n, fen) 
SELECT l.recipient_key, CASE WHEN l.has_parent THEN l.issuer_key ELSE '' END, l.has_parent, l.budget_year,
    l.fund_category_id, l.budget_item_id, l.money_level, l.owner_kind, d.state,
    (d.at AT TIME ZONE 'Asia/Shanghai')::date, sum(d.sign), sum(d.sign * (l.amount * 100)::bigint)
 FROM (SELECT n.uid, 1 AS sign, 
CASE WHEN n.deleted THEN NULL
     WHEN n.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN n.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN n.state
     WHEN n.state = 'permitted' THEN 'acknowledged'
END AS state, n.changed_at AS at FROM new_rows n) d JOIN funds_fundline l ON l.document_id = d.uid 
WHERE d.state IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
HAVING sum(d.sign) <> 0 OR sum(d.sign * (l.amount * 100)::bigint) <> 0
;
    RETURN NULL; END $$;
CREATE TRIGGER rollups_document_insert AFTER INSERT ON funds_funddocument REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollups_document_insert();""",
        "DROP TRIGGER IF EXISTS rollups_document_insert ON funds_funddocument; DROP FUNCTION IF EXISTS rollups_document_insert();",
    ),
    (
        """CREATE OR REPLACE FUNCTION rollups_document_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$ BEGIN INSERT INTO rollups_delta (recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level,
    unit_kind, state, cutoff, n, fen) 
SELECT l.recipient_key, CASE WHEN l.has_parent THEN l.issuer_key ELSE '' END, l.has_parent, l.budget_year,
    l.fund_category_id, l.budget_item_id, l.money_level, l.owner_kind, d.state,
    (d.at AT TIME ZONE 'Asia/Shanghai')::date, sum(d.sign), sum(d.sign * (l.amount * 100)::bigint)
 FROM (SELECT o.uid, -1 AS sign, 
CASE WHEN o.deleted THEN NULL
     WHEN o.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN o.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN o.state
     WHEN o.state = 'permitted' THEN 'acknowledged'
END AS state, n.changed_at AS at
                FROM old_rows o JOIN new_rows n ON n.uid = o.uid
                WHERE 
CASE WHEN o.deleted THEN NULL
     WHEN o.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN o.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN o.state
     WHEN o.state = 'permitted' THEN 'acknowledged'
END IS DISTINCT FROM 
CASE WHEN n.deleted THEN NULL
     WHEN n.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN n.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN n.state
     WHEN n.state = 'permitted' THEN 'acknowledged'
END
                UNION ALL
                SELECT n.uid, 1, 
CASE WHEN n.deleted THEN NULL
     WHEN n.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN n.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN n.state
     WHEN n.state = 'permitted' THEN 'acknowledged'
END, n.changed_at
                FROM old_rows o JOIN new_rows n ON n.uid = o.uid
                WHERE 
CASE WHEN o.deleted THEN NULL
     WHEN o.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN o.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN o.state
     WHEN o.state = 'permitted' THEN 'acknowledged'
END IS DISTINCT FROM 
CASE WHEN n.deleted THEN NULL
     WHEN n.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN n.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN n.state
     WHEN n.state = 'permitted' THEN 'acknowledged'
END) d JOIN funds_fundline l ON l.document_id = d.uid 
WHERE d.state IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
HAVING sum(d.sign) <> 0 OR sum(d.sign * (l.amount * 100)::bigint) <> 0
;
    RETURN NULL; END $$;
CREATE TRIGGER rollups_document_update AFTER UPDATE ON funds_funddocument REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollups_document_update();""",
        "DROP TRIGGER IF EXISTS rollups_document_update ON funds_funddocument; DROP FUNCTION IF EXISTS rollups_document_update();",
    ),
    (
        """CREATE OR REPLACE FUNCTION rollups_line_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$ BEGIN INSERT INTO rollups_delta (recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level,
    unit_kind, state, cutoff, n, fen) 
SELECT l.recipient_key, CASE WHEN l.has_parent THEN l.issuer_key ELSE '' END, l.has_parent, l.budget_year,
    l.fund_category_id, l.budget_item_id, l.money_level, l.owner_kind, d.state,
    (d.at AT TIME ZONE 'Asia/Shanghai')::date, sum(d.sign), sum(d.sign * (l.amount * 100)::bigint)
 FROM (
        SELECT c.*, c.sign AS s, 
CASE WHEN f.deleted THEN NULL
     WHEN f.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN f.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN f.state
     WHEN f.state = 'permitted' THEN 'acknowledged'
END AS state, f.changed_at AS at FROM (SELECT n.*, 1 AS sign FROM new_rows n) c
        JOIN funds_funddocument f ON f.uid = c.document_id
    ) d, LATERAL (SELECT d.recipient_key, d.has_parent, d.issuer_key, d.budget_year, d.fund_category_id,
        d.budget_item_id, d.money_level, d.owner_kind, d.amount) l 
WHERE d.state IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
HAVING sum(d.sign) <> 0 OR sum(d.sign * (l.amount * 100)::bigint) <> 0
;
    RETURN NULL; END $$;
CREATE TRIGGER rollups_line_insert AFTER INSERT ON funds_fundline REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollups_line_insert();""",
        "DROP TRIGGER IF EXISTS rollups_line_insert ON funds_fundline; DROP FUNCTION IF EXISTS rollups_line_insert();",
    ),
    (
        """CREATE OR REPLACE FUNCTION rollups_line_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$ BEGIN INSERT INTO rollups_delta (recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level,
    unit_kind, state, cutoff, n, fen) 
SELECT l.recipient_key, CASE WHEN l.has_parent THEN l.issuer_key ELSE '' END, l.has_parent, l.budget_year,
    l.fund_category_id, l.budget_item_id, l.money_level, l.owner_kind, d.state,
    (d.at AT TIME ZONE 'Asia/Shanghai')::date, sum(d.sign), sum(d.sign * (l.amount * 100)::bigint)
 FROM (
        SELECT c.*, c.sign AS s, 
CASE WHEN f.deleted THEN NULL
     WHEN f.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN f.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN f.state
     WHEN f.state = 'permitted' THEN 'acknowledged'
END AS state, f.changed_at AS at FROM (SELECT o.*, -1 AS sign FROM old_rows o UNION ALL SELECT n.*, 1 FROM new_rows n) c
        JOIN funds_funddocument f ON f.uid = c.document_id
    ) d, LATERAL (SELECT d.recipient_key, d.has_parent, d.issuer_key, d.budget_year, d.fund_category_id,
        d.budget_item_id, d.money_level, d.owner_kind, d.amount) l 
WHERE d.state IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
HAVING sum(d.sign) <> 0 OR sum(d.sign * (l.amount * 100)::bigint) <> 0
;
    RETURN NULL; END $$;
CREATE TRIGGER rollups_line_update AFTER UPDATE ON funds_fundline REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rollups_line_update();""",
        "DROP TRIGGER IF EXISTS rollups_line_update ON funds_fundline; DROP FUNCTION IF EXISTS rollups_line_update();",
    ),
    (
        """CREATE OR REPLACE FUNCTION rollups_line_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$ BEGIN INSERT INTO rollups_delta (recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level,
    unit_kind, state, cutoff, n, fen) 
SELECT l.recipient_key, CASE WHEN l.has_parent THEN l.issuer_key ELSE '' END, l.has_parent, l.budget_year,
    l.fund_category_id, l.budget_item_id, l.money_level, l.owner_kind, d.state,
    (d.at AT TIME ZONE 'Asia/Shanghai')::date, sum(d.sign), sum(d.sign * (l.amount * 100)::bigint)
 FROM (
        SELECT c.*, c.sign AS s, 
CASE WHEN f.deleted THEN NULL
     WHEN f.state IN ('unit_reviewed', 'city_reviewed') THEN 'unit_reviewed'
     WHEN f.state IN ('province_reviewed', 'sealed', 'acknowledged') THEN f.state
     WHEN f.state = 'permitted' THEN 'acknowledged'
END AS state, f.changed_at AS at FROM (SELECT o.*, -1 AS sign FROM old_rows o) c
        JOIN funds_funddocument f ON f.uid = c.document_id
    ) d, LATERAL (SELECT d.recipient_key, d.has_parent, d.issuer_key, d.budget_year, d.fund_category_id,
        d.budget_item_id, d.money_level, d.owner_kind, d.amount) l 
WHERE d.state IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
HAVING sum(d.sign) <> 0 OR sum(d.sign * (l.amount * 100)::bigint) <> 0
;
    RETURN NULL; END $$;
CREATE TRIGGER rollups_line_delete AFTER DELETE ON funds_fundline REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rollups_line_delete();""",
        "DROP TRIGGER IF EXISTS rollups_line_delete ON funds_fundline; DROP FUNCTION IF EXISTS rollups_line_delete();",
    ),
]


class Migration(migrations.Migration):
    dependencies = [("rollups", "0001_initial"), ("funds", "0001_initial")]
    operations = [migrations.RunSQL(forward, backward) for forward, backward in TRIGGERS]
