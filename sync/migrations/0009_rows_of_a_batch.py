"""Identities of rows while a batch is validated: a table of its own, for no role of the product may make one."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sync", "0008_several_batches_of_a_window")]

    operations = [
        migrations.RunSQL(
            """CREATE UNLOGGED TABLE sync_ingestchild (
                   tx xid8 NOT NULL DEFAULT pg_current_xact_id(), uid uuid NOT NULL, line_no integer NOT NULL);
               CREATE INDEX sync_ingestchild_tx ON sync_ingestchild (tx)""",
            reverse_sql="DROP TABLE sync_ingestchild",
        )
    ]
