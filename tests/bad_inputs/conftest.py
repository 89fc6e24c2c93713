"""The province and the centre, for hostile batches."""

from tests.sync.conftest import two_provinces, world

__all__ = ["two_provinces", "world"]
