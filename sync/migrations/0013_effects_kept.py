"""What an order changes in all is kept with it: sums, deletions, and the cells of the totals it moves."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0012_records_go_down"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("node", models.CharField(blank=True, db_collation="C", max_length=12)),
                ("year", models.SmallIntegerField()),
                ("category", models.CharField(db_collation="C", max_length=40)),
                ("fen", models.BigIntegerField()),
            ],
            options={
                "ordering": ["order", "node", "year", "category"],
            },
        ),
        migrations.AddField(
            model_name="changeorder",
            name="deletions",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="changeorder",
            name="fen_by",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="changemove",
            name="order",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="moves", to="sync.changeorder"
            ),
        ),
        migrations.AddConstraint(
            model_name="changemove",
            constraint=models.UniqueConstraint(
                fields=("order", "node", "year", "category"), name="sync_changemove_once"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changemove",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    RAISE EXCEPTION 'table % keeps every row: % is refused', TG_TABLE_NAME, TG_OP\n        USING ERRCODE = 'restrict_violation', HINT = 'append a new row instead';\n",
                    hash="cae7c9c2085f69199530f41e1740389cd13b98be",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_0eb01",
                    table="sync_changemove",
                    when="BEFORE",
                ),
            ),
        ),
    ]
