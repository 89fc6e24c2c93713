"""The delta triggers plan anew for every statement: a plan kept from one changed row is quadratic for thousands."""

from django.db import migrations

FUNCTIONS = (
    "rollups_document_insert()",
    "rollups_document_update()",
    "rollups_line_insert()",
    "rollups_line_update()",
    "rollups_line_delete()",
)


class Migration(migrations.Migration):
    dependencies = [("rollups", "0002_deltas")]

    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {function} SET plan_cache_mode = force_custom_plan",
            f"ALTER FUNCTION {function} RESET plan_cache_mode",
        )
        for function in FUNCTIONS
    ]
