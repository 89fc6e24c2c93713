"""Background work of imports: read to a preview, store, take back. Each safe to repeat and to kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.utils.translation import override

from accounts.models import User
from povfund.common import clock
from povfund.common.errors import SHOW, WARN, Finding, RuleViolation
from povfund.common.money import spoken_in
from povfund.common.phrases import phrase as _
from povfund.common.verdict import Refused
from records.choices import RecordState
from records.registry import RecordType, record_type
from records.services import JobContext, SetItem, delete_set, judge_now, plan_set, store_set, taken_twice
from records.sheets import staging
from records.sheets.annotating import annotate
from records.sheets.asking import open_questions
from records.sheets.importing import annotated_file_of, file_of, no_table
from records.sheets.layout import Head, Layout, find_layouts, unrecognised
from records.sheets.models import ImportFinding, ImportItem, ImportStatus, SheetImport, SheetMapping
from records.sheets.reading import SheetRows, read_workbook
from records.sheets.template import LISTS
from records.sheets.undoing import give_back, reasons

STEPS = 5
S = ImportStatus
Handler = Callable[[JobContext, SheetImport], dict[str, Any]]


def _of_import(wanted: str) -> Callable[[Handler], Callable[[JobContext], dict[str, Any]]]:
    """Fetch the import of a job in the language of who asked; a refusal of the file is the import's result."""

    def decorate(handler: Handler) -> Callable[[JobContext], dict[str, Any]]:
        @wraps(handler)
        def job(context: JobContext) -> dict[str, Any]:
            row = SheetImport.objects.get(pk=UUID(context.payload["import"]))
            if row.status != wanted:
                return {"status": row.status}
            with override(row.language), spoken_in(_unit_of(row.layouts)):
                try:
                    return handler(context, row)
                except RuleViolation as error:
                    _failed(context, row, error.findings)
                    raise
                except Refused as error:
                    found = Finding("FORBIDDEN", error.verdict.reason, remedy=error.verdict.ask_whom)
                    _failed(context, row, [found])
                    raise RuleViolation(found) from error

        return job

    return decorate


def _unit_of(layouts: list[dict[str, Any]]) -> str:
    """What the amounts of a workbook are typed in, so that messages name them alike: 元 only where all of it is."""
    read = [Layout.from_json(data) for data in layouts]
    units = {layout.unit_of(head) for layout in read for head in layout.heads}
    return "yuan" if units == {"yuan"} else "wan"


def given_up(context: JobContext) -> None:
    """The work failed again and again, or killed its workers: the import says so and can be repeated."""
    row = SheetImport.objects.get(pk=UUID(context.payload["import"]))
    if row.status not in (S.READING, S.STORING, S.UNDOING):
        return
    with override(row.language):
        remedy = {
            S.READING: _("Repeat it; if it fails again, save the table as a new workbook, or tell the administrator."),
            S.STORING: _("Nothing was stored. Confirm again; if it fails again, tell the administrator."),
            S.UNDOING: _("Nothing was taken back. Undo again; if it fails again, tell the administrator."),
        }[S(row.status)]
        message = _("The server could not finish this; it tried several times.")
        _failed(context, row, [Finding("JOB", message, remedy=remedy)])


def _failed(context: JobContext, row: SheetImport, findings: list[Finding]) -> None:
    with transaction.atomic():
        context.check()
        back = S.FAILED if row.status == S.READING else S.PREVIEW if row.status == S.STORING else S.DONE
        errors = [_noted(finding) for finding in findings]
        SheetImport.objects.filter(pk=row.pk).update(status=back, notes=errors, changed_at=clock.now())


def _noted(finding: Finding) -> dict[str, Any]:
    """A finding about the whole file, to be kept with its import and worded when it is shown."""
    return finding.as_json() | {"message": finding.message, "remedy": finding.remedy}


@_of_import(S.READING)
def read(context: JobContext, row: SheetImport) -> dict[str, Any]:
    """Workbook → layouts → staged records with findings → marked workbook."""
    kind = record_type(row.record_type)
    actor = User.objects.with_seat().get(pk=row.asked_by_id)
    context.progress(done=0, total=STEPS)
    sheets = read_workbook(file_of(row))
    context.progress(done=1, total=STEPS)
    codes = kind.sheet.lookups(actor, None)
    layouts, notes = _layouts(row, kind, sheets, codes)
    if not row.answered:
        for layout in layouts:
            _offer_stored(layout, actor, kind)
    if not row.answered and any(_to_ask(layout, kind) for layout in layouts):
        with transaction.atomic():
            context.check()
            _update(row, status=S.MAPPING, layouts=[layout.as_json() for layout in layouts], notes=notes)
        return {"status": S.MAPPING}
    with spoken_in(_unit_of([layout.as_json() for layout in layouts])):
        staged = staging.stage(actor=actor, kind=kind, sheets=sheets, layouts=layouts, codes=codes)
    context.progress(done=3, total=STEPS)
    problems, counts = staged.reading.problems, staging.counts_of(staged)
    if problems:
        annotate(file_of(row), annotated_file_of(row), sheets=sheets, problems=problems, counts=counts)
    context.progress(done=4, total=STEPS)
    with transaction.atomic():
        context.check()
        staging.store(row, staged, kind=kind, sheets=sheets)
        _update(
            row,
            status=S.PREVIEW,
            layouts=[layout.as_json() for layout in layouts],
            counts=counts,
            notes=notes,
            annotated=bool(problems),
        )
    return {"status": S.PREVIEW}


