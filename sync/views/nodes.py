"""节点与密钥 — nodes this server knows, their keys, and registering a key by two persons."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from povfund.common.asking import takes
from povfund.common.errors import rule_errors_on
from povfund.common.verdict import require
from sync import keys, services
from sync.forms import FingerprintForm, KeyForm, NodeForm, QuotaForm
from sync.models import ChainHead, Node, NodeKey
from sync.receiving import shares

GROUP = 4


@login_required
@require_GET
@takes()
def nodes(request: HttpRequest) -> HttpResponse:
    """Every node with its chain and keys; keys that wait for a second person first."""
    require(services.may_register(request.user))  # type: ignore[arg-type]
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    user: Any = request.user
    known = Node.objects.visible_to(user)
    held = list(known.select_related("division").prefetch_related("keys__proposed_by", "keys__confirmed_by"))
    heads = {(head.node_id, head.epoch): head for head in ChainHead.objects.filter(node__in=held)}
    stored = shares.held_bytes(held)
    own = keys.own_key()
    context = {
        "nodes": [
            {
                "node": node,
                "own": node.pk == settings.NODE,
                "head": heads.get((node.pk, node.epoch)),
                "held": stored[node.pk],
                "keys": [_key(key) for key in node.keys.all()],
            }
            for node in held
        ],
        "waiting": [
            _key(key) | {"verdict": services.may_confirm(user, key), "form": FingerprintForm(prefix=key.pk)}
            for node in held
            for key in node.keys.all()
            if key.status == NodeKey.Status.PROPOSED
        ],
        "own": {"key_id": own.key_id, "public": grouped(own.public.hex()), "fingerprint": _of(own.public)}
        if own
        else None,
        "node_form": NodeForm(),
        "quota_form": QuotaForm(nodes=known.sending()),
        "key_form": KeyForm(nodes=known),
    }
    return render(request, "sync/nodes.html", context | forms, status=status)


def _key(key: NodeKey) -> dict[str, Any]:
    """A key with its fingerprint; one that waits keeps it back, so that it is heard and not copied."""
    shown = "" if key.status == NodeKey.Status.PROPOSED else grouped(key.fingerprint)
    return {"key": key, "fingerprint": shown}


def _of(public: bytes) -> str:
    return grouped(keys.fingerprint(public))


def grouped(digits: str) -> str:
    """Hexadecimal digits in groups of four, as they are read out."""
    return " ".join(digits[n : n + GROUP] for n in range(0, len(digits), GROUP))


@login_required
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    """A new node, without a key yet."""
    user: Any = request.user
    require(services.may_register(user))
    form = NodeForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            node = services.register_node(actor=user, **form.cleaned_data)
            messages.success(request, _("Node %(node)s is registered; now enter its key.") % {"node": node.code})
            return redirect("sync:nodes")
    return _page(request, node_form=form, status=422)


@login_required
@require_POST
def quota(request: HttpRequest) -> HttpResponse:
    """Another disk quota for a node."""
    user: Any = request.user
    require(services.may_register(user))
    form = QuotaForm(request.POST, nodes=Node.objects.visible_to(user).sending())
    if form.is_valid():
        with rule_errors_on(form):
            node = services.set_quota(actor=user, **form.cleaned_data)
            messages.success(request, _("The quota of node %(node)s is changed.") % {"node": node.code})
            return redirect("sync:nodes")
    return _page(request, quota_form=form, status=422)


@login_required
@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """The first person enters the key."""
    user: Any = request.user
    require(services.may_register(user))
    form = KeyForm(request.POST, nodes=Node.objects.visible_to(user))
    if form.is_valid():
        with rule_errors_on(form):
            key = services.propose_key(actor=user, **form.cleaned_data)
            words = _("Key %(key)s waits for a second person who compares the fingerprint.")
            messages.success(request, words % {"key": key.key_id})
            return redirect("sync:nodes")
    return _page(request, key_form=form, status=422)


@login_required
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """The second person types the fingerprint the node's administrator reads out."""
    user: Any = request.user
    require(services.may_register(user))
    key = get_object_or_404(NodeKey.objects.filter(node__in=Node.objects.visible_to(user)), pk=request.POST.get("key"))
    form = FingerprintForm(request.POST, prefix=key.pk)
    if form.is_valid():
        with rule_errors_on(form):
            services.confirm_key(actor=user, key=key, fingerprint=form.cleaned_data["fingerprint"])
            messages.success(request, _("Key %(key)s is active.") % {"key": key.key_id})
            return redirect("sync:nodes")
    return _page(request, refused={"key": key.key_id, "form": form}, status=422)
