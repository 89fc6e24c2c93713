"""The composition root as an app: checks, template tags, database guards and privileges."""

import gc
from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


def _secure_database(*, using: str, **_: Any) -> None:
    from povfund.database.guards import close_switches
    from povfund.database.privileges import grant_privileges

    close_switches(using=using)
    grant_privileges(using=using)


COLLECT_AFTER = (20_000, 10, 10)
"""
New containers before Python looks for cycles. With its default of 700, a set of ten thousand records, all alive until
they are stored, is searched again and again: a third of the time of a set-wise step.
"""


class PovfundConfig(AppConfig):
    """
    The house, without models.

    Django sends post_migrate only for apps with models, once all tables are there: that of `accounts` is heard.
    """

    name = "povfund"

    def ready(self) -> None:
        from povfund import celery, checks  # noqa: F401

        gc.set_threshold(*COLLECT_AFTER)
        post_migrate.connect(_secure_database, sender=apps.get_app_config("accounts"))
