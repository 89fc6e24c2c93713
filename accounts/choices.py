"""Levels, unit kinds, person classes, duties and capabilities (arts. 4, 9, 10, 12, 14, 17)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Level(TextChoices):
    """区划级次"""

    CENTRAL = "central", _("Central")
    PROVINCE = "province", _("Province")
    CITY = "city", _("City")
    COUNTY = "county", _("County")
    TOWNSHIP = "township", _("Township")
    VILLAGE = "village", _("Village")


KEY_LENGTH = {
    Level.CENTRAL: 0,
    Level.PROVINCE: 2,
    Level.CITY: 4,
    Level.COUNTY: 6,
    Level.TOWNSHIP: 9,
    Level.VILLAGE: 12,
}
"""Length of `Division.scope_key` at each level."""


class UnitKind(TextChoices):
    """单位类别 — the five lines (归口) of art. 4."""

    FINANCE = "finance", _("Finance")
    POVERTY = "poverty", _("Poverty relief")
    DEVELOPMENT = "development", _("Development and reform")
    ETHNIC = "ethnic", _("Ethnic affairs")
    STATISTICS = "statistics", _("Statistics")


UNIT_TITLES = {
    (Level.CENTRAL, UnitKind.FINANCE): _("Ministry of Finance"),
    (Level.CENTRAL, UnitKind.POVERTY): _("State Council Office of Poverty Alleviation"),
    (Level.CENTRAL, UnitKind.DEVELOPMENT): _("National Development and Reform Commission"),
    (Level.CENTRAL, UnitKind.ETHNIC): _("National Ethnic Affairs Commission"),
    (Level.CENTRAL, UnitKind.STATISTICS): _("National Bureau of Statistics"),
    (Level.PROVINCE, UnitKind.FINANCE): _("Department of Finance"),
    (Level.PROVINCE, UnitKind.POVERTY): _("Bureau of Poverty Relief and Development"),
    (Level.PROVINCE, UnitKind.DEVELOPMENT): _("Development and Reform Commission"),
    (Level.PROVINCE, UnitKind.ETHNIC): _("Ethnic and Religious Affairs Commission"),
    (Level.PROVINCE, UnitKind.STATISTICS): _("Bureau of Statistics"),
    (Level.CITY, UnitKind.FINANCE): _("Bureau of Finance"),
    (Level.CITY, UnitKind.POVERTY): _("Bureau of Poverty Relief"),
    (Level.CITY, UnitKind.DEVELOPMENT): _("Bureau of Development and Reform"),
    (Level.CITY, UnitKind.ETHNIC): _("Bureau of Ethnic and Religious Affairs"),
    (Level.CITY, UnitKind.STATISTICS): _("Bureau of Statistics"),
}
"""What officials call a kind of unit at each level; below the city, the city's titles hold."""

MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
"""直辖市: their finance authority is a 财政局, not a 财政厅."""


class PersonClass(TextChoices):
    """人员类别 — exactly one for each person (art. 17: 不得混岗)."""

    STAFF = "staff", _("Application staff")
    SYSTEM_ADMIN = "system_admin", _("System administrator")
    SECURITY_ADMIN = "security_admin", _("Security administrator")
    AUDITOR = "auditor", _("Auditor")


class Duty(TextChoices):
    """岗位 — what an account is for; a set of capabilities."""

    ENTRY = "entry", _("Entry")
    REVIEW = "review", _("Review")
    HEAD = "head", _("Head of unit")
    CONSOLIDATE = "consolidate", _("Finance consolidation")
    ANALYST = "analyst", _("Analysis")
    SYSADMIN = "sysadmin", _("System administrator")
    SECURITY = "security", _("Security administrator")
    AUDIT = "audit", _("Auditor")


DUTIES_OF_CLASS = {
    PersonClass.STAFF: [Duty.ENTRY, Duty.REVIEW, Duty.HEAD, Duty.CONSOLIDATE, Duty.ANALYST],
    PersonClass.SYSTEM_ADMIN: [Duty.SYSADMIN],
    PersonClass.SECURITY_ADMIN: [Duty.SECURITY],
    PersonClass.AUDITOR: [Duty.AUDIT],
}


class Capability(TextChoices):
    """权限 — one named thing an account may do; an unknown name raises."""

    RECORDS_READ = "records.read", _("Read records")
    FUNDS_ENTER = "funds.enter", _("Enter fund documents")
    FUNDS_REVIEW = "funds.review", _("Review fund documents")
    ROLLUPS_READ = "rollups.read", _("Read totals")
    EXPORT = "records.export", _("Export lists")
    SYNC_READ = "sync.read", _("Read transmissions")
    CHANGES_SIGN = "changes.sign", _("Sign and decide change orders")
    SYNC_SEND = "sync.send", _("Send to the centre")
    NODES_MANAGE = "sync.nodes", _("Manage nodes and keys")
    CALENDAR_MANAGE = "calendar.manage", _("Enter the working calendar")
    JOBS_READ = "jobs.read", _("Read background work")
    ACCOUNTS_MANAGE = "accounts.manage", _("Manage units, persons and accounts")
    GRANTS_MANAGE = "grants.manage", _("Give and end duties and grants")
    AUDIT_READ = "audit.read", _("Read the audit trail")


_READ = {Capability.RECORDS_READ, Capability.ROLLUPS_READ, Capability.SYNC_READ}

CAPABILITIES_OF_DUTY: dict[str, frozenset[Capability]] = {
    Duty.ENTRY: frozenset(_READ | {Capability.FUNDS_ENTER, Capability.EXPORT}),
    Duty.REVIEW: frozenset(_READ | {Capability.FUNDS_REVIEW, Capability.EXPORT, Capability.CHANGES_SIGN}),
    Duty.HEAD: frozenset(
        _READ | {Capability.FUNDS_REVIEW, Capability.EXPORT, Capability.CHANGES_SIGN, Capability.SYNC_SEND}
    ),
    Duty.CONSOLIDATE: frozenset(_READ | {Capability.EXPORT}),
    Duty.ANALYST: frozenset(_READ | {Capability.EXPORT}),
    Duty.SYSADMIN: frozenset(
        {
            Capability.ACCOUNTS_MANAGE,
            Capability.CALENDAR_MANAGE,
            Capability.JOBS_READ,
            Capability.NODES_MANAGE,
            Capability.SYNC_READ,
        }
    ),
    Duty.SECURITY: frozenset({Capability.GRANTS_MANAGE}),
    Duty.AUDIT: frozenset({Capability.AUDIT_READ}),
}

NODE_WIDE = frozenset({Capability.SYNC_SEND, Capability.NODES_MANAGE, Capability.CALENDAR_MANAGE, Capability.JOBS_READ})
"""Capabilities over the whole node: a duty brings them only in the division the node stands for."""

FINANCE_ONLY = frozenset({Capability.SYNC_SEND})
"""Capabilities a duty brings in finance units alone (arts. 12, 13)."""

SECOND_FACTOR_DUTIES = frozenset({Duty.HEAD, Duty.SYSADMIN, Duty.SECURITY, Duty.AUDIT})
"""Duties that sign in with a second factor where `SECOND_FACTOR_REQUIRED` is set."""
