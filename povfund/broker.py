"""消息目录 — the broker of an installation without Redis: a folder, in which a message is seen whole or not at all."""

from __future__ import annotations

import logging
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)

SCHEME = "files"


class Channel(filesystem.Channel):
    """Kombu's channel over a folder; its own writes a message under its name, where a reader may find it empty."""

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:
        """Write the message beside and move it to its name. Raises ChannelError."""
        folder = Path(self.data_folder_out)
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        beside = folder / f".{name}.new"
        try:
            beside.write_bytes(str_to_bytes(dumps(payload)))
            beside.replace(folder / name)
        except OSError as error:
            raise ChannelError(f"Cannot add {name} to {folder}") from error

    def _get(self, queue: str) -> Any:
        """The next message that can be read; what cannot is thrown away. Raises Empty."""
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                logger.critical("a message nobody can read was thrown away")


class Transport(filesystem.Transport):
    """Taken by addresses of the scheme `files`."""

    Channel = Channel


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
