"""Stopped chains: how one is frozen, and how two persons let it go on (`docs/rules/transmission.md`; art. 16)."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from accounts.proof import Proof
from povfund.common import clock
from povfund.common.errors import Finding, IllegalTransition, RuleViolation
from povfund.common.text import clean_text
from povfund.common.verdict import ALLOWED, Refused, Verdict, denied, require
from records.models import Alarm, Job, JobState
from records.services import clear_alarm
from sync.changes.signing import require_proof
from sync.choices import Direction, InState
from sync.ingest import pick_up
from sync.models import Batch, ChainHead, ChainStop, Node, StopVoice

VOICES = 2
"""Persons it takes."""
FORK = "sync.chain_fork"
FORKS = {
    "one identity, two batches": _("One batch identity was announced with two contents."),
    "same number, other content": _("A second batch came under a number that is taken."),
    "prev does not fit": _("A batch came that does not follow the one before it."),
    "the next one follows another": _("A batch came that the one after it does not follow."),
}
"""What did not fit, in words."""
ADMINISTRATORS = _("Two system administrators of this deployment.")


def freeze(head: ChainHead, *, why: str, seq: int, evidence: str) -> None:
    """Stop a chain for a fork. Safe to repeat and for several calls at once: there is one open stop."""
    begun = {"reason": "CHAIN_FORK", "why": why, "seq": seq, "evidence": evidence, "since": clock.now()}
    with transaction.atomic():
        Node.objects.select_for_update().get(pk=head.node_id)
        ChainStop.objects.get_or_create(head=head, cleared_at=None, defaults=begun)
        ChainHead.objects.filter(pk=head.pk, frozen_reason="").update(frozen_reason="CHAIN_FORK")


def may_speak(user: User) -> Verdict:
    """May the user speak for stopped chains at all? The system administrators, as with keys."""
    if user.can("sync.nodes"):
        return ALLOWED
    return denied(
        _("A stopped chain is cleared at the centre by two of its system administrators."),
        article="16",
        ask_whom=ADMINISTRATORS,
    )


def may_clear(user: User, stop: ChainStop) -> Verdict:
    """May the user say that this chain goes on? An administrator who has not said so yet, where it was stopped."""
    if not (verdict := may_speak(user)):
        return verdict
    if stop.cleared_at is not None:
        return denied(_("The chain goes on already."), article="16")
    if any(voice.person_id == user.person_id for voice in stop.voices.all()):
        return _same_person()
    return ALLOWED


def _same_person() -> Verdict:
    return denied(
        _("You have spoken for this chain; a second person decides."),
        article="16",
        ask_whom=_("The other system administrator of this deployment."),
    )


def clear_stop(*, actor: User, stop: ChainStop, reason: str, proof: Proof) -> ChainStop:
    """
    解除停链 — say that the chain goes on with the batches this server holds; the second person's word lets it go on.

    What was kept as evidence is not taken, now or later. The same proof again changes nothing. Raises
    NotProved, Refused (not an administrator of the centre, or the same person), IllegalTransition
    (cleared already), RuleViolation without a reason. Audited.
    """
    require_proof(actor, proof)
    try:
        with transaction.atomic():
            return _clear(actor, stop.pk, reason, proof)
    except IntegrityError as error:
        if "_different_persons" in str(error):
            raise Refused(_same_person()) from error
        if "_one_per_proof" in str(error):
            raise IllegalTransition(
                _finding(_("This proof was used already."), _("Give your password anew."))
            ) from error
        raise


def _clear(actor: User, pk: int, reason: str, proof: Proof) -> ChainStop:
    Node.objects.select_for_update().get(heads__stops=pk)
    stop: ChainStop = ChainStop.objects.select_for_update(of=("self",)).select_related("head__node").get(pk=pk)
    if stop.voices.filter(nonce=proof.nonce, person=actor.person_id).exists():
        return stop
    if stop.cleared_at is not None:
        raise IllegalTransition(_finding(_("The chain goes on already."), _("Nothing needs to be done.")))
    require(may_clear(actor, stop))
    if not reason.strip():
        raise RuleViolation(
            _finding(_("Say why the chain may go on."), _("What was found, and which batch is the true one."))
        )
    StopVoice.objects.create(
        stop=stop,
        person_id=actor.person_id,
        by=actor,
        name=actor.person.name,
        reason=clean_text(reason.strip(), field="reason", multiline=True),
        proved_by=proof.means,
        nonce=proof.nonce,
        at=clock.now(),
    )
    spoken = stop.voices.count()
    audit.record(
        actor=actor,
        action="sync.chain.clear",
        target_type="chain_stop",
        target_id=stop.pk,
        after={"chain": str(stop), "seq": stop.seq, "voices": spoken, "proved_by": proof.means},
        comment=reason.strip(),
    )
    if spoken >= VOICES:
        _let_go_on(stop)
    return stop


def _let_go_on(stop: ChainStop) -> None:
    """The chain goes on: what was held for it is asked for at once, the alarm is over."""
    stop.cleared_at = clock.now()
    stop.save(update_fields=["cleared_at"])
    ChainHead.objects.filter(pk=stop.head_id).update(frozen_reason="")
    node = stop.head.node_id
    for key in Alarm.objects.filter(kind=FORK, node=node, over_at=None).values_list("key", flat=True):
        clear_alarm(kind=FORK, key=key, node=node)
    held = Batch.objects.filter(direction=Direction.IN, node=node, state=InState.HELD_ASSERT)
    keys = [str(pk) for pk in held.values_list("pk", flat=True)]
    waiting = Job.objects.filter(kind="sync.ingest", key__in=keys, state=JobState.QUEUED)
    waiting.update(next_try_at=clock.now())
    pick_up()


def _finding(message: object, remedy: object) -> Finding:
    return Finding("CHAIN_STOP", message, field="reason", remedy=remedy, article="16")  # type: ignore[arg-type]
