"""Invented people of the demo world, one account each."""

from __future__ import annotations

import itertools
import zlib

from django.conf import settings

from accounts import services
from accounts.choices import Duty, PersonClass, UnitKind
from accounts.models import Division, Unit, User

DUTIES = (Duty.ENTRY, Duty.REVIEW, Duty.HEAD, Duty.ANALYST)
ADMINISTRATORS = {
    "sysadmin": (PersonClass.SYSTEM_ADMIN, Duty.SYSADMIN),
    "security": (PersonClass.SECURITY_ADMIN, Duty.SECURITY),
    "audit": (PersonClass.AUDITOR, Duty.AUDIT),
}
SURNAMES = "陈王李赵周何罗吴邓林孙杨刘黄徐马朱胡郭高"
GIVEN = (
    "晓兰",
    "立群",
    "志远",
    "文秀",
    "建华",
    "国栋",
    "敏",
    "静",
    "倩",
    "维",
    "雨桐",
    "海波",
    "思源",
    "春燕",
    "明辉",
    "若溪",
)


def invented_name(username: str) -> str:
    """A name that is always the same for an account."""
    names = [a + b for a, b in itertools.product(SURNAMES, GIVEN)]
    return names[zlib.crc32(username.encode()) % len(names)]


def make_accounts(codes: list[str]) -> int:
    """Every duty of every kind of unit of these divisions, and their three administrators; returns how many are new."""
    password = services.encode_password(settings.DEMO_PASSWORD)
    made = 0
    for code in codes:
        division = Division.objects.by_code(code)
        if division is None:
            raise LookupError(f"no division {code}; run load_divisions first")
        units = {unit.kind: unit for unit in Unit.objects.filter(division=division).select_related("division")}
        for kind, duty in itertools.product(UnitKind.values, DUTIES):
            made += _account(units[kind], f"{code}.{kind}.{duty}", PersonClass.STAFF, duty, password)
        for name, (personnel_class, duty) in ADMINISTRATORS.items():
            made += _account(units[UnitKind.FINANCE], f"{code}.{name}", personnel_class, duty, password)
    return made


def _account(unit: Unit, username: str, personnel_class: str, duty: str, password: str) -> bool:
    if User.objects.filter(username=username).exists():
        return False
    person = services.create_person(
        None,
        unit=unit,
        name=invented_name(username),
        personnel_class=personnel_class,
        office_phone="028-00000000",
    )
    services.create_account(
        None, person=person, unit=unit, username=username, duties=[duty], encoded_password=password, is_demo=True
    )
    return True


def make_second_administrator(code: str) -> None:
    """A second person who confirms what the first one entered (node keys)."""
    unit = Unit.objects.select_related("division").get(division__code=code, kind=UnitKind.FINANCE)
    password = services.encode_password(settings.DEMO_PASSWORD)
    _account(unit, f"{code}.sysadmin2", PersonClass.SYSTEM_ADMIN, Duty.SYSADMIN, password)
