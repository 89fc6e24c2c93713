"""Numbering goes on where the exports of lists had come."""

from django.db import migrations

SO_FAR = """
INSERT INTO records_exportcount (day, given)
SELECT substring(number FROM '^(.*)-[0-9]+$'), max(substring(number FROM '-([0-9]+)$')::integer)
FROM records_sheetexport GROUP BY 1 ON CONFLICT (day) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0015_one_numbering_of_exports")]

    operations = [migrations.RunSQL(SO_FAR, migrations.RunSQL.noop)]
