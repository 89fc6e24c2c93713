"""What a province decides for its own reviews."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Division


class ReviewSetting(models.Model):
    """审核设置 — a province may switch the city's review step on; off where there is no row."""

    province = models.OneToOneField(Division, models.PROTECT, verbose_name=_("province"))
    city_review = models.BooleanField(_("cities review before the province"), default=False)

    class Meta:
        verbose_name = _("review setting")
        verbose_name_plural = _("review settings")


def city_step_of(province_key: str) -> bool:
    """Is the city step on in the province with this scope key?"""
    return ReviewSetting.objects.filter(province__scope_key=province_key, city_review=True).exists()
