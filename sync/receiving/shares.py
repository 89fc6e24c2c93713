"""What one node may take of this server: bytes on the disk, calls in a minute, uploads at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from sync.choices import Direction, InState
from sync.fpb.errors import RejectedInput
from sync.models import BatchPart, Node
from sync.space import spare_bytes

PROMISE_LOCK = 0x5EA2
UPLOAD_LOCK = 0x5EA3
UPLOAD_WAIT = 2
"""Seconds until a refused upload should come back."""


def held_bytes(nodes: list[Node]) -> dict[str, int]:
    """
    What each node's batches take of this server's disk, by its code; batches are kept for ever.

    Announced parts that have not come yet are included, those of a void batch not.
    """
    parts = BatchPart.objects.filter(batch__node__in=nodes, batch__direction=Direction.IN)
    live = parts.exclude(batch__state=InState.VOID, received_at=None).order_by()
    sums = live.values_list("batch__node").annotate(Sum("stored"))
    return {node.pk: 0 for node in nodes} | dict(sums)


def promised_bytes() -> int:
    """Parts of all nodes that were announced and have not come yet."""
    parts = BatchPart.objects.filter(batch__direction=Direction.IN, received_at=None)
    return parts.exclude(batch__state=InState.VOID).aggregate(all=Sum("stored"))["all"] or 0


def short_of(node: Node, wanted: int) -> str:
    """What there is too little of for a batch of `wanted` bytes: `quota` or `disk`; empty where there is enough."""
    if held_bytes([node])[node.pk] + wanted > node.quota_bytes:
        return "quota"
    return "disk" if promised_bytes() + wanted > spare_bytes() else ""


def one_promise_at_a_time() -> None:
    """Until the transaction ends no other node is promised room, so that the sums above stay true."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PROMISE_LOCK])


COUNT = """
    INSERT INTO sync_nodecalls AS mine (node_id, minute, calls)
    VALUES (%s, date_trunc('minute', clock_timestamp()), 1)
    ON CONFLICT (node_id) DO UPDATE SET
        calls = CASE WHEN mine.minute = EXCLUDED.minute THEN mine.calls + 1 ELSE 1 END, minute = EXCLUDED.minute
    RETURNING calls, 60 - floor(extract(second FROM clock_timestamp()))::int
"""


def count_call(node: str) -> None:
    """
    One more signed call of this node; counted in the database, so for all web processes together.

    Raises RejectedInput TOO_MANY_CALLS with the seconds until the next minute. The minute is the database's.
    """
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [node])
        calls, seconds = cursor.fetchone()
    if calls > settings.NODE_CALLS:
        raise RejectedInput("TOO_MANY_CALLS", most=settings.NODE_CALLS, retry_after=seconds)


@contextmanager
def one_of_the_uploads(node: str) -> Iterator[None]:
    """
    Hold one of the node's `NODE_UPLOADS` places meanwhile. Raises RejectedInput TOO_MANY_UPLOADS where all are taken.

    A place is a lock of the session: PostgreSQL frees it when the process dies.
    """
    with connection.cursor() as cursor:
        for place in range(settings.NODE_UPLOADS):
            held = (UPLOAD_LOCK, f"{node}:{place}")
            cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", held)
            if cursor.fetchone()[0]:
                break
        else:
            raise RejectedInput("TOO_MANY_UPLOADS", most=settings.NODE_UPLOADS, retry_after=UPLOAD_WAIT)
        try:
            yield
        finally:
            if connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", held)
