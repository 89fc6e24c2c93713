"""Locks after failed sign-ins: who is kept out, for how long, and how the security administrator ends it."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from axes.models import AccessFailureLog, AccessLog
from django.db import connection, transaction

from accounts import audit, permissions
from accounts.models import User
from povfund.common.verdict import require

LOCKED_FOR = timedelta(minutes=30)
TRIES = 5
"""Failures of one account from one address."""
TRIES_OF_ADDRESS = 30
"""Failures from one address over all accounts: a whole office may sit behind it."""
TRIES_FROM_STRANGERS = 20
"""Failures of one account over all networks; from then on only networks it was used from get through."""
SIEGE = 300
"""Failures of everybody in ten minutes, from which on the two limits above shrink to a quarter."""
KNOWN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Lock:
    """登录锁定 — why a sign-in is not even tried: `account`, `address` or `strangers`, and until when."""

    kind: str
    username: str
    address: str
    until: datetime


def lock_of(username: str, *, address: str | None) -> Lock | None:
    """
    The lock that keeps this account out at this address, or None.

    A colleague's false tries lock the account at the colleague's address only; the owner's usual
    network (/24, /64) stays open. Unknown accounts are locked alike, so nothing is learnt from it.
    """
    failures = AccessFailureLog.objects.order_by("-attempt_time")
    share = 4 if _under_siege() else 1
    own = failures.filter(username=username)
    rules = [
        ("account", own.filter(ip_address=address), TRIES),
        ("address", failures.filter(ip_address=address), TRIES_OF_ADDRESS // share),
    ]
    if not _is_known(username, address):
        rules.append(("strangers", own, TRIES_FROM_STRANGERS // share))
    for kind, rows, limit in rules:
        if until := _until(list(rows.values_list("attempt_time", flat=True)[:limit]), limit=limit):
            return Lock(kind, username, address or "", until)
    return None


def tries_left(username: str, *, address: str | None) -> int:
    """How many failures of the account at this address are still free."""
    since = _now() - LOCKED_FOR
    made = AccessFailureLog.objects.filter(username=username, ip_address=address, attempt_time__gt=since).count()
    return max(TRIES - made, 0)


def take_turn(username: str, *, address: str | None) -> None:
    """
    Wait until no other sign-in of the same account or address is being checked, to the end of the
    transaction: of fifty guesses at once no more than the limit reach the password.
    """
    keys = sorted(_lock_key(text) for text in (f"account {username}", f"address {address}"))
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def locks_now(accounts: Iterable[User]) -> list[Lock]:
    """Every lock in force on these accounts, longest first. A few queries for each account with recent failures."""
    names = [account.username for account in accounts]
    recent = AccessFailureLog.objects.filter(username__in=names, attempt_time__gt=_now() - 2 * LOCKED_FOR)
    pairs = recent.order_by().values_list("username", "ip_address").distinct()
    found = {lock for name, address in pairs if (lock := lock_of(name, address=address))}
    return sorted(found, key=lambda lock: lock.until, reverse=True)


@transaction.atomic
def unlock(actor: User, *, account: User) -> int:
    """Forget the failed sign-ins of an account everywhere. Raises Refused. Safe to repeat."""
    require(permissions.may_give_duties(actor, account))
    count, _by_model = AccessFailureLog.objects.filter(username=account.username).delete()
    audit.record(
        actor=actor,
        action="accounts.user.unlock",
        target_type="user",
        target_id=account.username,
        after={"failures_forgotten": count},
    )
    return count


def tidy_sign_ins() -> int:
    """Drop what no lock needs any more: failures of a day ago, sign-ins of 90 days ago. For the ticker."""
    failures, _by = AccessFailureLog.objects.filter(attempt_time__lt=_now() - timedelta(days=1)).delete()
    sign_ins, _by = AccessLog.objects.filter(attempt_time__lt=_now() - KNOWN_FOR).delete()
    return failures + sign_ins


def network_of(address: str | None) -> str:
    """The /24 of an IPv4 address, the /64 of an IPv6 one; empty for none."""
    if not address:
        return ""
    bits = 24 if ipaddress.ip_address(address).version == 4 else 64
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


def _is_known(username: str, address: str | None) -> bool:
    used = (
        AccessLog.objects.filter(username=username, attempt_time__gt=_now() - KNOWN_FOR)
        .order_by()
        .values_list("ip_address", flat=True)
        .distinct()[:100]
    )
    return network_of(address) in {network_of(known) for known in used}


def _until(times: list[datetime], *, limit: int) -> datetime | None:
    """Locked from the `limit`-th failure within half an hour, for half an hour after the last one."""
    if len(times) < limit or times[0] - times[-1] > LOCKED_FOR:
        return None
    until = times[0] + LOCKED_FOR
    return until if until > _now() else None


def _under_siege() -> bool:
    since = _now() - timedelta(minutes=10)
    return len(AccessFailureLog.objects.filter(attempt_time__gt=since).order_by().values("pk")[:SIEGE]) >= SIEGE


def _lock_key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], signed=True)


def _now() -> datetime:
    """The machine's time, as the failures carry it: a set demonstration clock does not lengthen locks."""
    return datetime.now(UTC)
