"""Chaining the audit trail: one writer at a time, by membership and never by a watermark of ids."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from accounts.chain import GENESIS, entry_content, entry_hash, link_hash
from accounts.models import AuditEntry, AuditLink, AuditQueue

LOCK = 0x61756469
CHUNK = 2_000


@transaction.atomic
def link_audit() -> int:
    """
    Chain every committed entry that has no link yet; returns how many.

    For the ticker, and for whoever needs the head before a seal or a receipt. A second caller
    waits until the first has committed. An entry that commits later than a higher id is linked
    later; nothing is skipped. Runs as `fp_sync`: the table of links takes rows from nobody else.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    n, prev = chain_head()
    linked = 0
    while entries := list(AuditEntry.objects.filter(pk__in=_waiting()).order_by("pk")):
        links = []
        for entry in entries:
            n += 1
            digest = entry_hash(entry_content(entry))
            links.append(
                AuditLink(
                    n=n,
                    entry=entry,
                    entry_hash=digest,
                    prev=prev,
                    hash=(prev := link_hash(n, entry.pk, digest, prev=prev)),
                )
            )
        AuditLink.objects.bulk_create(links)
        AuditQueue.objects.filter(pk__in=[entry.pk for entry in entries]).delete()
        linked += len(entries)
    return linked


def chain_head() -> tuple[int, str]:
    """(n, hash) of the last link; (0, 64 zeros) for an empty chain. Rides in every batch and receipt."""
    last = AuditLink.objects.order_by("-n").values_list("n", "hash").first()
    return last or (0, GENESIS)


def unlinked_since() -> datetime | None:
    """When the oldest entry without a link was written; older than a minute is an alarm. None where all are linked."""
    waiting = AuditQueue.objects.order_by("pk").values_list("entry__at", flat=True)
    return waiting.first()


def _waiting() -> list[int]:
    return list(AuditQueue.objects.order_by("pk").values_list("pk", flat=True)[:CHUNK])
