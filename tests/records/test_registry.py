"""The list of record types and the models agree."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from accounts.choices import Capability
from records.life.locks import FREE_COLUMNS
from records.models import Record
from records.registry import record_types

TYPES = list(record_types().values())
MODELS = [model for model in apps.get_models() if issubclass(model, Record)]


def test_every_subclass_of_record_stands_in_the_list_once():
    assert sorted(kind.model_path for kind in TYPES) == sorted(
        f"{m.__module__.split('.models')[0]}.models.{m.__name__}" for m in MODELS
    )
    assert len(settings.RECORD_TYPES) == len(TYPES)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.key)
def test_an_entry_fits_its_model(kind):
    columns = {field.column for field in kind.model._meta.concrete_fields}
    assert kind.model.record_type == kind.key
    assert set(kind.root_columns) <= columns
    assert {kind.enter, kind.review} <= set(Capability.values)
    assert kind.label
    assert kind.plural == kind.key.replace("_", "-") + "s"


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.key)
def test_a_type_stands_after_those_it_refers_to(kind):
    order = list(record_types())
    for field in kind.model._meta.get_fields():
        target = getattr(field, "related_model", None)
        if field.many_to_one and target is not None and issubclass(target, Record):
            assert order.index(target.record_type) <= order.index(kind.key)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_column_is_locked_or_known_to_be_free(model):
    (lock,) = [trigger for trigger in model._meta.triggers if trigger.name == "record_lock"]
    body = lock.render_func(model)
    for field in model._meta.concrete_fields:
        assert (f'OLD."{field.column}"' in body) is (field.column not in FREE_COLUMNS), field.column


@pytest.mark.django_db
@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.key)
def test_the_tables_of_a_type_carry_their_locks(kind):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'O'",
            [kind.model._meta.db_table],
        )
        root = " ".join(name for (name,) in cursor.fetchall())
        assert all(name in root for name in ("record_lock", "record_undeletable", "record_born_locked"))
        for child in kind.children:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass", [child.table])
            names = " ".join(name for (name,) in cursor.fetchall())
            assert all(f"child_lock_{deed}" in names for deed in ("insert", "update", "delete"))
