"""Shapes of what is typed on the pages of transmission."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Division
from sync.models import Node

MOST_WORDS = 2000


class SendForm(forms.Form):
    """Why the batch goes outside the window."""

    reason = forms.CharField(
        label=_("Reason for sending now"),
        max_length=MOST_WORDS,
        required=False,
        widget=forms.TextInput(attrs={"class": "inp", "placeholder": _("Important or large new data")}),
    )


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
    division = forms.CharField(
        label=_("Division code"), max_length=12, help_text=_("What it sends lies in this division.")
    )
    sends = forms.BooleanField(label=_("Sends to the centre at every window"), required=False, initial=True)

    def clean_division(self) -> Division:
        found = Division.objects.by_code(self.cleaned_data["division"].strip())
        if found is None:
            raise forms.ValidationError(_("No division has this code; write six digits, like 510000."))
        return found


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
