"""Forms of the app."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from records.life.files import SUFFIXES

ENDINGS = ",".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)


class AttachmentForm(forms.Form):
    """One file."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        help_text=_("PDF, PNG, JPG, XLSX, DOCX or OFD, at most 16 MiB."),
        widget=forms.ClearableFileInput(attrs={"accept": ENDINGS}),
    )
