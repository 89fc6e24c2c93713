"""Which reviewed records go into the next batch, and what keeps the others back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from povfund.common.canonical import canonical, content_hash
from povfund.common.errors import REFUSE, Finding
from records.choices import FOUR_EYES_STEPS, RecordState, ReviewStep
from records.models import Outbox, Record, Review
from records.registry import RecordType, record_types
from records.services import rule_row

CHUNK = 5_000
WITNESSED = (*FOUR_EYES_STEPS, ReviewStep.SUBMIT)


@dataclass(slots=True)
class Chosen:
    """Records of one type and chunk that go, with the content they were chosen by."""

    kind: RecordType
    rows: list[Record]
    contents: dict[UUID, bytes]
    evidence: dict[UUID, list[dict[str, Any]]]


@dataclass(slots=True)
class Choice:
    """Everything that goes, and per uid that stays the finding that keeps it."""

    chosen: list[Chosen] = field(default_factory=list)
    kept: dict[UUID, tuple[str, Finding]] = field(default_factory=dict)


def choose(*, lock: bool) -> Iterator[tuple[Chosen, dict[UUID, Finding]]]:
    """
    Chunks of the outbox, parents' types first: what goes, and what stays with its reason.

    Membership decides (`batch IS NULL`), never a date or a number. Hashes are computed anew from
    the live rows; a record changed behind the services' back stays and is named.
    """
    going: set[UUID] = set()
    for kind in record_types().values():
        waiting = Outbox.objects.filter(record_type=kind.key, batch=None).order_by("id")
        waiting = waiting.select_for_update() if lock else waiting
        entries = {row.record_uid: row for row in waiting}
        uids = _parents_first(kind, list(entries))
        for start in range(0, len(uids), CHUNK):
            part = uids[start : start + CHUNK]
            chosen, kept = _examine(kind, {uid: entries[uid] for uid in part}, going=going, lock=lock)
            going |= {row.uid for row in chosen.rows}
            yield chosen, kept


def _parents_first(kind: RecordType, uids: list[UUID]) -> list[UUID]:
    """Roots before the documents that hang below them in the same outbox."""
    if not any(f.name == "parent" for f in kind.model._meta.get_fields()):
        return uids
    parents = dict(kind.model.objects.filter(pk__in=uids).values_list("uid", "parent_id"))
    depth: dict[UUID, int] = {}

    def depth_of(uid: UUID) -> int:
        seen = 0
        while (uid := parents.get(uid)) in parents and seen < 20:  # type: ignore[assignment]
            seen += 1
        return seen

    for uid in uids:
        depth[uid] = depth_of(uid)
    return sorted(uids, key=lambda uid: depth[uid])


def _examine(
    kind: RecordType, entries: dict[UUID, Outbox], *, going: set[UUID], lock: bool
) -> tuple[Chosen, dict[UUID, Finding]]:
    rows = kind.model.objects.filter(pk__in=entries).select_related("owner_unit__division", "division")
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    by_uid = {row.uid: row for row in rows}
    contents = {uid: canonical(content) for uid, content in kind.contents(list(by_uid)).items()}
    kept: dict[UUID, Finding] = {}
    fit: list[Record] = []
    for uid, entry in entries.items():
        row = by_uid.get(uid)
        if row is None or not _as_reviewed(kind, row, entry, contents[uid]):
            kept[uid] = _tampered()
        else:
            fit.append(row)
    checked = kind.check([rule_row(kind=kind, record=row, content=contents[row.uid]) for row in fit], "seal")
    passed = []
    for row, findings in zip(fit, checked, strict=True):
        if refused := [f for f in findings if f.severity == REFUSE]:
            kept[row.uid] = refused[0]
        else:
            passed.append(row)
    passed = _with_parents(kind, passed, contents, going, kept)
    return Chosen(kind, passed, {row.uid: contents[row.uid] for row in passed}, evidence_of(passed)), kept


def _as_reviewed(kind: RecordType, row: Record, entry: Outbox, content: bytes) -> bool:
    now = content_hash(kind.key, row.uid, content)
    return (
        row.state == RecordState.PROVINCE_REVIEWED
        and row.rev == row.reviewed_rev == entry.rev
        and now == row.reviewed_hash == entry.content_hash == row.content_hash
    )


def _tampered() -> Finding:
    return Finding(
        "TAMPERED_AFTER_REVIEW",
        _("The record differs from what was reviewed; it was changed past the services."),
        remedy=_("The reviewer returns it; its unit checks and submits it again."),
        article="12",
    )


def _with_parents(
    kind: RecordType, rows: list[Record], contents: dict[UUID, bytes], going: set[UUID], kept: dict[UUID, Finding]
) -> list[Record]:
    """Rows whose references are acknowledged or go in the same batch."""
    needs = {row.uid: [uid for _t, uid in kind.references(kind.decode(contents[row.uid]))] for row in rows}
    wanted = {uid for uids in needs.values() for uid in uids} - going
    known = set(kind.model.objects.filter(pk__in=wanted, acked_rev__isnull=False).values_list("uid", flat=True))
    sealed = set(kind.model.objects.filter(pk__in=wanted, state=RecordState.SEALED).values_list("uid", flat=True))
    here = going | known | sealed
    passed = []
    for row in rows:
        if all(uid in here for uid in needs[row.uid]):
            here.add(row.uid)
            passed.append(row)
        else:
            kept[row.uid] = Finding(
                "MISSING_REF",
                _("Its parent document has not been sent and does not go in this batch."),
                remedy=_("It goes by itself once the parent is reviewed for the province."),
                article="13",
            )
    return passed


def evidence_of(rows: list[Record]) -> dict[UUID, list[dict[str, Any]]]:
    """Who took each step of the present cycle, and the typed reasons, as the batch carries them; one query."""
    cycles = {row.uid: row.cycle for row in rows}
    found: dict[UUID, list[dict[str, Any]]] = {uid: [] for uid in cycles}
    steps = Review.objects.filter(record_uid__in=list(cycles), step__in=WITNESSED).order_by("pk")
    for uid, cycle, step, person, name, unit, at, explained in steps.values_list(
        "record_uid", "cycle", "step", "person_id", "person_name", "unit_key", "at", "explained"
    ):
        if cycle == cycles[uid]:
            who = str(person) if person else name
            told = {"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "by": name, "step": step, "unit": unit, "who": who}
            found[uid].append(told | ({"explained": explained} if explained else {}))
    return found
