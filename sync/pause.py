"""上报暂停 — after many returned lines the next batch waits for a person: who is told, and who may let it go."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from accounts.choices import CAPABILITIES_OF_DUTY, Capability, Level, UnitKind
from accounts.models import User
from povfund.common import clock
from records.services import clear_alarm, raise_alarm
from sync.models import Node

PAUSED = "sync.paused"


def pause(code: str) -> None:
    """Hold the next batch of a node until a person has looked at what came back."""
    Node.objects.filter(pk=code).update(paused_at=clock.now(), pause_reason="MANY_RETURNED")
    keep_told()


def go_on() -> bool:
    """Let the next batch of this server's node go; was it held?"""
    held = Node.objects.filter(pk=settings.NODE, paused_at__isnull=False).update(paused_at=None, pause_reason="")
    keep_told()
    return bool(held)


def paused_since() -> datetime | None:
    """Since when this server's node sends nothing; None where it may send. One query."""
    return Node.objects.filter(pk=settings.NODE).values_list("paused_at", flat=True).first()


def keep_told() -> None:
    """An alarm to whoever may let the next batch go, as long as the node is paused. Safe to repeat."""
    if paused_since():
        raise_alarm(kind=PAUSED, key=settings.NODE, details={"url": reverse("sync:overview")})
    else:
        clear_alarm(kind=PAUSED, key=settings.NODE)


def releasers() -> QuerySet[User]:
    """The accounts that may let the next batch go: provincial finance, with the duty to send (art. 13)."""
    sending = [duty for duty, held in CAPABILITIES_OF_DUTY.items() if Capability.SYNC_SEND in held]
    seats = User.objects.filter(is_active=True, duties__overlap=sending, unit__kind=UnitKind.FINANCE)
    return seats.filter(unit__division__level=Level.PROVINCE)
