"""Input of the pages: shape only; rules are in the services."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import DUTIES_OF_CLASS, Duty, PersonClass
from accounts.models import Division, Grant, Person, Unit, User
from accounts.passwords import PolicyValidator
from accounts.places import UnitField
from povfund.common.form_fields import DayField


class SignInForm(forms.Form):
    """登录"""

    username = forms.CharField(
        label=_("Account"),
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    otp = forms.CharField(
        label=_("One-time code"),
        max_length=16,
        required=False,
        help_text=_("6 digits, where you use a second factor"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasswordForm(forms.Form):
    """更改口令"""

    current = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new"].help_text = PolicyValidator().get_help_text()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("new") != values.get("again"):
            self.add_error("again", _("The two new passwords differ."))
        return values


class CodeForm(forms.Form):
    """动态码"""

    code = forms.CharField(
        label=_("One-time code"),
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class ReasonForm(forms.Form):
    """理由"""

    reason = forms.CharField(label=_("Reason"), max_length=400, widget=forms.TextInput(attrs={"size": 40}))


class PersonForm(forms.ModelForm):
    """A person on a unit's roster."""

    class Meta:
        model = Person
        fields = ["name", "personnel_class", "office_phone", "email"]


class PersonDetailsForm(forms.ModelForm):
    """What of a person may be corrected: the class stays."""

    class Meta:
        model = Person
        fields = ["name", "office_phone", "email"]


class SuccessionForm(forms.Form):
    """单位沿革 — to which unit the tasks passed, since when, by which document."""

    successor = UnitField(label=_("Successor"), max_length=30, help_text=_("Written 511921.finance."))
    since = DayField(label=_("acts for it from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    former_name = forms.CharField(
        label=_("former name"), max_length=100, required=False, help_text=_("Empty: the unit's name of today.")
    )
    document = forms.CharField(label=_("by which document"), max_length=200)


class AccountForm(forms.Form):
    """A seat for a person."""

    unit = UnitField(label=_("Unit"), max_length=30, help_text=_("Written 511921.finance."))
    username = forms.CharField(label=_("Account"), max_length=60, help_text=_("Such as 511921.finance.entry."))


class DutiesForm(forms.Form):
    """The duties of an account, of those its person's class may hold."""

    duties = forms.MultipleChoiceField(label=_("Duties"), required=False, widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(label=_("Reason"), max_length=400)

    def __init__(self, *args: Any, account: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        duties = DUTIES_OF_CLASS[PersonClass(account.person_class)]
        self.fields["duties"].choices = [(duty.value, Duty(duty).label) for duty in duties]  # type: ignore[attr-defined]


class GrantForm(forms.Form):
    """A dated exception for a person: a unit (`511922.finance`) or a division (`511922`)."""

    target = forms.CharField(
        label=_("Unit or division"), max_length=30, help_text=_("A unit such as 511922.finance or a division code.")
    )
    right = forms.ChoiceField(label=_("Right"), choices=Grant.Right.choices)
    valid_from = DayField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    valid_to = DayField(label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(label=_("Reason"), max_length=400)

    def clean_target(self) -> Unit | Division:
        text = self.cleaned_data["target"].strip()
        target = Unit.objects.by_key(text) if "." in text else Division.objects.by_code(text)
        if target is None:
            raise forms.ValidationError(_("No unit or division “%(key)s”."), params={"key": text})
        return target
