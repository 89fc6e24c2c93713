"""System checks: what must be true before a server starts."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from povfund.settings import env


def _missing(name: str, *, number: int, hint: str) -> Error:
    return Error(f"{name} must be set in production.", hint=hint, id=f"povfund.E{number:03}")


@register(Tags.security)
def check_production_secrets(**_: Any) -> list[CheckMessage]:
    """生产环境 — refuses remembered secrets, debugging, a set clock and the embedded defaults."""
    if not settings.PRODUCTION:
        return []
    errors: list[CheckMessage] = []
    for number, name, value in (
        (1, "POVFUND_SECRET_KEY", env.SECRET_KEY),
        (2, "POVFUND_FIELD_KEY", env.FIELD_KEY),
    ):
        if len(value) < 32:
            errors.append(_missing(name, number=number, hint="At least 32 random characters, kept secret."))
    if env.DEBUG:
        errors.append(Error("POVFUND_DEBUG must be 0 in production.", id="povfund.E003"))
    if settings.FAKE_NOW:
        errors.append(Error("POVFUND_FAKE_NOW is for tests and demonstrations; unset it.", id="povfund.E004"))
    if set(settings.ALLOWED_HOSTS) <= {"127.0.0.1", "localhost", "[::1]"}:
        errors.append(
            _missing("POVFUND_ALLOWED_HOSTS", number=5, hint="The host names officials type, comma-separated.")
        )
    return errors


@register(Tags.database)
def check_production_people(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Refuses demo accounts and superusers in production."""
    if not settings.PRODUCTION or not databases:
        return []
    users = apps.get_model(settings.AUTH_USER_MODEL).objects
    errors: list[CheckMessage] = []
    fields = {field.name for field in users.model._meta.get_fields()}
    for number, name, wording in ((6, "is_demo", "demo accounts"), (7, "is_superuser", "superusers")):
        if name in fields and users.filter(**{name: True, "is_active": True}).exists():
            errors.append(
                Error(
                    f"This database holds active {wording}.",
                    hint="Production starts from an empty database; close these accounts.",
                    id=f"povfund.E{number:03}",
                )
            )
    return errors
