"""Secrets that a demo or county PC makes once and remembers; production gives its own."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def _random_secret() -> str:
    return secrets.token_urlsafe(48)


def remembered_secret(path: Path, *, make: Callable[[], str] = _random_secret) -> str:
    """The secret kept in a 0600 file, made on first use; safe when several processes start at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return _read_when_written(path)
    with os.fdopen(handle, "w") as file:
        file.write(value := make())
    return value


def _read_when_written(path: Path) -> str:
    """Another process may be between creating the file and writing it."""
    from time import sleep

    for _attempt in range(50):
        if value := path.read_text().strip():
            return value
        sleep(0.02)
    raise RuntimeError(f"{path} is empty; delete it so that a new secret is made.")
