"""The world of one province and the centre."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.database import TestServer
from tests.sync.world import World


@pytest.fixture
def world(
    django_db_setup: None, database_server: TestServer, django_db_blocker: Any, tmp_path: Path
) -> Iterator[World]:
    with django_db_blocker.unblock():
        made = World(database_server, tmp_path)
        yield made
        made.close()


@pytest.fixture
def two_provinces(
    django_db_setup: None, database_server: TestServer, django_db_blocker: Any, tmp_path: Path
) -> Iterator[World]:
    with django_db_blocker.unblock():
        made = World(database_server, tmp_path, ("P51", "P52"))
        yield made
        made.close()
