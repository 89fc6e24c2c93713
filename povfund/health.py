"""Liveness and readiness, without authentication and without detail that helps an attacker."""

import shutil
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from povfund.embedded import EmbeddedError
from povfund.heartbeat import SYNC, TICKER, WORK, is_alive

FREE_BYTES = 1024**3


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process is alive."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, migrations, worker heartbeat, last tick and disk: true or false each; 503 if one is false."""
    found = results()
    ready = all(found.values())
    return JsonResponse({"status": "ok" if ready else "not ready", "checks": found}, status=200 if ready else 503)


def results() -> dict[str, bool]:
    """Each check by name; a check that cannot reach what it checks has failed."""
    return {name: _passes(check) for name, check in CHECKS.items()}


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseError, OSError, EmbeddedError):
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _disk() -> bool:
    settings.HOME.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(settings.HOME).free > FREE_BYTES


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "migrations": _migrations,
    "disk": _disk,
    "workers": lambda: is_alive(WORK) and is_alive(SYNC),
    "tick": lambda: is_alive(TICKER),
}
