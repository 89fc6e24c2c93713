"""Public services of transmission: send now, and register nodes and keys."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.choices import Level, UnitKind
from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.verdict import ALLOWED, Verdict, denied, require
from records.models import Job
from records.services import enqueue
from sync import keys
from sync.models import Node, NodeKey


def may_send(user: User) -> Verdict:
    """May the user send to the centre now? Provincial finance, with the capability (art. 13)."""
    if settings.EDITION != "provincial":
        return denied(_("Only a provincial server sends to the centre."), article="13")
    unit = user.unit
    if not user.can("sync.send") or unit.kind != UnitKind.FINANCE or unit.division.level != Level.PROVINCE:
        return denied(
            _("Only provincial finance sends to the centre."),
            article="13",
            ask_whom=_("The head of the provincial finance unit."),
        )
    return ALLOWED


@transaction.atomic
def send_now(*, actor: User, reason: str) -> Job:
    """
    随时上传 — ask for a batch of everything reviewed, outside the windows, with a reason (art. 13).

    Raises Refused, or RuleViolation without a reason. The worker of queue `sync` seals and sends.
    """
    require(may_send(actor))
    if not reason.strip():
        raise RuleViolation(
            Finding(
                "REASON",
                _("Say why you send outside the window."),
                field="reason",
                remedy=_("For instance: important data, or a large amount of new data."),
                article="13",
            )
        )
    job = enqueue(
        kind="sync.send_now",
        key="now",
        payload={"reason": reason.strip(), "asked_by": actor.pk},
        queue="sync",
        asked_by=actor,
    )
    audit.record(actor=actor, action="sync.batch.ask", target_type="job", target_id=job.uid, comment=reason)
    return job


def may_register(user: User) -> Verdict:
    """May the user register nodes and keys here? The Ministry's system administrators."""
    if user.can("sync.nodes") and user.unit.division.level == Level.CENTRAL:
        return ALLOWED
    return denied(
        _("Nodes and keys are registered by the Ministry of Finance."),
        article="16",
        ask_whom=_("The system administrators of the Ministry."),
    )


@transaction.atomic
def propose_key(*, actor: User, node: Node, key_id: str, public: bytes) -> NodeKey:
    """A first person enters a node's public key; it counts once a second one has compared the fingerprint."""
    require(may_register(actor))
    if len(public) != 32 or NodeKey.objects.filter(pk=key_id).exists() or not key_id.startswith(f"{node.code}/"):
        raise RuleViolation(
            Finding(
                "NODE_KEY",
                _("The key is not 32 bytes, its name is taken, or it does not begin with the node."),
                field="key_id",
                remedy=_("Write it like P51/2026a and paste the public key the node shows."),
                article="16",
            )
        )
    key = NodeKey.objects.create(
        key_id=key_id,
        node=node,
        public=public,
        fingerprint=keys.fingerprint(public),
        proposed_by_id=actor.person_id,
        made_at=clock.now(),
    )
    _audit(actor, "propose", key)
    return key


@transaction.atomic
def confirm_key(*, actor: User, key: NodeKey, fingerprint: str) -> NodeKey:
    """A second person types the fingerprint the node's administrator read out. Raises Refused or RuleViolation."""
    require(may_register(actor))
    row: NodeKey = NodeKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    if row.proposed_by_id == actor.person_id:
        require(denied(_("You entered this key yourself; another person compares it."), article="16"))
    typed = "".join(fingerprint.lower().split()).replace(":", "")
    if row.status != NodeKey.Status.PROPOSED or typed != row.fingerprint:
        raise RuleViolation(
            Finding(
                "NODE_KEY",
                _("The fingerprint differs, or the key is not waiting."),
                field="fingerprint",
                remedy=_("Ask the node's administrator to read it out again."),
                article="16",
            )
        )
    row.status, row.confirmed_by_id = NodeKey.Status.ACTIVE, actor.person_id
    row.save(update_fields=["status", "confirmed_by"])
    _audit(actor, "confirm", row)
    return row


def _audit(actor: User, action: str, key: NodeKey) -> None:
    audit.record(
        actor=actor,
        action=f"sync.node_key.{action}",
        target_type="node_key",
        target_id=key.key_id,
        after={"node": key.node_id, "fingerprint": key.fingerprint},
    )
