"""Passwords and the second factor: given once by the security administrator, changed by their owner."""

from __future__ import annotations

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import audit, permissions
from accounts.models import PasswordHistory, User
from accounts.passwords import one_time_password
from accounts.services.people import locked
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.verdict import require


def encode_password(password: str) -> str:
    """The hash of a password outside the policy's reach, for the demo world and tests."""
    return make_password(password)


@transaction.atomic
def reset_password(actor: User | None, *, account: User) -> str:
    """
    Give an account a one-time password and return it; it is seen this once and must be changed at
    sign-in. Sessions and tokens end. Raises Refused.
    """
    row = locked(account)
    if actor:
        require(permissions.may_give_duties(actor, row))
    password = one_time_password()
    _store(row, password, must_change=True)
    audit.record(actor=actor, action="accounts.user.reset_password", target_type="user", target_id=row.username)
    return password


@transaction.atomic
def change_password(account: User, *, current: str, new: str) -> User:
    """
    The owner changes the password; other sessions and all tokens end.

    Raises RuleViolation PASSWORD_CURRENT or one finding for each fault of the new password.
    """
    row = locked(account)
    if not check_password(current, row.password):
        raise RuleViolation(Finding("PASSWORD_CURRENT", _("The present password is not right."), "current"))
    check_password_policy(new, account=row)
    _store(row, new, must_change=False)
    audit.record(actor=row, action="accounts.user.change_password", target_type="user", target_id=row.username)
    return row


def check_password_policy(password: str, *, account: User) -> None:
    """Raises RuleViolation with every fault of the password (art. 18)."""
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise RuleViolation(
            [Finding(str(fault.code), " ".join(fault.messages), "new", article="18") for fault in error.error_list]
        ) from None


@transaction.atomic
def reset_second_factor(actor: User, *, account: User) -> int:
    """Forget the account's devices, so that a new one is enrolled at the next sign-in. Raises Refused."""
    row = locked(account)
    require(permissions.may_give_duties(actor, row))
    count, _by_model = TOTPDevice.objects.filter(user=row).delete()
    User.objects.filter(pk=row.pk).update(session_epoch=F("session_epoch") + 1)
    audit.record(actor=actor, action="accounts.user.reset_second_factor", target_type="user", target_id=row.username)
    return count


@transaction.atomic
def confirm_second_factor(account: User, *, device: TOTPDevice) -> None:
    """From now on the account signs in with codes of this device, whose first code was right."""
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    audit.record(
        actor=account, action="accounts.user.confirm_second_factor", target_type="user", target_id=account.username
    )


def _store(row: User, password: str, *, must_change: bool) -> None:
    row.password = make_password(password)
    row.password_changed_at = clock.now()
    row.must_change_password = must_change
    row.session_epoch = F("session_epoch") + 1
    row.save(update_fields=["password", "password_changed_at", "must_change_password", "session_epoch"])
    row.refresh_from_db(fields=["session_epoch"])
    PasswordHistory.objects.create(user=row, password=row.password, at=row.password_changed_at)
