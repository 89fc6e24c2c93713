"""Models of who and where."""

from accounts.models.audit import AuditEntry, AuditLink, AuditQueue
from accounts.models.division import Division, DivisionPermission, Unit, UnitPermission, UnitSuccession
from accounts.models.person import ApiToken, Grant, PasswordHistory, Person, User

__all__ = [
    "ApiToken",
    "AuditEntry",
    "AuditLink",
    "AuditQueue",
    "Division",
    "DivisionPermission",
    "Grant",
    "PasswordHistory",
    "Person",
    "Unit",
    "UnitPermission",
    "UnitSuccession",
    "User",
]
