"""The composition root as an app: checks, template tags, database privileges."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _grant_privileges(*, using: str, **_: Any) -> None:
    from povfund.database.privileges import grant_privileges

    grant_privileges(using=using)


class PovfundConfig(AppConfig):
    """The house: no models; last in INSTALLED_APPS, so its post_migrate runs when all tables are there."""

    name = "povfund"

    def ready(self) -> None:
        from povfund import celery, checks  # noqa: F401

        post_migrate.connect(_grant_privileges, sender=self)
