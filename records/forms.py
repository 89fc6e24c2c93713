"""Forms of the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from records.choices import ExportPurpose, WarningReason
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


class ImportForm(forms.Form):
    """One workbook."""

    file = forms.FileField(
        label=_("Workbook"),
        allow_empty_file=True,
        help_text=_("XLSX or CSV (UTF-8 or GB18030), at most 32 MiB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
    )


class ExportForm(forms.Form):
    """用途与格式 of a file (art. 15)."""

    purpose = forms.ChoiceField(label=_("Purpose"), choices=[("", _("choose")), *ExportPurpose.choices])
    format = forms.ChoiceField(label=_("Format"), choices=[("xlsx", "XLSX"), ("csv", "CSV")])


def reasons_given(post: Mapping[str, str]) -> dict[str, Any]:
    """说明 — the reason chosen for each rule that warned (`reason-F05`), with its words (`words-F05`)."""
    return {
        name.removeprefix("reason-"): {"code": code, "text": post.get(f"words-{name[7:]}", "").strip()[:400]}
        for name, code in post.items()
        if name.startswith("reason-") and code in WarningReason.values
    }
