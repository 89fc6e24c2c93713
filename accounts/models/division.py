"""Divisions of the country and the units in them."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.utils.translation import gettext, gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from accounts.choices import KEY_LENGTH, MUNICIPALITIES, UNIT_TITLES, Level, UnitKind
from accounts.querysets import DivisionQuerySet, UnitQuerySet
from povfund.common.triggers import append_only
from povfund.common.wording import in_chinese, message_in_both

models.CharField.register_lookup(Length)


class Division(models.Model):
    """
    行政区划 — one node of the tree, identified by (level, GB/T 2260 code), with the dates of its code.

    `scope_key` is a path of 2+2+2+3+3 characters built from the parent chain ("" for the whole
    country), so that a subtree is a prefix range on its index. Bodies without a national code
    are `local`; their code and key segment are letter + digit (`5119A1`).
    """

    code = models.CharField(_("code"), max_length=12, db_collation="C")
    level = models.CharField(_("level"), max_length=8, choices=Level)
    name = models.CharField(_("name"), max_length=60)
    former_name = models.CharField(_("former name"), max_length=60, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    scope_key = models.CharField(_("scope key"), max_length=12, blank=True, db_collation="C")
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    successor = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="predecessors", verbose_name=_("successor")
    )
    local = models.BooleanField(_("without a national code"), default=False)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = DivisionQuerySet.as_manager()

    class Meta:
        ordering = ["scope_key"]
        verbose_name = _("division")
        verbose_name_plural = _("divisions")
        constraints = [
            models.UniqueConstraint(fields=["scope_key"], name="accounts_division_one_key"),
            models.UniqueConstraint(fields=["code", "level"], name="accounts_division_code_once_per_level"),
            models.CheckConstraint(
                condition=Q(*[Q(level=lv, scope_key__length=n) for lv, n in KEY_LENGTH.items()], _connector=Q.OR),
                name="accounts_division_key_fits_level",
            ),
            models.CheckConstraint(
                condition=Q(level=Level.CENTRAL, parent=None) | ~Q(level=Level.CENTRAL) & Q(parent__isnull=False),
                name="accounts_division_only_centre_is_root",
            ),
        ]
        permissions = [("read_division", "May read every reviewed record of this division")]

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """单位 — one kind of authority in one division; the tenant of every record (谁负责谁录入)."""

    division = models.ForeignKey(Division, models.PROTECT, related_name="units", verbose_name=_("division"))
    kind = models.CharField(_("kind"), max_length=12, choices=UnitKind)
    active = models.BooleanField(_("in use"), default=True)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["division__scope_key", "kind"]
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [models.UniqueConstraint(fields=["division", "kind"], name="accounts_unit_one_kind_per_division")]
        permissions = [
            ("read_unit", "May read every reviewed record of this unit"),
            ("review_unit", "May take the unit review of this unit"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The unit as data, API and batches write it: `511921.finance`."""
        return f"{self.division.code}.{self.kind}"

    @property
    def title(self) -> str:
        """财政部, 财政厅, 财政局… — what officials call this kind of unit at this level."""
        division = self.division
        level = division.level if division.level in (Level.CENTRAL, Level.PROVINCE) else Level.CITY
        if self.kind == UnitKind.FINANCE and division.scope_key in MUNICIPALITIES:
            level = Level.CITY
        return str(UNIT_TITLES[Level(level), UnitKind(self.kind)])

    @property
    def name(self) -> str:
        """四川省财政厅, 通江县扶贫局; a central unit is its title alone."""
        if self.division.level == Level.CENTRAL:
            return self.title
        return gettext("%(title)s of %(division)s") % {"division": self.division.name, "title": self.title}

    @property
    def official_name(self) -> str:
        """The name in Chinese, as it is kept and stands on official papers."""
        return in_chinese(lambda: self.name)

    def called(self, kept: str) -> str:
        """A name kept of this unit, as the reader says it; as it was kept where the unit is called otherwise now."""
        return self.name if kept in message_in_both(lambda: self.name).values() else kept


_LEADS_ON = """
    PERFORM pg_advisory_xact_lock(hashtext('accounts_unitsuccession'));
    IF EXISTS (
        WITH RECURSIVE later(unit_id) AS (
            SELECT NEW.successor_id
            UNION SELECT s.successor_id FROM accounts_unitsuccession s JOIN later ON s.unit_id = later.unit_id
        ) SELECT 1 FROM later WHERE unit_id = NEW.unit_id) THEN
        RAISE EXCEPTION 'the succession of unit % would lead back to it', NEW.unit_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_unitsuccession_leads_on', HINT = 'art. 4';
    END IF;
    RETURN NEW;
"""


def leads_on() -> pgtrigger.Trigger:
    """
    A line of successors never leads back, over any number of units. Successions are noted one after the other, so
    that two of them cannot close a circle unseen by each other. Raises SQLSTATE 23514.
    """
    return pgtrigger.Trigger(name="leads_on", when=pgtrigger.Before, operation=pgtrigger.Insert, func=_LEADS_ON)


class UnitSuccession(models.Model):
    """
    单位沿革 — a unit's tasks passed to another one on a day: renamed, merged or split off.

    Whatever was bound to the unit is acted on by its successor; history keeps `former_name`. Append-only.
    """

    db_access = "append_only"

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="successions", verbose_name=_("unit"))
    successor = models.ForeignKey(Unit, models.PROTECT, related_name="predecessions", verbose_name=_("successor"))
    since = models.DateField(_("acts for it from"))
    former_name = models.CharField(_("former name"), max_length=100)
    document = models.CharField(_("by which document"), max_length=200)

    class Meta:
        ordering = ["since", "pk"]
        verbose_name = _("succession of units")
        verbose_name_plural = _("successions of units")
        constraints = [
            models.UniqueConstraint(fields=["unit"], name="accounts_unitsuccession_once"),
            models.CheckConstraint(
                condition=~Q(unit=models.F("successor")), name="accounts_unitsuccession_another_unit"
            ),
        ]
        triggers = [append_only(), leads_on()]

    def __str__(self) -> str:
        return f"{self.former_name} → {self.successor}"


class UnitPermission(UserObjectPermissionBase):
    """单位例外授权 — guardian's row for one account on one unit; the dated truth is `Grant`."""

    content_object = models.ForeignKey(Unit, models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
        verbose_name = _("exception on a unit")


class DivisionPermission(UserObjectPermissionBase):
    """区划例外授权 — guardian's row for one account on one division; the dated truth is `Grant`."""

    content_object = models.ForeignKey(Division, models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
        verbose_name = _("exception on a division")
