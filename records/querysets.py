"""Public querysets of the app."""

from records.life.querysets import RecordQuerySet

__all__ = ["RecordQuerySet"]
