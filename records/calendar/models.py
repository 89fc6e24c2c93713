"""The official calendar: years announced, and the days that differ from Monday-to-Friday."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class CalendarYear(models.Model):
    """日历年度 — a year whose arrangement the State Council has announced; a year without a row is provisional."""

    year = models.PositiveSmallIntegerField(_("year"), primary_key=True)
    source = models.CharField(_("notice"), max_length=300)
    version = models.PositiveIntegerField(_("version"), default=1)
    entered_at = models.DateTimeField(_("entered"))

    class Meta:
        ordering = ["-year"]
        verbose_name = _("calendar year")
        verbose_name_plural = _("calendar years")

    def __str__(self) -> str:
        return str(self.year)


class CalendarDay(models.Model):
    """
    特殊日 — a holiday, or a weekend day made up as a working day (调休).

    `year` is the year of the arrangement: the notice of 2007 also speaks of 30 December 2006.
    """

    class Kind(models.TextChoices):
        OFF = "off", _("Day off")
        WORKDAY = "workday", _("Make-up working day")

    year = models.ForeignKey(CalendarYear, models.CASCADE, related_name="days", verbose_name=_("year"))
    date = models.DateField(_("date"))
    name = models.CharField(_("holiday"), max_length=40)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, db_collation="C")

    class Meta:
        ordering = ["date"]
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        constraints = [models.UniqueConstraint(fields=["date"], name="records_calendarday_one_date")]
