"""Balances are listed, the oldest first, and by place; open cases by kind."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rollups", "0012_figures_that_stand")]

    operations = [
        migrations.AddIndex(
            model_name="chainbalance",
            index=models.Index(fields=["since", "line"], name="rollups_chainbalance_oldest"),
        ),
        migrations.AddIndex(
            model_name="chainbalance",
            index=models.Index(fields=["recipient_key"], name="rollups_chainbalance_place"),
        ),
        migrations.AddIndex(
            model_name="chaincase",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["-kind", "-id"], name="rollups_chaincase_kind"
            ),
        ),
    ]
