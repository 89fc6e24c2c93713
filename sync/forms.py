"""Shapes of what is typed on the pages of transmission and of change orders."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from accounts.models import Person
from accounts.places import DivisionField
from povfund.common.form_fields import DayField, WholeField
from records.choices import ChangeReason
from sync.choices import SeatDecision
from sync.models import Node

MOST_WORDS = 2000


class SendForm(forms.Form):
    """Why the batch goes outside the window; `digest` is that of the preview beside it."""

    reason = forms.CharField(
        label=_("Reason for sending now"),
        max_length=MOST_WORDS,
        required=False,
        widget=forms.TextInput(attrs={"class": "inp", "placeholder": _("Important or large")}),
    )
    digest = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class ResumeForm(forms.Form):
    """What was found about the many returned lines."""

    comment = forms.CharField(
        label=_("What was found"), max_length=MOST_WORDS, required=False, widget=forms.TextInput(attrs={"class": "inp"})
    )


class NoteForm(forms.Form):
    """A note to a quarantined line."""

    text = forms.CharField(
        label=_("Note"), max_length=MOST_WORDS, required=False, widget=forms.Textarea(attrs={"rows": 3, "class": "inp"})
    )


class NodeForm(forms.Form):
    """A server that will send batches."""

    code = forms.CharField(label=_("Node"), max_length=11, help_text=_("Like P51: P and the province's two digits."))
    name = forms.CharField(label=_("Name of the node"), max_length=60)
    division = DivisionField(
        label=_("Division code"), max_length=12, help_text=_("What it sends lies in this division.")
    )
    sends = forms.BooleanField(label=_("Sends to the centre at every window"), required=False, initial=True)


class QuotaForm(forms.Form):
    """How much of the disk a node's batches may take."""

    node = forms.ModelChoiceField(label=_("Node"), queryset=Node.objects.none())
    gib = WholeField(
        label=_("Disk quota, GiB"), min_value=1, help_text=_("For all of the node's batches; they are kept for ever.")
    )
    reason = forms.CharField(label=_("Why"), max_length=400)

    def __init__(self, *args: Any, nodes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["node"].queryset = nodes  # type: ignore[attr-defined]


class KeyForm(forms.Form):
    """A node's public key, as its administrator sent it."""

    node = forms.ModelChoiceField(label=_("Node"), queryset=Node.objects.none())
    key_id = forms.CharField(label=_("Name of the key"), max_length=40, help_text=_("Like P51/2026a."))
    public = forms.CharField(
        label=_("Public key"), max_length=200, help_text=_("64 hexadecimal digits; spaces do not matter.")
    )

    def __init__(self, *args: Any, nodes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["node"].queryset = nodes  # type: ignore[attr-defined]

    def clean_public(self) -> bytes:
        digits = re.sub(r"[\s:]", "", self.cleaned_data["public"])
        if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
            raise forms.ValidationError(_("This is not a public key: 64 hexadecimal digits are needed."))
        return bytes.fromhex(digits)


class FingerprintForm(forms.Form):
    """The fingerprint as the node's administrator reads it out."""

    fingerprint = forms.CharField(
        label=_("Fingerprint as it is read out"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class DecisionForm(forms.Form):
    """What a person decides in a seat; the proof is given anew each time."""

    decision = forms.ChoiceField(choices=SeatDecision.choices)
    comment = forms.CharField(
        label=_("Comment"),
        max_length=MOST_WORDS,
        required=False,
        help_text=_("A refusal needs one; it is told to all four units."),
        widget=forms.Textarea(attrs={"rows": 2, "class": "inp"}),
    )


class ProofForm(forms.Form):
    """再次验证 — password, and the code where a second factor is set up. `nonce` makes a form sent twice one deed."""

    password = forms.CharField(
        label=_("Your password, again"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"class": "inp", "autocomplete": "current-password"}),
    )
    otp = forms.CharField(
        label=_("Code of the second factor"),
        max_length=12,
        required=False,
        widget=forms.TextInput(attrs={"class": "inp", "autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    nonce = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)


class ChangeReasonForm(forms.Form):
    """Why the content the centre holds is wrong, and the files that prove it."""

    reason_code = forms.ChoiceField(
        label=pgettext_lazy("of a change", "Reason"), choices=[("", ""), *ChangeReason.choices], required=False
    )
    reason = forms.CharField(
        label=_("Explanation"),
        max_length=4000,
        required=False,
        help_text=_("What was reported wrongly, how it was found, and what proves it."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "inp"}),
    )


class WithdrawForm(forms.Form):
    """Why an order is taken back."""

    reason = forms.CharField(
        label=_("Reason for the withdrawal"),
        max_length=MOST_WORDS,
        required=False,
        widget=forms.TextInput(attrs={"class": "inp"}),
    )


class DelegationForm(forms.Form):
    """Who may sign for the unit, and from when to when."""

    person = forms.ModelChoiceField(label=_("Person"), queryset=Person.objects.none())
    valid_from = DayField(label=_("From day"), widget=forms.DateInput(attrs={"type": "date", "class": "inp"}))
    valid_to = DayField(label=_("To day"), widget=forms.DateInput(attrs={"type": "date", "class": "inp"}))
    reason = forms.CharField(label=_("Why"), max_length=400, widget=forms.TextInput(attrs={"class": "inp"}))

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
