"""The form in which a year's arrangement is typed: one row for each holiday of the notice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from povfund.common.form_fields import DayField, WholeField
from povfund.common.typed import day_of
from records.calendar.models import CalendarDay
from records.calendar.services import FIRST_YEAR, LAST_YEAR, DayInput

HOLIDAYS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
"""Rows a new year starts with, in the order of the notices."""

LONGEST = 31
SPARE_ROWS = 2
MOST_ROWS = 20
_SEPARATORS = re.compile(r"[\s,;、,;]+")


class DueDatesForm(forms.Form):
    """上报日查询"""

    year = WholeField(label=_("Year"), min_value=FIRST_YEAR, max_value=LAST_YEAR)


class DeadlineForm(forms.Form):
    """期限查询 — `from` is a keyword of the language, so the field is added by name."""

    working_days = WholeField(
        label=_("Working days"), min_value=1, max_value=250, required=False, help_text=_("15 where left out")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"] = DayField(label=_("From"), help_text=_("the day of approval"))

    def clean_from(self) -> date:
        day: date = self.cleaned_data["from"]
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise forms.ValidationError(_("Write a day between 2000 and 2100."), code="SHAPE")
        return day


class NoticeForm(forms.Form):
    """年度安排 — where the arrangement stands, and the version the form was opened with."""

    source = forms.CharField(
        label=_("Notice"),
        max_length=300,
        help_text=_("Number or address of the notice of the State Council's General Office"),
    )
    version = WholeField(min_value=0, widget=forms.HiddenInput)


class HolidayForm(forms.Form):
    """节假日 — one sentence of the notice: days off from … to …, make-up working days."""

    name = forms.CharField(label=_("Holiday"), max_length=40, required=False)
    first = DayField(
        label=_("First day off"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = DayField(
        label=_("Last day off"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    makeup = forms.CharField(
        label=_("Make-up working days"),
        required=False,
        max_length=120,
        help_text=_("such as 2027-02-14 2027-02-20"),
    )

    def clean_makeup(self) -> list[date]:
        found = []
        for word in filter(None, _SEPARATORS.split(self.cleaned_data["makeup"])):
            day = day_of(word)
            if day is None:
                raise forms.ValidationError(
                    _("“%(text)s” is not a date; write it as 2027-02-14."), params={"text": word[:20]}, code="SHAPE"
                )
            found.append(day)
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if bool(first) != bool(last):
            self.add_error("last" if first else "first", _("Write the first and the last day off."))
        elif first and last and not timedelta(0) <= last - first < timedelta(days=LONGEST):
            self.add_error("last", _("The last day off lies before the first one, or more than a month after it."))
        return data

    def days(self) -> list[DayInput]:
        """The days of this row; none for an empty one."""
        data = self.cleaned_data
        name, first, last = data.get("name", ""), data.get("first"), data.get("last")
        off = [first + timedelta(days=n) for n in range((last - first).days + 1)] if first and last else []
        return [DayInput(day, CalendarDay.Kind.OFF, name) for day in off] + [
            DayInput(day, CalendarDay.Kind.WORKDAY, name) for day in data.get("makeup") or []
        ]


HolidayFormSet = forms.formset_factory(
    HolidayForm, extra=0, max_num=MOST_ROWS, absolute_max=MOST_ROWS, validate_max=True
)


def holiday_rows(days: Iterable[CalendarDay]) -> list[dict[str, Any]]:
    """
    The stored days as rows of the form, with spare ones; a new year starts with the seven holidays.

    A “make-up” Monday to Friday (2020-02-03) says nothing and is left out.
    """
    days = list(days)
    if not days:
        return [{"name": name} for name in HOLIDAYS] + [{}] * SPARE_ROWS
    makeup: dict[str, list[date]] = {}
    for day in days:
        if day.kind == CalendarDay.Kind.WORKDAY and day.date.weekday() >= 5:
            makeup.setdefault(day.name, []).append(day.date)
    rows = []
    off = sorted((day for day in days if day.kind == CalendarDay.Kind.OFF), key=lambda day: day.date)
    for (name, _start), group in groupby(enumerate(off), key=lambda p: (p[1].name, p[1].date.toordinal() - p[0])):
        span = [day.date for _n, day in group]
        words = " ".join(map(str, sorted(makeup.pop(name, []))))
        rows.append({"name": name, "first": span[0], "last": span[-1], "makeup": words})
    rows += [{"name": name, "makeup": " ".join(map(str, sorted(dates)))} for name, dates in makeup.items()]
    return rows + [{}] * SPARE_ROWS
