"""What stands in an entry of the audit trail, in words; the names it is kept under stay beside them."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _, pgettext, pgettext_lazy

from accounts.choices import Duty, PersonClass
from povfund.common.phrases import listed
from records.choices import RecordState
from records.registry import record_types

FIELDS = {
    "address": pgettext_lazy("trail", "network address"),
    "applied": pgettext_lazy("trail", "applied"),
    "asked_by": pgettext_lazy("trail", "asked for by"),
    "batch": pgettext_lazy("trail", "batch"),
    "budget_year": pgettext_lazy("trail", "budget year"),
    "chain": pgettext_lazy("trail", "chain"),
    "changed": pgettext_lazy("trail", "changed"),
    "class": pgettext_lazy("trail", "class of personnel"),
    "columns": pgettext_lazy("trail", "columns"),
    "count": pgettext_lazy("trail", "count"),
    "created": pgettext_lazy("trail", "created"),
    "date": pgettext_lazy("trail", "day"),
    "days": pgettext_lazy("trail", "days"),
    "delegated": pgettext_lazy("trail", "as a deputy"),
    "division": pgettext_lazy("trail", "division"),
    "document": pgettext_lazy("trail", "document"),
    "document_no": pgettext_lazy("trail", "document number"),
    "due": pgettext_lazy("trail", "due on"),
    "duplicate": pgettext_lazy("trail", "held already"),
    "duties": pgettext_lazy("trail", "duties"),
    "email": pgettext_lazy("trail", "e-mail"),
    "expected": pgettext_lazy("trail", "rows expected"),
    "export": pgettext_lazy("trail", "export"),
    "failures_forgotten": pgettext_lazy("trail", "failed attempts forgotten"),
    "file": pgettext_lazy("trail", "file"),
    "filter": pgettext_lazy("trail", "filter"),
    "fingerprint": pgettext_lazy("trail", "fingerprint of the key"),
    "format": pgettext_lazy("trail", "format"),
    "former_name": pgettext_lazy("trail", "former name"),
    "from": pgettext_lazy("trail", "from"),
    "gib": pgettext_lazy("trail", "share of the disk (GiB)"),
    "hash": pgettext_lazy("trail", "digest of the content"),
    "import": pgettext_lazy("trail", "import"),
    "is_active": pgettext_lazy("trail", "in use"),
    "kept": pgettext_lazy("trail", "kept back"),
    "key": pgettext_lazy("trail", "about"),
    "kind": pgettext_lazy("trail", "kind"),
    "left_on": pgettext_lazy("trail", "left on"),
    "lines": pgettext_lazy("trail", "lines"),
    "message": pgettext_lazy("trail", "message"),
    "moved": pgettext_lazy("trail", "moved along"),
    "name": pgettext_lazy("trail", "name"),
    "node": pgettext_lazy("trail", "node"),
    "nominal": pgettext_lazy("trail", "window of"),
    "number": pgettext_lazy("trail", "number"),
    "office_phone": pgettext_lazy("trail", "office telephone"),
    "order": pgettext_lazy("trail", "change order"),
    "owner_kind": pgettext_lazy("trail", "line of business"),
    "owner_unit": pgettext_lazy("trail", "responsible unit"),
    "permit": pgettext_lazy("trail", "permit"),
    "person": pgettext_lazy("trail", "person"),
    "proved_by": pgettext_lazy("trail", "proved by"),
    "purpose": pgettext_lazy("trail", "purpose"),
    "reason": pgettext_lazy("trail", "reason"),
    "records": pgettext_lazy("trail", "records"),
    "refused": pgettext_lazy("trail", "refused"),
    "restored": pgettext_lazy("trail", "put back"),
    "returned": pgettext_lazy("trail", "returned"),
    "rev": pgettext_lazy("trail", "revision"),
    "right": pgettext_lazy("trail", "right"),
    "root": pgettext_lazy("trail", "digest of the records"),
    "rows": pgettext_lazy("trail", "rows"),
    "search": pgettext_lazy("trail", "words looked for"),
    "seat": pgettext_lazy("trail", "seat"),
    "sends": pgettext_lazy("trail", "sends at every window"),
    "seq": pgettext_lazy("trail", "number of the batch"),
    "sha256": pgettext_lazy("trail", "digest of the file"),
    "since": pgettext_lazy("trail", "since"),
    "size": pgettext_lazy("trail", "bytes"),
    "source": pgettext_lazy("trail", "source"),
    "state": pgettext_lazy("trail", "state"),
    "successor": pgettext_lazy("trail", "successor"),
    "target": pgettext_lazy("trail", "unit or division"),
    "to": pgettext_lazy("trail", "to"),
    "trigger": pgettext_lazy("trail", "occasion"),
    "uids": pgettext_lazy("trail", "records"),
    "uids_sha256": pgettext_lazy("trail", "digest of the records"),
    "unit": pgettext_lazy("trail", "unit"),
    "valid_from": pgettext_lazy("trail", "valid from"),
    "valid_to": pgettext_lazy("trail", "valid to"),
    "version": pgettext_lazy("trail", "version"),
    "voices": pgettext_lazy("trail", "persons who agreed"),
    "why": pgettext_lazy("trail", "why"),
    "written": pgettext_lazy("trail", "rows written"),
}
TARGETS = {
    "alarm": pgettext_lazy("deed", "alarm"),
    "batch": pgettext_lazy("deed", "batch"),
    "calendar_year": pgettext_lazy("deed", "working calendar"),
    "chain_stop": pgettext_lazy("deed", "stopped chain"),
    "change_order": pgettext_lazy("deed", "change order"),
    "grant": pgettext_lazy("deed", "exception"),
    "job": pgettext_lazy("trail", "background work"),
    "node": pgettext_lazy("deed", "node"),
    "node_key": pgettext_lazy("deed", "node key"),
    "person": pgettext_lazy("deed", "person"),
    "quarantined_line": pgettext_lazy("deed", "returned line"),
    "rollups": pgettext_lazy("deed", "totals"),
    "unit": pgettext_lazy("deed", "unit"),
    "user": pgettext_lazy("deed", "account"),
    "window": pgettext_lazy("deed", "transmission window"),
}
CODES = {"duties": dict(Duty.choices), "class": dict(PersonClass.choices), "state": dict(RecordState.choices)}


def field_words(name: str) -> str:
    """What a name of the entry means; one nobody worded stays as it is, so that nothing is hidden."""
    return str(FIELDS.get(name, name))


def target_words(target_type: str) -> str:
    """What an entry is about."""
    kind = record_types().get(target_type)
    return str(kind.label if kind else TARGETS.get(target_type, target_type))


def value_words(name: str, value: Any) -> str:
    """A value of that name: codes by their words, several in a row."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return pgettext("list", "; ").join(
            field_words(part) + pgettext("label", ": ") + value_words(part, inner) for part, inner in value.items()
        )
    if isinstance(value, list):
        return listed(value_words(name, inner) for inner in value)
    orders: Any = apps.get_model("sync", "ChangeOrder")._meta.get_field("state")
    codes = CODES.get(name, {}) | (dict(orders.choices) if name == "state" else {})
    return str(codes.get(value, value))
