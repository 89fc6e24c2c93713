"""Measures, dimensions and data states of totals."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _, pgettext_lazy


class Measure(TextChoices):
    """指标 — what is summed."""

    ALLOCATED = "allocated", _("Allocated")
    ARRIVED = "arrived", _("Arrived")
    PASSED_DOWN = "passed_down", _("Passed down")
    RETAINED = "retained", _("Retained")
    UNALLOCATED = "unallocated", _("Unallocated")
    IDLE = "idle", _("Idle for more than a year")


TAKEN_OFF = {Measure.UNALLOCATED: (Measure.ALLOCATED, Measure.RETAINED)}
"""Measures that are one stored measure less another; all others are stored."""


class DataState(TextChoices):
    """数据状态 — how far the records behind a figure have come; cumulative."""

    UNIT_REVIEWED = "unit_reviewed", _("Reviewed by units")
    PROVINCE_REVIEWED = "province_reviewed", _("Reviewed by the province")
    SEALED = "sealed", pgettext_lazy("of data", "Sent")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")


class Version(TextChoices):
    """口径 — with the corrections in force, or as the records were first acknowledged (art. 12)."""

    CORRECTED = "corrected", _("As corrected")
    FIRST = "first", _("As first reported")


STATE_ORDER = list(DataState.values)


def states_from(state: str) -> list[str]:
    """`state` and everything further on: what a cumulative figure counts."""
    return STATE_ORDER[STATE_ORDER.index(state) :]


class Dimension(TextChoices):
    """维度 — what rows stand for."""

    DIVISION = "division", _("Division")
    YEAR = "year", _("Budget year")
    FUND_CATEGORY = "fund_category", _("Fund category")
    BUDGET_ITEM = "budget_item", _("Budget item")
    MONEY_LEVEL = "money_level", _("Level of money")
    UNIT_KIND = "unit_kind", _("Line of business")
    STATE = "state", _("State")


class CaseKind(TextChoices):
    """差异类别 — what does not agree between a document and its recipient."""

    OVER_PASSED = "over_passed", _("More passed down and retained than was given")
    OVER_ARRIVED = "over_arrived", _("More arrived than was given")
    OVER_RETURNED = "over_returned", _("More returned than had arrived")
    SHORT_ARRIVED = "short_arrived", _("Less arrived than was given")
    TAKEN_ELSEWHERE = "taken_elsewhere", _("Taken back from a place that had not been given it")
    LATE = "late", _("Not passed down within 30 days")
    IDLE = "idle", _("Unallocated for more than a year")
