"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RollupsConfig(AppConfig):
    name = "rollups"
    verbose_name = _("Totals")
    default_auto_field = "django.db.models.BigAutoField"
