"""Tokens of the API: eight hours, kept as a hash, ended with the sessions of their account."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction

from accounts import audit, permissions
from accounts.models import ApiToken, User
from accounts.proof import FRESH, Proof
from povfund.common import clock
from povfund.common.verdict import require

LIFETIME = timedelta(hours=8)


@transaction.atomic
def issue_token(account: User) -> str:
    """A new token for an account that has just signed in; the only time it is seen. Raises Refused."""
    require(permissions.may_have_token(account))
    token, now = secrets.token_urlsafe(32), clock.now()
    ApiToken.objects.filter(user=account, expires_at__lte=now).delete()
    ApiToken.objects.create(
        user=account,
        digest=_digest(token),
        session_epoch=account.session_epoch,
        made_at=now,
        expires_at=now + LIFETIME,
    )
    audit.record(actor=account, action="accounts.token.issue", target_type="user", target_id=account.username)
    return token


def find_token(token: str) -> ApiToken | None:
    """
    The token's row with its account, or None: unknown, expired, or from before the last change of
    password, duties or activation. One query.
    """
    row = (
        ApiToken.objects.select_related("user__person", "user__unit__division")
        .filter(digest=_digest(token), expires_at__gt=clock.now())
        .first()
    )
    if row is None or not row.user.is_active or row.session_epoch != row.user.session_epoch:
        return None
    return row


def user_of_token(token: str) -> User | None:
    """The account a token stands for, or None where it stands for nobody now. One query."""
    row = find_token(token)
    return row.user if row else None


def proof_of_token(row: ApiToken) -> Proof | None:
    """A token just issued for password and second factor proves one signature; an older one proves none."""
    if clock.now() - row.made_at > FRESH:
        return None
    return Proof(row.user_id, "token", f"token:{row.digest}", row.made_at)


@transaction.atomic
def revoke_tokens(account: User) -> int:
    """End every token of an account; returns how many."""
    count, _by_model = ApiToken.objects.filter(user=account).delete()
    if count:
        audit.record(actor=account, action="accounts.token.revoke", target_type="user", target_id=account.username)
    return count


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
