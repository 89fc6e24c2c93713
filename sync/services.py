"""Public services of transmission: send now, go on after many returned lines, register nodes and keys."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.choices import Level, UnitKind
from accounts.models import Division, User
from povfund.common import clock
from povfund.common.errors import Finding, IllegalTransition, RuleViolation
from povfund.common.verdict import ALLOWED, Verdict, denied, require
from records.models import Job, JobState
from records.services import enqueue
from sync import keys
from sync.choices import CENTRE
from sync.models import Batch, Node, NodeKey, QuarantinedLine, QuarantineNote
from sync.pause import go_on, paused_since
from sync.permissions import may_annotate
from sync.sealing import preview


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
def send_now(*, actor: User, reason: str, seen: str | None = None) -> Job:
    """
    随时上传 — ask for a batch of everything reviewed, outside the windows, with a reason (art. 13).

    `seen` is the digest of the preview that was looked at. The job's uid is the uid the batch will have. Raises
    Refused, or RuleViolation without a reason, while the node is paused, where nothing waits, or where what
    waits is no longer what was seen. The worker of queue `sync` seals and sends.
    """
    require(may_send(actor))
    if not reason.strip():
        raise RuleViolation(_finding("REASON", _("Say why you send outside the window."), remedy=REASON_REMEDY))
    if paused_since():
        message = _("More than a fifth of the last batch was returned; somebody has to look at it first.")
        raise IllegalTransition(_finding("PAUSED", message, remedy=_("Look at the returned lines and confirm.")))
    _require_seen(seen)
    payload = {"reason": reason.strip(), "asked_by": actor.pk}
    job = enqueue(kind="sync.send_now", key="now", payload=payload, queue="sync", asked_by=actor)
    audit.record(actor=actor, action="sync.batch.ask", target_type="job", target_id=job.uid, comment=reason)
    return job


def _require_seen(seen: str | None) -> None:
    """Raise IllegalTransition where nothing waits, or something else than the preview `seen` showed."""
    waiting = preview()
    if not waiting.lines:
        message = _("Nothing waits to be sent; no batch was made.")
        remedy = _("Records wait here once the province has reviewed them; the window sends an empty batch by itself.")
        raise IllegalTransition(_finding("NOTHING", message, field="", remedy=remedy))
    if seen is not None and seen != waiting.digest:
        message = _("What waits to be sent has changed since you looked; nothing was sent.")
        remedy = _("Look at the new preview, then send.")
        raise IllegalTransition(_finding("CHANGED", message, field="", remedy=remedy))


NODE_CODE = re.compile(rf"{CENTRE}|[A-Z][A-Z0-9]{{2,10}}")
REASON_REMEDY = _("For instance: important data, or a large amount of new data.")


def _finding(rule: str, message: Any, *, remedy: Any, field: str = "reason") -> Finding:
    return Finding(rule, message, field=field, remedy=remedy, article="13")


@transaction.atomic
def confirm_returned(*, actor: User, comment: str) -> None:
    """
    恢复上报 — a person has looked at the many returned lines; the next batch may go. Audited.

    Raises Refused, or RuleViolation without a word on what was found.
    """
    require(may_send(actor))
    if not comment.strip():
        message = _("Say what was found about the returned lines.")
        raise RuleViolation(_finding("REASON", message, field="comment", remedy=_("One sentence is enough.")))
    if go_on():
        audit.record(
            actor=actor, action="sync.node.resume", target_type="node", target_id=clock.node(), comment=comment
        )


@transaction.atomic
def compare_again(*, actor: User, batch: Batch) -> Job:
    """Ask the centre again about a batch that is not through. Raises Refused. Safe to repeat."""
    require(may_send(actor))
    audit.record(actor=actor, action="sync.batch.compare", target_type="batch", target_id=batch.uid)
    job = enqueue(kind="sync.deliver", key=str(batch.uid), payload={"batch": str(batch.uid)}, queue="sync")
    Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(next_try_at=clock.now())
    return job


@transaction.atomic
def add_note(*, actor: User, line: QuarantinedLine, text: str) -> QuarantineNote:
    """
    备注 — somebody at the centre says something about a quarantined line; the line itself never changes.

    Raises Refused, or RuleViolation for an empty note. Audited.
    """
    require(may_annotate(actor))
    if not text.strip():
        message = _("The note is empty.")
        raise RuleViolation(_finding("NOTE", message, field="text", remedy=_("One sentence is enough.")))
    note = QuarantineNote.objects.create(line=line, text=text.strip(), by=actor, at=clock.now())
    audit.record(
        actor=actor,
        action="sync.quarantine.note",
        target_type="quarantined_line",
        target_id=f"{line.batch_id}.{line.line_no}",
        comment=note.text,
    )
    return note


def may_register(user: User) -> Verdict:
    """May the user register nodes and keys on this server? Its system administrators."""
    if user.can("sync.nodes"):
        return ALLOWED
    return denied(
        _("Nodes and keys are registered by the system administrators of this server, two of them."),
        article="16",
        ask_whom=_("The system administrators of this deployment."),
    )


@transaction.atomic
def register_node(*, actor: User, code: str, name: str, division: Division, sends: bool) -> Node:
    """
    登记节点 — a server that will send batches; it can do nothing before two persons registered its key.

    Raises Refused, or RuleViolation for a code that is taken or not of the form P51. Audited.
    """
    require(may_register(actor))
    if not NODE_CODE.fullmatch(code) or Node.objects.filter(pk=code).exists():
        message = _("The code is taken, or it is not a letter with two to ten letters or digits.")
        raise RuleViolation(_finding("NODE", message, field="code", remedy=_("Write it like P51.")))
    node = Node.objects.create(code=code, name=name, division=division, sends=sends)
    audit.record(
        actor=actor,
        action="sync.node.register",
        target_type="node",
        target_id=code,
        after={"name": name, "division": division.code, "sends": sends},
    )
    return node


LEAST_QUOTA, MOST_QUOTA = 1, 10_000
"""GiB."""


@transaction.atomic
def set_quota(*, actor: User, node: Node, gib: int, reason: str) -> Node:
    """
    磁盘配额 — what the batches of a node may take of this server's disk, in GiB. Audited.

    Raises Refused, or RuleViolation for a number out of range or without a reason.
    """
    require(may_register(actor))
    if not reason.strip() or not LEAST_QUOTA <= gib <= MOST_QUOTA:
        field = "gib" if reason.strip() else "reason"
        message = _("A quota is 1 to 10,000 GiB, and needs a reason.")
        raise RuleViolation(_finding("QUOTA", message, field=field, remedy=_("One sentence is enough.")))
    row = Node.objects.select_for_update(no_key=True, of=("self",)).get(pk=node.pk)
    before, row.quota_bytes = row.quota_bytes // 2**30, gib * 2**30
    row.save(update_fields=["quota_bytes"])
    audit.record(
        actor=actor,
        action="sync.node.change_quota",
        target_type="node",
        target_id=row.code,
        before={"gib": before},
        after={"gib": gib},
        comment=reason.strip(),
    )
    return row


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


def may_confirm(user: User, key: NodeKey) -> Verdict:
    """May the user confirm this key? An administrator other than the one who entered it."""
    if key.proposed_by_id == user.person_id:
        return denied(
            _("You entered this key yourself; another person compares it."),
            article="16",
            ask_whom=_("The other system administrator of this deployment."),
        )
    return may_register(user)


@transaction.atomic
def confirm_key(*, actor: User, key: NodeKey, fingerprint: str) -> NodeKey:
    """A second person types the fingerprint the node's administrator read out. Raises Refused or RuleViolation."""
    row: NodeKey = NodeKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    require(may_register(actor))
    require(may_confirm(actor, row))
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