def _update(row: SheetImport, **values: Any) -> None:
    SheetImport.objects.filter(pk=row.pk).update(changed_at=clock.now(), **values)


def _layouts(
    row: SheetImport, kind: RecordType, sheets: list[SheetRows], codes: dict[str, Any]
) -> tuple[list[Layout], list[dict[str, Any]]]:
    """As answered; else found, with what the unit confirmed for such heads. Raises RuleViolation without a table."""
    found, without = find_layouts(sheets, sheet_form=kind.sheet, codes=codes)
    if not found and (layout := unrecognised(sheets, sheet_form=kind.sheet, codes=codes)):
        found = [layout]
        without.remove(layout.sheet)
    notes = [_noted(finding) for finding in (*_unknown(found, kind), *_words(sheets, without))]
    if row.answered:
        return [Layout.from_json(data) for data in row.layouts], notes
    if not found:
        raise RuleViolation(no_table())
    known = {m.signature: m for m in SheetMapping.objects.filter(unit=row.unit_id, record_type=kind.key)}
    return [_remembered(layout, known.get(layout.signature)) for layout in found], notes


def _unknown(layouts: list[Layout], kind: RecordType) -> Iterator[Finding]:
    """Tables whose heads say neither what their rows are about nor what the amounts are."""
    for layout in layouts:
        if not any(layout.columns_of(name) for name in (*kind.sheet.named_by, kind.sheet.value)):
            message = _("The heads of sheet “%(name)s” are not known.") % {"name": layout.sheet}
            remedy = _("Say of each column what it is, or leave it out; the place and the amount are needed.")
            yield Finding("HEADER", message, remedy=remedy, severity=WARN)


def _words(sheets: list[SheetRows], without: list[str]) -> Iterator[Finding]:
    """What was not read, and how the rest was: nothing is left out in silence."""
    for name in without:
        message = _("Sheet “%(name)s” has no table with known heads and was not read.") % {"name": name}
        yield Finding("SHEET", message, severity=WARN)
    for sheet in sheets:
        if sheet.hidden and sheet.name not in LISTS:
            message = _("Sheet “%(name)s” is hidden and was not read.") % {"name": sheet.name}
            yield Finding("HIDDEN", message, remedy=_("Show it and upload again if it belongs in."), severity=WARN)
    for encoding in {sheet.encoding for sheet in sheets if sheet.encoding}:
        message = _("Characters were read as %(encoding)s.") % {"encoding": encoding.upper()}
        remedy = _("If names look wrong in the preview, save the table as a workbook (xlsx) and upload that.")
        yield Finding("ENCODING", message, remedy=remedy, severity=SHOW)
    if any(sheet.external_links for sheet in sheets):
        yield Finding("LINKS", _("Links to other workbooks were left alone."), severity=SHOW)


def _remembered(layout: Layout, mapping: SheetMapping | None) -> Layout:
    """
    As the unit confirmed it before; the unit of money this sheet prints goes before the remembered one.

    What was found around this table, of this document alone, is looked at by a person every time.
    """
    if mapping is not None:
        layout.heads = [
            Head(**{**known, "unit": head.unit}) for known, head in zip(mapping.heads, layout.heads, strict=True)
        ]
        layout.fixed, layout.guessed = {**mapping.fixed, **layout.fixed}, layout.head_said
        layout.unit = layout.unit if layout.unit_said or not layout.unit else mapping.measure
    return layout


def _offer_stored(layout: Layout, actor: User, kind: RecordType) -> None:
    """Head values of the stored record the sheet names, beside those it prints."""
    form = kind.sheet
    printed = {name: value for name, value in layout.fixed.items() if name not in form.supposed}
    has = {head.field for head in layout.heads}
    stored = {name: value for name, value in form.stored_head(actor, layout.fixed).items() if name not in has}
    layout.fixed |= stored | printed


def _to_ask(layout: Layout, kind: RecordType) -> bool:
    return layout.guessed or bool(open_questions(layout, kind.sheet))


