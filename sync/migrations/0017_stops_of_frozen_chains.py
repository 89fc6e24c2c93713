"""A chain that was frozen before stops were kept has one, so that it can be cleared."""

from django.db import migrations

STOPS = """
    INSERT INTO sync_chainstop (head_id, reason, why, seq, evidence, since)
    SELECT h.id, h.frozen_reason, '', 0, '', now() FROM sync_chainhead h
    WHERE h.frozen_reason <> '' AND NOT EXISTS (SELECT FROM sync_chainstop s WHERE s.head_id = h.id)
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0016_stopped_chains")]

    operations = [migrations.RunSQL(STOPS, migrations.RunSQL.noop)]
