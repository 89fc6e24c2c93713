"""Fields of the API that read what is sent as `povfund.common.typed` and `money` do: nothing is guessed or rounded."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.utils.encoders import JSONEncoder

from povfund.common.errors import RuleViolation
from povfund.common.money import parse_sent_yuan
from povfund.common.typed import iso_day_of, whole_of
from povfund.common.wording import said


class DayField(serializers.DateField):
    """A day, 2016-03-01."""

    def to_internal_value(self, value: Any) -> date:
        found = iso_day_of(value)
        if found is None:
            self.fail("invalid", format="YYYY-MM-DD")
        return found


class WholeField(serializers.IntegerField):
    """A whole number, as a number or in digits."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, str) and whole_of(data) is None:
            self.fail("invalid")
        if not isinstance(data, int | str) or isinstance(data, bool):
            self.fail("invalid")
        found: int = super().to_internal_value(data)
        return found


class YuanField(serializers.DecimalField):
    """An amount: text of 元 with two decimals, never a number, |x| < 10^13."""

    default_error_messages = {"not_text": _("An amount is sent as text, in yuan with two decimals: “3408.00”.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": 15, "decimal_places": 2} | options)

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str):
            self.fail("not_text")
        try:
            return parse_sent_yuan(data)
        except RuleViolation as error:
            (finding,) = error.findings
            raise serializers.ValidationError(f"{finding.message} {finding.remedy}", code=finding.rule) from error


class WarningsField(serializers.JSONField):
    """Warnings a record was submitted with and the reason given for each, in the reader's language."""

    def to_representation(self, value: Any) -> list[dict[str, Any]]:
        return [
            {name: said(one, name) if f"{name}_en" in one else kept for name, kept in one.items() if name[-3:] != "_en"}
            for one in value
        ]


class Whole(serializers.Serializer[Any]):
    """
    A shape that takes nothing it does not know: a field misspelt is a value lost. `rev` may stand beside it.

    What the system sets may be sent back as it was read, with a change, and with no other value.
    """

    def to_internal_value(self, data: Any) -> Any:
        wrong: dict[str, Any] = {}
        if isinstance(data, dict):
            taken = ", ".join(name for name, field in self.fields.items() if not field.read_only)
            message = _("There is no such field; possible: %(fields)s.") % {"fields": taken}
            wrong = {str(name): [message] for name in data if name not in self.fields and name != "rev"}
            own = _("The system sets this field; leave it out. Possible: %(fields)s.") % {"fields": taken}
            set_here = (name for name in data if name in self.fields and self._set_by_hand(self.fields[name], data))
            wrong |= {name: [own] for name in set_here}
        try:
            found = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError(error.detail | wrong) from error  # type: ignore[operator]
        if wrong:
            raise serializers.ValidationError(wrong)
        return found

    def _set_by_hand(self, field: Any, data: dict[str, Any]) -> bool:
        """
        Was this read-only field given another value than the record has? Not asked of lines, which are sent back
        with the names they were read with, nor of a stale change, which is refused as such.
        """
        changed = getattr(self.root, "instance", None)
        if not field.read_only or field.field_name == "rev":
            return False
        if changed is None:
            return True
        if self.root is not self or data.get("rev") != getattr(changed, "rev", None):
            return False
        value = field.get_attribute(changed)
        shown = value if value is None else field.to_representation(value)
        return json.dumps(shown, cls=JSONEncoder) != json.dumps(data[field.field_name], cls=JSONEncoder)


class RecordSerializer(Whole, serializers.ModelSerializer[Any]):
    """A model's fields, days and whole numbers read as above."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.DateField: DayField,
        models.IntegerField: WholeField,
        models.PositiveIntegerField: WholeField,
        models.PositiveSmallIntegerField: WholeField,
        models.SmallIntegerField: WholeField,
    }
