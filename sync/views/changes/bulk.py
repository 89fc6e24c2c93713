"""One order over many records: a filtered list, one common change or deletion, a manifest, one decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from povfund.common.errors import Finding, RuleViolation
from povfund.common.uid import uuid_of
from povfund.common.verdict import ALLOWED, Verdict, denied, require
from records.choices import RecordState
from records.models import RecordRevision, SheetImport
from records.registry import ChangeForm, RecordType, record_types
from sync.changes import services
from sync.changes.imports import import_seen, stored_by, taking_back
from sync.changes.proposals import root_of
from sync.changes.services import Asked, Proposal
from sync.changes.showing import shown_items
from sync.forms import ChangeReasonForm
from sync.models import OpenChange
from sync.views.changes.asking import draw_up
from sync.views.changes.manifest import pages

DELETE, UNDO = "delete", "undo"
OWN = ("change", "value", "root", "from", "reason_code", "reason", "csrfmiddlewaretoken")
"""Parameters that are not the filter's."""


@dataclass(slots=True)
class Chosen:
    """
    The records of a filter, or of one import, that an order can change. `open` have an order already, `more` there
    are too many.
    """

    rows: list[Any] = field(default_factory=list)
    open: int = 0
    more: bool = False
    imported: SheetImport | None = None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_bulk(request: HttpRequest, key: str) -> HttpResponse:
    """Choose the common change, look at the manifest and the effect, draw up the order over what was seen."""
    kind = record_types().get(key)
    form = kind.change_form if kind else None
    if kind is None or form is None:
        raise Http404
    user: Any = request.user
    require(_may_ask(user, kind))
    chosen = _chosen(request, kind, form)
    name, value = request.GET.get("change", ""), request.GET.get("value", "")
    context: dict[str, Any] = {
        "kind": kind,
        "chosen": chosen,
        "count": len(chosen.rows),
        "most": services.MOST_RECORDS,
        "change": name,
        "value": value,
        "fields": [(field_name, label) for field_name, label, _choices in form.common],
        "choices": next((row[2] for row in form.common if row[0] == name), ()),
        "kept": [(k, v) for k, values in request.GET.lists() for v in values if k not in OWN],
        "reason_form": ChangeReasonForm(request.POST if request.method == "POST" else None),
        "most_files": services.MOST_EVIDENCE,
    }
    whole = name == DELETE or (name == UNDO and chosen.imported is not None)
    if not name or not chosen.rows or chosen.more or (not whole and not value and request.method != "POST"):
        return render(request, "changes/bulk.html", context)
    try:
        proposals = _proposals(kind, form, chosen, name, value)
        context["moved"] = len(chosen.rows) - len(proposals) if name == UNDO else 0
        asked = services.asked_for(actor=user, kind=kind, proposals=proposals)
        root = root_of(asked.items)
        if request.method == "POST":
            _require_seen(request, root)
            order = draw_up(request, kind, proposals, context["reason_form"])
            messages.success(request, _("%(order)s is drawn up; now it is signed.") % {"order": order})
            return redirect(order)
    except RuleViolation as error:
        context["findings"] = error.findings[:20]
        return render(request, "changes/bulk.html", context, status=422)
    return render(request, "changes/bulk.html", context | _manifest(request, kind, asked) | {"root": root})


def _may_ask(user: Any, kind: RecordType) -> Verdict:
    if settings.EDITION != "provincial":
        return denied(_("Orders are drawn up at the province."), article="12")
    if user.can(kind.enter) or user.can(kind.review):
        return ALLOWED
    return denied(
        _("Your duties do not include entering or reviewing this form."),
        article="12",
        ask_whom=_("The security administrator of your deployment gives duties."),
    )


def _chosen(request: HttpRequest, kind: RecordType, form: ChangeForm) -> Chosen:
    """Acknowledged records of the filter, or of the ticked ones in it, that the person may ask a change of."""
    user: Any = request.user
    rows: Any = kind.model.objects
    rows = form.filtered(rows.visible_in_full_to(user), request=request)
    rows = rows.filter(state=RecordState.ACKNOWLEDGED, deleted=False, owner_kind=user.unit.kind)
    imported = None
    if "import" in request.GET:
        if (imported := import_seen(user, kind, uuid_of(request.GET["import"]))) is None:
            raise Http404
        rows = stored_by(imported, rows)
    if picked := request.GET.getlist("pick"):
        rows = rows.filter(pk__in=[uid for uid in map(uuid_of, picked) if uid])
    found = list(rows.order_by("pk")[: services.MOST_RECORDS + 1])
    taken = set(OpenChange.objects.filter(pk__in=[row.pk for row in found]).values_list("pk", flat=True))
    free = [row for row in found if row.pk not in taken]
    return Chosen(free[: services.MOST_RECORDS], len(taken), len(found) > services.MOST_RECORDS, imported)


def _proposals(kind: RecordType, form: ChangeForm, chosen: Chosen, name: str, value: str) -> list[Proposal]:
    """What each record is to become; records the change would leave as they are stay out. Raises RuleViolation."""
    rows = chosen.rows
    if name == UNDO and chosen.imported:
        if proposals := taking_back(chosen.imported, rows):
            return proposals
        raise RuleViolation(
            Finding(
                "NO_CHANGE",
                _("Every record of the import was changed between the import and its transmission."),
                field=name,
                remedy=_("Ask for the deletion, or change each record on its own form."),
                article="12",
            )
        )
    if name == DELETE:
        return [Proposal(uid=row.pk, rev=row.rev, changes=None) for row in rows]
    revs = {row.pk: row.acked_rev for row in rows}
    held = RecordRevision.objects.filter(record_uid__in=revs).values_list("record_uid", "rev", "content")
    contents = {uid: msgspec.json.decode(bytes(content)) for uid, rev, content in held if revs[uid] == rev}
    found = []
    for row in rows:
        changes = form.alike(contents[row.pk], name, value)
        if kind.propose(contents[row.pk], changes) != contents[row.pk]:
            found.append(Proposal(uid=row.pk, rev=row.rev, changes=changes))
    if not found:
        raise RuleViolation(
            Finding(
                "NO_CHANGE",
                _("Every record of the list has this value already."),
                field=name,
                remedy=_("Choose another value, or another list."),
                article="12",
            )
        )
    return found


def _require_seen(request: HttpRequest, root: str) -> None:
    """The order holds exactly what the person saw."""
    if request.POST.get("root", "") != root:
        raise RuleViolation(
            Finding(
                "SEEN",
                _("The list has changed since you saw it; nothing was drawn up."),
                remedy=_("Look at the manifest again."),
                article="12",
            )
        )


def _manifest(request: HttpRequest, kind: RecordType, asked: Asked) -> dict[str, Any]:
    page = pages(request, count=len(asked.items))
    views = services.views_of(asked.items[page["start"] : page["last"]])
    return {
        "items": shown_items(kind, views, user=request.user),  # type: ignore[arg-type]
        "effects": services.effect_of(asked.moves(kind)),
        "fen_by": asked.fen_by,
        **page,
    }
