"""The question of a totals page or API call, shaped from its address."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django import forms
from django.http import Http404, QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.choices import UnitKind
from accounts.models import Division, User
from funds.choices import MoneyLevel
from funds.models import BudgetItem, FundCategory
from povfund.common import clock
from povfund.common.asking import unknown
from povfund.common.form_fields import DayField, WholeField, YesNoField
from rollups.choices import DataState, Dimension, Measure, Version
from rollups.services.reading import Question

MEASURED_YEARS = (1980, 2200)


class QuestionForm(forms.Form):
    """Shapes the parameters of `interface.md` §3; its page may take `also` others. Codes are looked up in scope."""

    measure = forms.ChoiceField(label=_("Measure"), choices=Measure, required=False)
    node = forms.CharField(label=_("Place"), required=False, max_length=12)
    by = forms.CharField(label=_("Rows by"), required=False, max_length=40)
    year = WholeField(label=_("Budget year"), required=False, min_value=MEASURED_YEARS[0], max_value=MEASURED_YEARS[1])
    fund_category = forms.CharField(label=_("Fund category"), required=False, max_length=40)
    exact = YesNoField(label=_("Without the categories below it"), required=False)
    budget_item = forms.CharField(label=_("Budget item"), required=False, max_length=40)
    money_level = forms.ChoiceField(
        label=_("Level of money"), choices=[("", _("All")), *MoneyLevel.choices], required=False
    )
    unit_kind = forms.ChoiceField(
        label=_("Line of business"), choices=[("", _("All")), *UnitKind.choices], required=False
    )
    data_state = forms.ChoiceField(label=_("Data state"), choices=DataState, required=False)
    version = forms.ChoiceField(label=_("Version"), choices=Version, required=False)
    as_of = DayField(label=_("As of"), required=False)
    compare = DayField(label=_("Compare with"), required=False)

    def __init__(self, data: Any, *, user: User, also: Collection[str] = ("purpose",)) -> None:
        super().__init__(data)
        self.user, self.also = user, also

    def clean(self) -> dict[str, Any]:
        """A parameter that is none of the question is refused: the figure would mean something else."""
        known = [*self.fields, *self.also]
        for finding in unknown(self.data, known=known) if isinstance(self.data, QueryDict) else ():
            self.add_error(None, f"{finding.message} {finding.remedy}")
        return self.cleaned_data

    def clean_by(self) -> tuple[str, ...]:
        names = tuple(part for part in (self.cleaned_data["by"] or Dimension.DIVISION).split(",") if part)
        if unknown := [name for name in names if name not in Dimension.values]:
            raise forms.ValidationError(
                _("“%(name)s” is not a dimension; use one or two of %(known)s."),
                params={"name": unknown[0], "known": ", ".join(Dimension.values)},
            )
        if not 1 <= len(set(names)) == len(names) <= 2:
            raise forms.ValidationError(_("Rows stand for one or two different dimensions."))
        return names

    def clean_as_of(self) -> date | None:
        return _not_ahead(self.cleaned_data["as_of"])

    def clean_compare(self) -> date | None:
        return _not_ahead(self.cleaned_data["compare"])

    def clean_node(self) -> Division:
        """The place; absent or out of scope is the same 404."""
        code = self.cleaned_data["node"]
        if not code:
            return self.user.unit.division
        found = Division.objects.by_code(code)
        if found is None or not self.user.scope.covers(found.scope_key):
            raise Http404
        return found

    def clean_fund_category(self) -> FundCategory | None:
        return self._code(FundCategory, "fund_category", _("There is no fund category “%(code)s”."))

    def clean_budget_item(self) -> BudgetItem | None:
        return self._code(BudgetItem, "budget_item", _("There is no budget item “%(code)s”."))

    def _code(self, model: Any, name: str, message: Any) -> Any:
        code = self.cleaned_data[name]
        if not code:
            return None
        found = model.objects.filter(code=code).first()
        if found is None:
            raise forms.ValidationError(message, params={"code": code})
        return found

    def question(self, **changes: Any) -> Question:
        """The question of a valid form; `changes` replace single parts."""
        data = self.cleaned_data
        category, item = data["fund_category"], data["budget_item"]
        categories: tuple[int, ...] = ()
        if category:
            below = FundCategory.objects.filter(parent=category).values_list("pk", flat=True)
            categories = (category.pk,) if data["exact"] else (category.pk, *below)
        parts = {
            "node": data["node"],
            "by": data["by"],
            "measure": data["measure"] or Measure.ALLOCATED,
            "years": (data["year"],) if data["year"] else (),
            "category_ids": categories,
            "item_ids": (item.pk,) if item else (),
            "money_levels": (data["money_level"],) if data["money_level"] else (),
            "unit_kinds": (data["unit_kind"],) if data["unit_kind"] else (),
            "data_state": data["data_state"] or DataState.ACKNOWLEDGED,
            "as_of": data["as_of"],
            "version": data["version"] or Version.CORRECTED,
        }
        if parts["measure"] == Measure.IDLE:
            # Computed from what holds now and reported by nobody: there is no first version of it; and over all records
            # that count here, so that no data state narrows it.
            parts |= {"version": Version.CORRECTED, "data_state": DataState.UNIT_REVIEWED}
        return Question(**(parts | changes))


def _not_ahead(day: date | None) -> date | None:
    """The day itself; what is in force on a day to come nobody knows."""
    today = clock.today()
    if day is not None and day > today:
        raise forms.ValidationError(
            _("%(day)s is still to come; the latest day possible is %(today)s."),
            params={"day": day.isoformat(), "today": today.isoformat()},
        )
    return day
