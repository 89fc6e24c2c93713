"""Persons, their accounts, and dated exceptions to scope."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from guardian.mixins import GuardianUserMixin

from accounts.choices import (
    CAPABILITIES_OF_DUTY,
    DUTIES_OF_CLASS,
    FINANCE_ONLY,
    NODE_WIDE,
    Capability,
    Duty,
    PersonClass,
    UnitKind,
)
from accounts.models.division import Division, Unit
from accounts.querysets import GrantQuerySet, PersonQuerySet, UserQuerySet
from povfund.common import clock
from povfund.common.triggers import append_only

if TYPE_CHECKING:
    from accounts.scope import Scope


class Person(models.Model):
    """
    人员 — a filed person (art. 17); has one or more accounts and exactly one class.

    `unit` is where the person is on the roster; accounts may sit in other units too. The class is
    fixed while accounts exist: `User` refers to (id, personnel_class).
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="persons", verbose_name=_("unit"))
    name = models.CharField(_("name"), max_length=60)
    personnel_class = models.CharField(_("class"), max_length=16, choices=PersonClass, default=PersonClass.STAFF)
    office_phone = models.CharField(_("office phone"), max_length=30, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    active = models.BooleanField(_("in office"), default=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        constraints = [
            models.UniqueConstraint(fields=["id", "personnel_class"], name="accounts_person_class_reference")
        ]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Accounts are made by `accounts.services`; this only looks them up."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.with_seat().get(username=username)


def _duties_fit_class() -> Q:
    return Q(
        *[Q(person_class=c, duties__contained_by=[str(d) for d in duties]) for c, duties in DUTIES_OF_CLASS.items()],
        _connector=Q.OR,
    )


class User(GuardianUserMixin, AbstractBaseUser):
    """
    账号 — a person's seat in one unit.

    `person_class` repeats the person's class: a composite foreign key to `Person` and the check
    on `duties` make mixed posts (art. 17) impossible in the database itself.
    """

    username = models.CharField(_("account"), max_length=60, db_collation="C")
    person = models.ForeignKey(Person, models.PROTECT, related_name="accounts", verbose_name=_("person"))
    person_class = models.CharField(_("class"), max_length=16, choices=PersonClass, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="accounts", verbose_name=_("unit"))
    duties = ArrayField(models.CharField(max_length=16, choices=Duty), default=list, verbose_name=_("duties"))
    is_active = models.BooleanField(_("in use"), default=True)
    password_changed_at = models.DateTimeField(_("password changed"), null=True, blank=True)
    must_change_password = models.BooleanField(_("must change password"), default=False)
    session_epoch = models.PositiveIntegerField(_("session epoch"), default=0, editable=False)
    """Part of the session's hash and of every token; raising it ends all of them at the next request."""
    session_nonce = models.CharField(max_length=32, blank=True, editable=False, db_collation="C")
    """Names the one session in force where `ONE_SESSION_PER_ACCOUNT` is set."""
    is_demo = models.BooleanField(_("of the demo world"), default=False, editable=False)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    last_seen = models.DateTimeField(_("last seen"), null=True, blank=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: list[str] = []
    is_staff = False
    is_superuser = False

    objects = UserManager()

    class Meta:
        ordering = ["username"]
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(fields=["username"], name="accounts_user_one_username"),
            models.CheckConstraint(condition=_duties_fit_class(), name="accounts_user_duties_fit_class"),
        ]

    def __str__(self) -> str:
        return self.username

    def can(self, capability: str) -> bool:
        """Does a duty of the account include it? An unknown capability raises ValueError."""
        return self.is_active and Capability(capability) in self.capabilities

    @cached_property
    def capabilities(self) -> frozenset[Capability]:
        """Everything the duties include in this unit."""
        held = frozenset().union(*(CAPABILITIES_OF_DUTY[duty] for duty in self.duties))
        if self.unit.division.code != settings.NODE_DIVISION:
            held -= NODE_WIDE
        return held if self.unit.kind == UnitKind.FINANCE else held - FINANCE_ONLY

    @property
    def duty_names(self) -> list[str]:
        """The duties as officials say them."""
        return [str(Duty(duty).label) for duty in self.duties]

    @property
    def password_due(self) -> bool:
        """Must the password be changed before anything else? Demo passwords do not age."""
        if self.must_change_password or self.password_changed_at is None:
            return True
        return not self.is_demo and clock.now() - self.password_changed_at > settings.PASSWORD_MAX_AGE

    @cached_property
    def scope(self) -> Scope:
        """Where the account may read; see `accounts.scope`."""
        from accounts.scope import scope_of

        return scope_of(self)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Also forgets what was derived from duties and grants."""
        super().refresh_from_db(*args, **kwargs)
        for name in ("capabilities", "scope"):
            self.__dict__.pop(name, None)

    def get_session_auth_hash(self) -> str:
        """What a session must hold to live on: it changes with the password and with `session_epoch`."""
        return self._session_hash()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes | None = None) -> str:
        text = f"{self.password}:{self.session_epoch}"
        return salted_hmac("accounts.session", text, secret=secret, algorithm="sha256").hexdigest()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's permissions are not used: capabilities and scope decide."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


class PasswordHistory(models.Model):
    """历史口令 — hashes of the last passwords, so that none of the last five returns."""

    db_access = "append_only"

    user = models.ForeignKey(User, models.PROTECT, related_name="password_history")
    password = models.CharField(max_length=128)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        triggers = [append_only()]


class ApiToken(models.Model):
    """接口令牌 — eight hours, kept as a hash; ends with a change of password, duties or class."""

    user = models.ForeignKey(User, models.PROTECT, related_name="api_tokens")
    digest = models.CharField(max_length=64, db_collation="C")
    session_epoch = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="accounts_apitoken_one_digest")]


class Grant(models.Model):
    """
    授权 — a dated exception to scope for one person, given by the security administrator.

    The truth beside guardian's row: both must exist, and the ticker removes what has expired.
    """

    class Right(models.TextChoices):
        READ = "read", _("Read")
        REVIEW = "review", _("Review on behalf")

    person = models.ForeignKey(Person, models.PROTECT, related_name="grants", verbose_name=_("person"))
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, verbose_name=_("unit"))
    division = models.ForeignKey(Division, models.PROTECT, null=True, blank=True, verbose_name=_("division"))
    right = models.CharField(_("right"), max_length=8, choices=Right, default=Right.READ)
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"))
    reason = models.CharField(_("reason"), max_length=400)
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("given by"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ["-valid_from", "-pk"]
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.CheckConstraint(condition=Q(valid_to__gte=F("valid_from")), name="accounts_grant_dates_in_order"),
            models.CheckConstraint(
                condition=Q(unit=None, division__isnull=False) | Q(unit__isnull=False, division=None),
                name="accounts_grant_one_target",
            ),
            models.CheckConstraint(
                condition=Q(right="read") | Q(unit__isnull=False), name="accounts_grant_review_names_a_unit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.get_right_display()} · {self.unit or self.division}"
