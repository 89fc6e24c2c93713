"""What a worker does with a message it can make nothing of: it throws it away and goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer

logger = logging.getLogger(__name__)

MADE_BY_NOBODY = (TypeError, ValueError, KeyError, AttributeError)
"""What Celery stumbles over in a message of a form no client writes; its own consumer ends the worker then."""


class Consumer(CeleryConsumer):
    """消息消费者 — Celery's, which no message can end."""

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Any], None]:
        handle = super().create_task_handler(*args, **kwargs)

        def take(message: Any) -> None:
            try:
                handle(message)
            except MADE_BY_NOBODY as error:
                logger.critical("a message nobody can read was thrown away: %s", type(error).__name__)
                message.ack_log_error(logger, self.connection_errors)

        return take
