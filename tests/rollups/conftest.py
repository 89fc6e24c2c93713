"""The province and the centre, for totals on both sides."""

from tests.sync.conftest import world

__all__ = ["world"]
