"""System checks: what must be true before a server starts."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, register, run_checks

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


@register(Tags.security)
def check_workbook_reading(**_: Any) -> list[CheckMessage]:
    """Refuses to start where openpyxl would expand the entities of a workbook."""
    import openpyxl.xml

    if openpyxl.xml.DEFUSEDXML:
        return []
    return [Error("openpyxl reads without defusedxml.", hint="Install the pinned requirements.", id="povfund.E007")]


@register(Tags.database)
def check_production_people(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Refuses active demo accounts in production."""
    if not settings.PRODUCTION or not databases:
        return []
    if not get_user_model().objects.filter(is_demo=True, is_active=True).exists():
        return []
    return [
        Error(
            "This database holds active demo accounts.",
            hint="Production starts from a database of its own; deactivate these accounts.",
            id="povfund.E006",
        )
    ]


def refuse_unsafe_start() -> None:
    """Called by web, workers and ticker: in production a failing check ends the process with its reasons."""
    if not settings.PRODUCTION:
        return
    found = [message for message in run_checks(databases=["default"]) if message.is_serious()]
    if found:
        raise SystemExit("\n".join(f"{message.id}: {message.msg} {message.hint or ''}".rstrip() for message in found))
