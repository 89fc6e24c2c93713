"""Addresses of signing in and of administration."""

from django.urls import path, register_converter

from accounts.views import accounts, audit, people, session, units


class UnitKey:
    """`511921.finance` in an address."""

    regex = r"[0-9A-Z]{2,12}\.[a-z]+"

    def to_python(self, value: str) -> str:
        return value

    to_url = to_python


class Username:
    """An account's name in an address."""

    regex = r"[0-9a-z._-]{1,60}"

    def to_python(self, value: str) -> str:
        return value

    to_url = to_python


register_converter(UnitKey, "unit_key")
register_converter(Username, "username")

app_name = "accounts"

_ACCOUNT = "administration/accounts/<username:username>/"
_PERSON = "administration/persons/<int:pk>/"

urlpatterns = [
    path("login/", session.sign_in, name="login"),
    path("logout/", session.sign_out, name="logout"),
    path("password/", session.password, name="password"),
    path("second-factor/", session.second_factor, name="second_factor"),
    path("administration/units/", units.unit_list, name="units"),
    path("administration/units/open/", units.unit_open, name="unit_open"),
    path("administration/units/<unit_key:key>/", units.unit_detail, name="unit"),
    path("administration/units/<unit_key:key>/close/", units.unit_close, name="unit_close"),
    path("administration/units/<unit_key:key>/succession/", units.unit_succeed, name="unit_succeed"),
    path(_PERSON, people.person_detail, name="person"),
    path(f"{_PERSON}change/", people.person_change, name="person_change"),
    path(f"{_PERSON}leave/", people.person_leave, name="person_leave"),
    path(f"{_PERSON}accounts/", people.account_create, name="account_create"),
    path(f"{_PERSON}grants/", people.grant_give, name="grant_give"),
    path(f"{_PERSON}grants/<int:grant>/end/", people.grant_end, name="grant_end"),
    path("administration/accounts/", accounts.account_list, name="accounts"),
    path(_ACCOUNT, accounts.account_detail, name="account"),
    path(f"{_ACCOUNT}duties/", accounts.account_duties, name="account_duties"),
    path(f"{_ACCOUNT}activation/", accounts.account_activation, name="account_activation"),
    path(f"{_ACCOUNT}password/", accounts.account_password, name="account_password"),
    path(f"{_ACCOUNT}second-factor/", accounts.account_second_factor, name="account_second_factor"),
    path(f"{_ACCOUNT}unlock/", accounts.account_unlock, name="account_unlock"),
    path("administration/locks/", accounts.lock_list, name="locks"),
    path("administration/audit/", audit.audit_list, name="audit"),
    path("administration/audit/<int:pk>/", audit.audit_detail, name="audit_entry"),
]
