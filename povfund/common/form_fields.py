"""Form fields that read what is typed as `povfund.common.typed` does, and refuse what another reading would guess."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from povfund.common.errors import RuleViolation
from povfund.common.text import clean_text
from povfund.common.typed import day_of, whole_of

YES_NO = {"true": True, "1": True, "on": True, "yes": True, "false": False, "0": False, "no": False}


class DayField(forms.DateField):
    """A day, 2016-03-01; written otherwise only where nothing is to guess."""

    default_error_messages = {"invalid": _("“%(value)s” is not a day; write it like 2016-03-01.")}

    def to_python(self, value: Any) -> date | None:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        found = day_of(value)
        if found is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value[:40]})
        return found


class TextField(forms.CharField):
    """A text without control, direction and zero-width characters."""

    def __init__(self, *, multiline: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.multiline = multiline

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        try:
            return clean_text(text, multiline=self.multiline)
        except RuleViolation as error:
            (finding,) = error.findings
            raise ValidationError(f"{finding.message} {finding.remedy}", code=finding.rule) from error


class WholeField(forms.IntegerField):
    """A whole number in digits: no 2_016, no 2016.0."""

    default_error_messages = {"invalid": _("“%(value)s” is not a whole number; write digits alone.")}

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str) and value.strip() and whole_of(value) is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value[:40]})
        return super().to_python(value)


class _AsWritten(forms.CheckboxInput):
    """A box, or a word in the address, kept as it stands there: the field says what it means."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs, check_test=lambda value: YES_NO.get(str(value).strip().lower(), False))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name)


class YesNoField(forms.Field):
    """True or false; nothing where it is left out. Takes the words of `YES_NO`, no others."""

    widget = _AsWritten
    default_error_messages = {"invalid": _("“%(value)s” is neither true nor false.")}

    def to_python(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        found = YES_NO.get(str(value).strip().lower())
        if found is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": str(value)[:40]})
        return found
