"""Statement triggers on fund documents and lines that append aggregated deltas."""

from django.db import migrations

from rollups.sql import TRIGGERS, create_trigger, drop_trigger


class Migration(migrations.Migration):
    dependencies = [("rollups", "0001_initial"), ("funds", "0001_initial")]
    operations = [migrations.RunSQL(create_trigger(name), drop_trigger(name)) for name in TRIGGERS]
