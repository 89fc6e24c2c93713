"""What a password must be (art. 18)."""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import User

MIN_LENGTH = 12
MIN_CLASSES = 3
REMEMBERED = 5
CONTEXT_WORDS = Path(__file__).parent / "data" / "password_words.txt"
_ALPHABETS = ("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnpqrstuvwxyz", "23456789")


class PolicyValidator:
    """
    口令规则 — at least 12 characters of 3 of 4 classes; not common, not the account's name, no word
    of this field or province, none of the last five. Raises ValidationError with every fault at once.
    """

    def __init__(self) -> None:
        self._common = CommonPasswordValidator()

    def validate(self, password: str, user: User | None = None) -> None:
        faults = [
            *_shape_faults(password),
            *self._word_faults(password, username=user.username if user else ""),
        ]
        if not faults and user and user.pk and was_used(user, password):
            faults.append(
                ValidationError(
                    _("This is one of the last %(count)s passwords."),
                    code="PASSWORD_USED",
                    params={"count": REMEMBERED},
                )
            )
        if faults:
            raise ValidationError(faults)

    def get_help_text(self) -> str:
        return gettext(
            "At least %(length)s characters with %(classes)s of: capital letters, small letters, digits, signs. "
            "No account name, no word of this system, none of your last %(used)s passwords."
        ) % {"length": MIN_LENGTH, "classes": MIN_CLASSES, "used": REMEMBERED}

    def _word_faults(self, password: str, *, username: str) -> list[ValidationError]:
        faults: list[ValidationError] = []
        lowered = password.lower()
        try:
            self._common.validate(password)
        except ValidationError:
            faults.append(ValidationError(_("Many people use this password."), code="PASSWORD_COMMON"))
        parts = {username.lower(), *(part for part in username.lower().split(".") if len(part) >= 5)} - {""}
        if any(part in lowered for part in parts):
            faults.append(ValidationError(_("It holds the account's name."), code="PASSWORD_NAME"))
        if found := next((word for word in context_words() if word in lowered), ""):
            faults.append(
                ValidationError(
                    _("It holds “%(word)s”, which is easy to guess here."),
                    code="PASSWORD_WORD",
                    params={"word": found},
                )
            )
        return faults


def _shape_faults(password: str) -> list[ValidationError]:
    faults: list[ValidationError] = []
    if len(password) < MIN_LENGTH:
        faults.append(
            ValidationError(
                _("It has %(has)s characters; at least %(needs)s are needed."),
                code="PASSWORD_SHORT",
                params={"has": len(password), "needs": MIN_LENGTH},
            )
        )
    if character_classes(password) < MIN_CLASSES:
        faults.append(
            ValidationError(
                _("It needs %(needs)s of: capital letters, small letters, digits, signs."),
                code="PASSWORD_CLASSES",
                params={"needs": MIN_CLASSES},
            )
        )
    return faults


def character_classes(password: str) -> int:
    """How many of the four classes occur; every character that is no ASCII letter or digit is a sign."""
    return sum(
        (
            any("A" <= c <= "Z" for c in password),
            any("a" <= c <= "z" for c in password),
            any("0" <= c <= "9" for c in password),
            any(not (c.isascii() and c.isalnum()) for c in password),
        )
    )


@cache
def context_words() -> tuple[str, ...]:
    """Words of the field and names of the provinces, in characters and in pinyin."""
    lines = CONTEXT_WORDS.read_text(encoding="utf-8").splitlines()
    return tuple(line.strip().lower() for line in lines if line.strip() and not line.startswith("#"))


def was_used(user: User, password: str) -> bool:
    """Is it one of the last five? Costs up to five hashes."""
    hashes = user.password_history.order_by("-at", "-pk").values_list("password", flat=True)[:REMEMBERED]
    return any(check_password(password, encoded) for encoded in hashes)


def one_time_password() -> str:
    """Sixteen characters without look-alikes, in four groups; keeps the policy."""
    while True:
        letters = "".join(_ALPHABETS)
        text = "-".join("".join(secrets.choice(letters) for _n in range(4)) for _group in range(4))
        if character_classes(text) == MIN_CLASSES + 1 and not any(word in text.lower() for word in context_words()):
            return text
