import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_one_class_per_person"),
    ]

    operations = [
        migrations.CreateModel(
            name="UnitSuccession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateField(verbose_name="since")),
                ("former_name", models.CharField(max_length=100, verbose_name="former name")),
                ("document", models.CharField(max_length=200, verbose_name="by which document")),
                (
                    "successor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="predecessions",
                        to="accounts.unit",
                        verbose_name="successor",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="successions",
                        to="accounts.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "succession of units",
                "verbose_name_plural": "successions of units",
                "ordering": ["since", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("unit",), name="accounts_unitsuccession_once"),
                    models.CheckConstraint(
                        condition=models.Q(("unit", models.F("successor")), _negated=True),
                        name="accounts_unitsuccession_another_unit",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="unitsuccession",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    RAISE EXCEPTION 'table % keeps every row: % is refused', TG_TABLE_NAME, TG_OP\n        USING ERRCODE = 'restrict_violation', HINT = 'append a new row instead';\n",
                    hash="ba01f1329a350f71c7e5296bf63fc00e4d18e6e2",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_58a6c",
                    table="accounts_unitsuccession",
                    when="BEFORE",
                ),
            ),
        ),
    ]
