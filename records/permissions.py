"""Public permission questions of the app."""

from records.life.permissions import (
    is_locked,
    lock_of,
    may_attach,
    may_delete,
    may_edit,
    may_enter,
    may_export,
    may_read_jobs,
    may_take,
)

__all__ = [
    "is_locked",
    "lock_of",
    "may_attach",
    "may_delete",
    "may_edit",
    "may_enter",
    "may_export",
    "may_read_jobs",
    "may_take",
]
