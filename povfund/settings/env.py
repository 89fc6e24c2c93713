"""Every environment variable, read once: name, type, default. Listed in docs/operations/settings.md."""

from __future__ import annotations

import os
from datetime import time
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent

EDITIONS = ("provincial", "central", "receiver", "standalone")


def _text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def _choice(name: str, *, among: tuple[str, ...], default: str) -> str:
    value = _text(name, default)
    if value not in among:
        raise ImproperlyConfigured(f"{name} is “{value}”; it must be one of: {', '.join(among)}.")
    return value


def _flag(name: str, *, default: bool = False) -> bool:
    value = _text(name, "1" if default else "0").lower()
    if value not in {"0", "1", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} is “{value}”; write 1 or 0.")
    return value in {"1", "true", "yes"}


def _number(name: str, *, default: int, least: int = 0, most: int | None = None) -> int:
    value = _text(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} is “{value}”; write a whole number.")
    if int(value) < least or (most is not None and int(value) > most):
        limit = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ImproperlyConfigured(f"{name} is “{value}”; it must be {limit}.")
    return int(value)


def _items(name: str, *, default: str = "") -> list[str]:
    return [item.strip() for item in _text(name, default).split(",") if item.strip()]


def _clock(name: str, *, default: str) -> time:
    value = _text(name, default)
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is “{value}”; write an hour such as 09:00.") from None


ENVIRONMENT = _choice("POVFUND_ENV", among=("demo", "production"), default="demo")
PRODUCTION = ENVIRONMENT == "production"

POVFUND_HOME = Path(_text("POVFUND_HOME", str(BASE_DIR / "var"))).expanduser().absolute()
EDITION = _choice("POVFUND_EDITION", among=EDITIONS, default="provincial")
NODE = _text("POVFUND_NODE", "C" if EDITION == "central" else "P51")
NODE_DIVISION = _text("POVFUND_NODE_DIVISION")
CENTRAL_URL = _text("POVFUND_CENTRAL_URL", "http://127.0.0.1:8000").rstrip("/")
WINDOW_TIME = _clock("POVFUND_WINDOW_TIME", default="09:00")
DISK_RESERVE = _number("POVFUND_DISK_RESERVE", default=30 if PRODUCTION else 0, most=90)
NODE_CALLS = _number("POVFUND_NODE_CALLS", default=600, least=60)
NODE_UPLOADS = _number("POVFUND_NODE_UPLOADS", default=4, least=1)
CHANGE_WAITS_DAYS = _number("POVFUND_CHANGE_WAITS_DAYS", default=5, least=1, most=20)
CHANGE_EXPIRES_DAYS = _number("POVFUND_CHANGE_EXPIRES_DAYS", default=5, most=20)
EXPORT_ALONE = _number("POVFUND_EXPORT_ALONE", default=50_000, least=1)
EXPORT_PERSONAL_ALONE = _number("POVFUND_EXPORT_PERSONAL_ALONE", default=100)
SHEET_DAYS = _number("POVFUND_SHEET_DAYS", default=180, least=7)
FAKE_NOW = _text("POVFUND_FAKE_NOW")

DEMO_PASSWORD = _text("POVFUND_DEMO_PASSWORD")

SECRET_KEY = _text("POVFUND_SECRET_KEY")
FIELD_KEY = _text("POVFUND_FIELD_KEY")
ALLOWED_HOSTS = _items("POVFUND_ALLOWED_HOSTS", default="127.0.0.1,localhost,[::1]")
TRUSTED_ORIGINS = _items("POVFUND_TRUSTED_ORIGINS")
BEHIND_PROXY = _flag("POVFUND_BEHIND_PROXY")
DEBUG = _flag("POVFUND_DEBUG")

DB_ROLE = _choice("POVFUND_DB_ROLE", among=("app", "sync", "owner"), default="app")
DATABASE_URL = _text("POVFUND_DATABASE_URL")
OWNER_DATABASE_URL = _text("POVFUND_OWNER_DATABASE_URL")
REPLICA_URL = _text("POVFUND_REPLICA_URL")
REDIS_URL = _text("POVFUND_REDIS_URL")
TICK_SECONDS = _number("POVFUND_TICK_SECONDS", default=60)

EMAIL_HOST = _text("POVFUND_EMAIL_HOST")
EMAIL_FROM = _text("POVFUND_EMAIL_FROM", "povfund@localhost")
LOG_LEVEL = _choice("POVFUND_LOG_LEVEL", among=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
