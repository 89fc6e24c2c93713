"""Pages of the working calendar: open to every account, entered by the system administrator."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from povfund.common import clock
from povfund.common.asking import takes
from povfund.common.errors import NoSuch, StaleEdit, rule_errors_on
from povfund.common.verdict import require
from records.calendar import services
from records.calendar.forms import HolidayFormSet, NoticeForm, holiday_rows
from records.calendar.models import CalendarYear


@login_required
@require_safe
@takes()
def year_list(request: HttpRequest) -> HttpResponse:
    """Every announced year, and the next ones that are not."""
    rows: Any = {row.pk: row for row in CalendarYear.objects.annotate(size=Count("days"))}
    last = max([*rows, clock.today().year]) + 1
    years = [(year, rows.get(year)) for year in range(last, min([*rows, last]) - 1, -1)]
    context = {"years": years, "may_enter": services.may_enter_year(request.user)}  # type: ignore[arg-type]
    return render(request, "records/calendar_list.html", context)


@login_required
@require_safe
def year_detail(request: HttpRequest, year: int) -> HttpResponse:
    """Due dates and special days of a year, and the form to enter it."""
    entered, days = _year(year)
    notice = NoticeForm(
        initial={"source": entered.source if entered else "", "version": entered.version if entered else 0}
    )
    return _page(request, year, notice=notice, holidays=HolidayFormSet(initial=holiday_rows(days), prefix="holidays"))


@login_required
@require_POST
def year_enter(request: HttpRequest, year: int) -> HttpResponse:
    """Enter or replace the arrangement of a year."""
    require(services.may_enter_year(request.user))  # type: ignore[arg-type]
    _year(year)
    notice, holidays = NoticeForm(request.POST), HolidayFormSet(request.POST, prefix="holidays")
    status = 422
    if notice.is_valid() and holidays.is_valid():
        with rule_errors_on(notice):
            try:
                services.enter_year(
                    actor=request.user,  # type: ignore[arg-type]
                    year=year,
                    days=[day for form in holidays for day in form.days()],
                    source=notice.cleaned_data["source"],
                    base_version=notice.cleaned_data["version"],
                )
            except StaleEdit:
                status = 409
                raise
            messages.success(request, _("The arrangement of %(year)s is entered.") % {"year": year})
            return redirect("records:calendar_year", year=year)
    return _page(request, year, notice=notice, holidays=holidays, status=status)


def _year(year: int) -> tuple[CalendarYear | None, list[Any]]:
    if not services.FIRST_YEAR <= year <= services.LAST_YEAR:
        raise NoSuch(
            _("The working calendar has no year %(year)s.") % {"year": year},
            _("Open a year from %(first)s to %(last)s.") % {"first": services.FIRST_YEAR, "last": services.LAST_YEAR},
        )
    entered = CalendarYear.objects.filter(pk=year).first()
    return entered, list(entered.days.all()) if entered else []


def _page(request: HttpRequest, year: int, *, notice: NoticeForm, holidays: Any, status: int = 200) -> HttpResponse:
    entered, days = _year(year)
    context = {
        "year": year,
        "entered": entered,
        "days": days,
        "dues": services.due_dates(year),
        "notice": notice,
        "holidays": holidays,
        "may_enter": services.may_enter_year(request.user),  # type: ignore[arg-type]
    }
    return render(request, "records/calendar_year.html", context, status=status)
