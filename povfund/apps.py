"""The composition root as an app: checks, template tags, database guards and privileges."""

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


def _secure_database(*, using: str, **_: Any) -> None:
    from povfund.database.guards import close_switches
    from povfund.database.privileges import grant_privileges

    close_switches(using=using)
    grant_privileges(using=using)


class PovfundConfig(AppConfig):
    """
    The house, without models.

    Django sends post_migrate only for apps with models, once all tables are there: that of `accounts` is heard.
    """

    name = "povfund"

    def ready(self) -> None:
        from povfund import celery, checks  # noqa: F401

        post_migrate.connect(_secure_database, sender=apps.get_app_config("accounts"))
