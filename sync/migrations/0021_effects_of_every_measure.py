"""Moves say of which measure they are; those kept before have the first one alone and say nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0020_successors_unknown")]

    operations = [
        migrations.AlterModelOptions(
            name="changemove",
            options={"ordering": ["order", "node", "measure", "year", "category"]},
        ),
        migrations.RemoveConstraint(model_name="changemove", name="sync_changemove_once"),
        migrations.AddField(
            model_name="changemove",
            name="measure",
            field=models.CharField(blank=True, db_collation="C", db_default="", default="", max_length=12),
        ),
        migrations.AddConstraint(
            model_name="changemove",
            constraint=models.UniqueConstraint(
                fields=("order", "node", "measure", "year", "category"), name="sync_changemove_once"
            ),
        ),
    ]
