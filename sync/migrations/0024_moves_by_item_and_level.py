"""
Moves say of which budget item and level of money they are; those kept before say nothing of these.

Lists of records nobody has drawn an order up over are worked out anew when they are looked at.
"""

from django.db import migrations, models

EMPTY = "DELETE FROM sync_changelist"


class Migration(migrations.Migration):
    dependencies = [("sync", "0023_delegations_and_authors")]

    operations = [
        migrations.AlterModelOptions(
            name="changemove",
            options={"ordering": ["order", "node", "measure", "year", "category", "item", "money_level"]},
        ),
        migrations.RemoveConstraint(model_name="changemove", name="sync_changemove_once"),
        migrations.AddField(
            model_name="changemove",
            name="item",
            field=models.CharField(blank=True, db_collation="C", db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="changemove",
            name="money_level",
            field=models.CharField(blank=True, db_collation="C", db_default="", default="", max_length=40),
        ),
        migrations.AddConstraint(
            model_name="changemove",
            constraint=models.UniqueConstraint(
                fields=("order", "node", "measure", "year", "category", "item", "money_level"),
                name="sync_changemove_once",
            ),
        ),
        migrations.RunSQL(EMPTY, reverse_sql=migrations.RunSQL.noop),
        migrations.RemoveField(model_name="changelist", name="fen_by"),
        migrations.AddField(
            model_name="changelist",
            name="fen_before",
            field=models.BigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="changelist",
            name="fen_after",
            field=models.BigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunSQL(migrations.RunSQL.noop, reverse_sql=EMPTY),
    ]
