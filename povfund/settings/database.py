"""The process's own database role, on a served PostgreSQL or on the embedded one."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from povfund.roles import LOGIN_NAMES, OWNER
from povfund.settings import env, node

DB_ROLE = env.DB_ROLE


def database_name(code: str) -> str:
    """Database of a node on the embedded server: C → povfund_central, P51 → povfund_p51."""
    return "povfund_central" if code == "C" else f"povfund_{code.lower()}"


def served(url: str, *, variable: str) -> dict[str, Any]:
    """Connection parameters of a postgresql:// address."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            f"{variable} must look like postgresql://user:password@host:5432/database; PostgreSQL 15 or newer."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or 5432),
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def own_database(role: str) -> dict[str, Any]:
    """What the process of this role connects to."""
    if role == OWNER and env.OWNER_DATABASE_URL:
        parameters = served(env.OWNER_DATABASE_URL, variable="POVFUND_OWNER_DATABASE_URL")
    elif env.DATABASE_URL:
        parameters = served(env.DATABASE_URL, variable="POVFUND_DATABASE_URL")
    else:
        parameters = {
            "ENGINE": "povfund.database",
            "NAME": database_name(node.NODE),
            "USER": LOGIN_NAMES[role],
            "OPTIONS": {},
        }
    return parameters | {
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }


DATABASES = {"default": own_database(DB_ROLE)}
DATABASE_ROUTERS: list[str] = []

if env.REPLICA_URL:
    DATABASES["replica"] = served(env.REPLICA_URL, variable="POVFUND_REPLICA_URL") | {
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"MIRROR": "default"},
    }
    DATABASE_ROUTERS = ["povfund.database.replica.ReplicaRouter"]

PGTRIGGER_MIGRATIONS = True
PGTRIGGER_INSTALL_ON_MIGRATE = False
PGTRIGGER_SCHEMA_EDITOR = False
