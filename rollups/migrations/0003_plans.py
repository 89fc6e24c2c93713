"""The delta triggers plan anew for every statement: a plan kept from one changed row is quadratic for thousands."""

from importlib import import_module

from django.db import migrations

BEFORE = [
    create.split("CREATE TRIGGER")[0] for create, _drop in import_module("rollups.migrations.0002_deltas").TRIGGERS
]


def planned_anew(function: str) -> str:
    """The same function with its one statement as dynamic SQL, which keeps no plan."""
    head, _begin, rest = function.partition("BEGIN INSERT")
    statement, _end, _rest = rest.rpartition(";\n    RETURN NULL; END")
    return f"{head}BEGIN EXECUTE $delta$INSERT{statement}$delta$; RETURN NULL; END $$;"


class Migration(migrations.Migration):
    dependencies = [("rollups", "0002_deltas")]

    operations = [migrations.RunSQL(planned_anew(function), function) for function in BEFORE]
