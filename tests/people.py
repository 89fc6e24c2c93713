"""The named people of the tests, made through the services; one account for each name."""

from __future__ import annotations

from functools import cache

from accounts import services
from accounts.choices import Duty, PersonClass, UnitKind
from accounts.models import Division, Unit, User

PASSWORD = "Lantern-7-orchard"

COUNTY_CLERK = "511921.finance.entry"
COUNTY_REVIEWER = "511921.finance.review"
COUNTY_HEAD = "511921.finance.head"
OUTSIDER = "511922.finance.entry"
CITY_REVIEWER = "511900.finance.review"
PROVINCIAL_CLERK = "510000.finance.entry"
PROVINCIAL_REVIEWER = "510000.finance.review"
PROVINCIAL_HEAD = "510000.finance.head"
CENTRAL_ANALYST = "000000.finance.analyst"
SYSTEM_ADMIN = "510000.sysadmin"
SECURITY_ADMIN = "510000.security"
AUDITOR = "510000.audit"

PEOPLE = {
    "county clerk": COUNTY_CLERK,
    "county head": COUNTY_HEAD,
    "outsider": OUTSIDER,
    "provincial reviewer": PROVINCIAL_REVIEWER,
    "provincial finance head": PROVINCIAL_HEAD,
    "central analyst": CENTRAL_ANALYST,
    "system administrator": SYSTEM_ADMIN,
    "security administrator": SECURITY_ADMIN,
    "auditor": AUDITOR,
}
"""Who walks through every address, by what the tests call them."""

CLASSES = {
    "sysadmin": PersonClass.SYSTEM_ADMIN,
    "security": PersonClass.SECURITY_ADMIN,
    "audit": PersonClass.AUDITOR,
}


def account(name: str, *, is_demo: bool = True) -> User:
    """
    The account of this name: `511921.poverty.entry`, `510000.sysadmin`; made at its first mention.

    Its person has the account's name. `is_demo` keeps the password from ageing when a test moves the clock.
    """
    known = User.objects.with_seat().filter(username=name).first()
    if known:
        return known
    key, _dot, duty = name.rpartition(".")
    seat = unit(key if "." in key else f"{key}.finance")
    person = services.create_person(
        None, unit=seat, name=name, personnel_class=CLASSES.get(duty, PersonClass.STAFF), office_phone="028-12345678"
    )
    return services.create_account(
        None,
        person=person,
        unit=seat,
        username=name,
        duties=[Duty(duty)],
        encoded_password=encoded_password(),
        is_demo=is_demo,
    )


def unit(key: str) -> Unit:
    """The unit written `511921.finance`, opened where it is not there yet."""
    code, _dot, kind = key.partition(".")
    return Unit.objects.by_key(key) or services.open_unit(None, division=division(code), kind=UnitKind(kind))


def division(code: str) -> Division:
    """The division of this code in the code table."""
    found = Division.objects.by_code(code)
    assert found, f"no division {code}"
    return found


@cache
def encoded_password() -> str:
    """The hash of PASSWORD, computed once."""
    return services.encode_password(PASSWORD)


def county_clerk() -> User:
    return account(COUNTY_CLERK)


def county_reviewer() -> User:
    return account(COUNTY_REVIEWER)


def county_head() -> User:
    return account(COUNTY_HEAD)


def outsider() -> User:
    return account(OUTSIDER)


def provincial_clerk() -> User:
    return account(PROVINCIAL_CLERK)


def provincial_reviewer() -> User:
    return account(PROVINCIAL_REVIEWER)


def provincial_head() -> User:
    return account(PROVINCIAL_HEAD)


def central_analyst() -> User:
    return account(CENTRAL_ANALYST)


def system_admin() -> User:
    return account(SYSTEM_ADMIN)


def security_admin() -> User:
    return account(SECURITY_ADMIN)


def auditor() -> User:
    return account(AUDITOR)
