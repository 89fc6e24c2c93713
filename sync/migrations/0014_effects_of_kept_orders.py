"""Orders drawn up before get their sums, deletions and moves from their items; nothing for those that have them."""

from django.db import migrations

SUMS = """
UPDATE sync_changeorder o SET fen_by = i.fen_by, deletions = i.deletions FROM (
    SELECT order_id, sum(fen_after - fen_before)::bigint AS fen_by, count(*) FILTER (WHERE proposed = 'null') AS deletions
    FROM sync_changeitem GROUP BY order_id) i
WHERE i.order_id = o.uid
"""
MOVES = """
INSERT INTO sync_changemove (order_id, node, year, category, fen)
WITH place AS (
    SELECT DISTINCT ON (code) code, scope_key FROM accounts_division ORDER BY code, scope_key
), side AS (
    SELECT i.order_id, split_part(i.owner, '.', 1) AS issuer, s.sign, convert_from(s.content, 'UTF8')::jsonb AS c
    FROM sync_changeitem i JOIN sync_changeorder o ON o.uid = i.order_id AND o.record_type = 'fund_document'
    LEFT JOIN records_recordrevision r ON r.record_uid = i.record_uid AND r.rev = i.base_rev
    CROSS JOIN LATERAL (VALUES (-1, r.content), (1, i.proposed)) AS s(sign, content)
    WHERE s.content <> 'null'
), fact AS (
    SELECT d.order_id, p.scope_key AS place, CASE WHEN d.c ->> 'parent' IS NOT NULL THEN u.scope_key END AS above,
        (d.c ->> 'budget_year')::int AS year, l ->> 'fund_category' AS category,
        sum(d.sign * replace(l ->> 'amount', '.', '')::bigint) AS fen
    FROM side d CROSS JOIN LATERAL jsonb_array_elements(d.c -> 'lines') AS l
    JOIN place p ON p.code = l ->> 'recipient' JOIN place u ON u.code = d.issuer
    GROUP BY 1, 2, 3, 4, 5, l ->> 'budget_item', l ->> 'money_level'
), cell AS (
    SELECT order_id, left(place, n) AS node, year, split_part(category, '.', 1) AS category,
        CASE WHEN above IS NULL OR NOT starts_with(above, left(place, n)) THEN fen ELSE 0 END AS fen
    FROM fact JOIN unnest(ARRAY[0, 2, 4, 6, 9, 12]) AS n ON n <= length(place) WHERE fen <> 0
)
SELECT order_id, node, year, category, sum(fen)::bigint FROM cell GROUP BY 1, 2, 3, 4
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0013_effects_kept")]

    operations = [migrations.RunSQL([SUMS, MOVES], reverse_sql=migrations.RunSQL.noop)]
