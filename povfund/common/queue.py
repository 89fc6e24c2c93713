"""Ringing the bell of the workers once the surrounding transaction has committed."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction

logger = logging.getLogger(__name__)


def enqueue_on_commit(task: Any, *args: Any, queue: str) -> None:
    """
    Queue `task` after commit. A broken broker is logged, not raised: the change is stored, the job
    is a row, and the sweeper rings again.
    """

    def enqueue() -> None:
        try:
            task.apply_async(args=args, queue=queue)
        except Exception:
            logger.warning("the broker is out of reach; the sweeper will ring for %s", args, exc_info=True)

    transaction.on_commit(enqueue)
