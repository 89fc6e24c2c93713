"""Drafts of new records that were begun before each had its own key."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("records", "0011_a_draft_for_each_new_form")]

    operations = [
        migrations.RunSQL(
            "UPDATE records_entrydraft SET key = gen_random_uuid() WHERE record_uid IS NULL AND key IS NULL",
            migrations.RunSQL.noop,
        )
    ]