@_of_import(S.STORING)
def store(context: JobContext, row: SheetImport) -> dict[str, Any]:
    """Plan again on locked rows, store; what became stale since the preview is refused by itself."""
    kind = record_type(row.record_type)
    actor = User.objects.with_seat().get(pk=context.asked_by_id)
    staged = {item.uid: item for item in ImportItem.objects.filter(sheet_import=row, outcome__in=("create", "change"))}
    items = [
        SetItem(uid=item.uid, content=msgspec.json.decode(bytes(item.content or b"{}")), base_rev=item.base_rev)
        for item in staged.values()
    ]
    context.progress(done=0, total=len(items))
    try:
        with transaction.atomic():
            plan_set(actor=actor, kind=kind, items=items, lock=True)
            staging.name_newer(items)
            before = kind.contents([item.uid for item in items if item.base_rev])
            revisions = store_set(actor=actor, kind=kind, items=items, described={"import": str(row.uid)})
            _settle(row, items, staged, revisions, before)
            judge_now()
            context.progress(done=len(items), total=len(items))
    except IntegrityError as error:
        raise taken_twice() from error
    return {"status": S.DONE, "stored": len(revisions)}


def _settle(
    row: SheetImport,
    items: list[SetItem],
    staged: dict[UUID, ImportItem],
    revisions: dict[UUID, int],
    before: dict[UUID, dict[str, Any]],
) -> None:
    """Write what became of each item; findings of those refused now."""
    changed, findings = [], []
    for item in items:
        held = staged[item.uid]
        held.outcome, held.rev_after = item.outcome, revisions.get(item.uid)
        if item.uid in before:
            held.before = msgspec.json.encode(before[item.uid])
        changed.append(held)
        if item.outcome == "refused":
            findings += [_late(row, held, finding) for finding in item.findings if finding.severity == "E"]
    ImportItem.objects.bulk_update(changed, ["outcome", "rev_after", "before"], batch_size=2_000)
    ImportFinding.objects.bulk_create(findings)
    counts = row.counts | {
        "created": sum(item.outcome == "create" for item in items),
        "changed": sum(item.outcome == "change" for item in items),
        "refused_late": sum(item.outcome == "refused" for item in items),
    }
    _update(row, status=S.DONE, counts=counts)


def _late(row: SheetImport, item: ImportItem, finding: Finding) -> ImportFinding:
    return ImportFinding(
        sheet_import=row,
        sheet=item.sheet,
        row=item.row - 1,
        column=0,
        cell=f"A{item.row}",
        rule=finding.rule,
        severity=finding.severity,
        message=finding.message,
        remedy=finding.remedy,
        article=finding.article,
    )


@_of_import(S.UNDOING)
def undo(context: JobContext, row: SheetImport) -> dict[str, Any]:
    """Delete what the import created, restore what it changed; what moved on since stays and is listed."""
    kind = record_type(row.record_type)
    actor = User.objects.with_seat().get(pk=context.asked_by_id)
    done = list(ImportItem.objects.filter(sheet_import=row, rev_after__isnull=False))
    made = {item.uid: item.rev_after or 0 for item in done if item.outcome == "create"}
    with transaction.atomic():
        kept = delete_set(actor=actor, kind=kind, revisions=made, described={"undo_of": str(row.uid)})
        kept |= _restore(actor, kind, row, [item for item in done if item.outcome == "change"])
        kept = reasons(row, kept, done)
        names = {item.uid: item for item in done}
        ImportItem.objects.filter(sheet_import=row, uid__in=names.keys() - kept.keys()).update(rev_after=None)
        late = [_late(row, names[uid], finding) for uid, finding in kept.items()]
        told = ImportFinding.objects.filter(sheet_import=row, column=0, row__in=[item.row - 1 for item in done])
        told.filter(rule__in={finding.rule for finding in kept.values()} | {"FORBIDDEN", "STALE"}).delete()
        ImportFinding.objects.bulk_create(late)
        before = row.counts.get("taken_back", 0)
        counts = row.counts | {"taken_back": before + len(done) - len(kept), "kept": len(kept)}
        judge_now()
        context.check()
        _update(row, status=S.UNDONE, counts=counts)
    return {"status": S.UNDONE, "kept": len(kept)}


def _restore(actor: User, kind: RecordType, row: SheetImport, changed: list[ImportItem]) -> dict[UUID, Finding]:
    """The content before the import as a new revision, where the record is still the draft the import left."""
    items = [
        SetItem(uid=item.uid, content=msgspec.json.decode(bytes(item.before or b"{}")), base_rev=item.rev_after or 0)
        for item in changed
    ]
    if not items:
        return {}
    plan_set(actor=actor, kind=kind, items=items, lock=True)
    for item in items:
        if item.record is not None and item.record.state not in (RecordState.DRAFT, RecordState.RETURNED):
            item.refuse(Finding("FORBIDDEN", _("The record was submitted since."), remedy=_("Withdraw it first.")))
    revisions = store_set(actor=actor, kind=kind, items=items, described={"undo_of": str(row.uid)})
    give_back(row, {item.uid: (item.base_rev, revisions[item.uid]) for item in changed if item.uid in revisions})
    return {item.uid: item.findings[-1] for item in items if item.outcome == "refused"}
