"""Imports with their staged records and findings, remembered mappings, exports."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from povfund.common.phrases import PhraseField
from povfund.common.uid import uuid7
from records.choices import ExportPurpose
from records.sheets.guards import export_guards


class ImportStatus(models.TextChoices):
    READING = "reading", _("Being read")
    MAPPING = "mapping", _("To be confirmed: the columns")
    PREVIEW = "preview", _("Read; to be confirmed")
    STORING = "storing", _("Being stored")
    DONE = "done", _("Stored")
    UNDOING = "undoing", _("Being taken back")
    UNDONE = "undone", _("Taken back")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Not read")


OPEN = (ImportStatus.READING, ImportStatus.MAPPING, ImportStatus.PREVIEW, ImportStatus.STORING)
HELD = (*OPEN, ImportStatus.DONE, ImportStatus.UNDOING)
"""The same file again is a mistake as long as one of these stands."""
OVER = (ImportStatus.DONE, ImportStatus.UNDONE, ImportStatus.CANCELLED, ImportStatus.FAILED)
"""Nothing needs the file any more, but a person who wants to look at it."""


class OfUnitQuerySet(models.QuerySet["SheetImport"]):
    def visible_to(self, user: User) -> Self:
        """Those of the own unit: colleagues find an import that was begun."""
        return self.filter(unit=user.unit_id) if user.can("records.read") else self.none()


class SheetImport(models.Model):
    """
    导入 — one uploaded workbook on its way into records.

    `layouts` says how each sheet is read (`records.sheets.layout`), `counts` what came of it. The
    file lies under the uid until `files_gone_at`; `name` is only shown. The same bytes for the same
    form and unit are imported once.
    """

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=30, db_collation="C")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(_("file name"), max_length=200)
    suffix = models.CharField(max_length=5, db_collation="C")
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, db_collation="C")
    language = models.CharField(max_length=10, db_collation="C")
    status = models.CharField(max_length=10, choices=ImportStatus, default=ImportStatus.READING, db_collation="C")
    layouts = models.JSONField(default=list)
    answered = models.BooleanField(default=False)
    counts = PhraseField(default=dict)
    notes = PhraseField(default=list)
    annotated = models.BooleanField(default=False)
    job = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    files_gone_at = models.DateTimeField(null=True)

    objects = OfUnitQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "record_type", "sha256"],
                condition=Q(status__in=HELD) & ~Q(sha256=""),
                name="records_import_same_file_once",
            )
        ]
        indexes = [models.Index(fields=["unit", "-created_at"], name="records_import_unit")]

    def __str__(self) -> str:
        return self.name

    def stored(self, rows: Any) -> Any:
        """Those of these records that the import created or changed and no undo has taken back."""
        return rows.filter(pk__in=self.items.filter(rev_after__isnull=False).values("uid"))

    @property
    def state_label(self) -> str:
        """Where it stands, in a word; of one taken back in part how many records stayed."""
        kept = self.counts.get("kept") if self.status == ImportStatus.UNDONE else 0
        if not kept:
            return str(self.get_status_display())
        return str(_("Taken back: %(gone)s; kept: %(kept)s") % {"gone": self.counts["taken_back"], "kept": kept})


class ImportItem(models.Model):
    """导入条目 — one record of an import: what it would become, and what it was before."""

    sheet_import = models.ForeignKey(SheetImport, models.CASCADE, related_name="items", db_index=False)
    n = models.PositiveIntegerField()
    uid = models.UUIDField()
    base_rev = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=10, db_collation="C")
    name = models.CharField(max_length=300)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    rows = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    sheet = models.CharField(max_length=100)
    row = models.PositiveIntegerField()
    content = models.BinaryField(null=True)
    before = models.BinaryField(null=True)
    rev_after = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["n"]
        indexes = [
            models.Index(fields=["sheet_import", "outcome", "n"], name="records_import_items"),
            models.Index(fields=["uid"], condition=Q(rev_after__isnull=False), name="records_import_item_stored"),
        ]


class ImportFinding(models.Model):
    """导入问题 — one thing wrong or worth a look, at its cell; `about` (uid, name) of the records it speaks of."""

    sheet_import = models.ForeignKey(SheetImport, models.CASCADE, related_name="findings", db_index=False)
    sheet = models.CharField(max_length=100)
    row = models.PositiveIntegerField()
    column = models.PositiveIntegerField()
    cell = models.CharField(max_length=12, db_collation="C")
    rule = models.CharField(max_length=20, db_collation="C")
    severity = models.CharField(max_length=1, db_collation="C")
    message = PhraseField()
    remedy = PhraseField(blank=True)
    article = models.CharField(max_length=10, blank=True)
    about = models.JSONField(default=list)

    class Meta:
        ordering = ["sheet", "row", "column"]
        indexes = [models.Index(fields=["sheet_import", "severity"], name="records_import_findings")]


class SheetMapping(models.Model):
    """列对应 — how a unit's workbooks with these heads are read, as a person confirmed it."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    record_type = models.CharField(max_length=30, db_collation="C")
    signature = models.CharField(max_length=32, db_collation="C")
    heads = models.JSONField()
    fixed = models.JSONField(default=dict)
    measure = models.CharField(max_length=8, db_collation="C")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "record_type", "signature"], name="records_sheetmapping_once")
        ]


class ExportQuerySet(models.QuerySet["SheetExport"]):
    def visible_to(self, user: User) -> Self:
        """One's own exports: the file holds what that person may read."""
        return self.filter(asked_by=user)

    def waiting_for(self, user: User) -> Self:
        """Large exports of colleagues in the own unit that wait for the consent of a second person."""
        if not user.can("records.export"):
            return self.none()
        waiting = self.filter(unit=user.unit_id, needs_consent=True, decided_by=None)
        return waiting.exclude(asked_by__person=user.person_id)


class ExportCount(models.Model):
    """导出编号 — how many numbers of exports a node gave on one day (`P51-20161124`), of lists, totals and papers."""

    day = models.CharField(primary_key=True, max_length=25, db_collation="C")
    given = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("count of exports")
        verbose_name_plural = _("counts of exports")

    def __str__(self) -> str:
        return f"{self.day} {self.given}"


class SheetExport(models.Model):
    """
    导出 — one file that left the system: who, why, which filter, how many rows were expected and written.

    `number` stands in head, foot and property of the file, so that a leaked file leads here (art. 15).
    A large one (`needs_consent`) is written only once a second person of the unit has consented.
    """

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("export number"), max_length=30, db_collation="C")
    record_type = models.CharField(max_length=30, db_collation="C")
    filter = models.JSONField(default=dict)
    file_format = models.CharField(max_length=4, db_collation="C")
    purpose = models.CharField(_("purpose"), max_length=20, db_collation="C")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    language = models.CharField(max_length=10, db_collation="C")
    personal = models.BooleanField(default=False)
    expected = models.PositiveIntegerField(null=True)
    written = models.PositiveIntegerField(null=True)
    ready = models.BooleanField(default=False)
    job = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    needs_consent = models.BooleanField(default=False)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    refused = models.BooleanField(default=False)
    failed_at = models.DateTimeField(null=True)
    files_gone_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.UniqueConstraint(fields=["number"], name="records_sheetexport_one_number"),
            models.CheckConstraint(
                condition=Q(ready=False) | Q(needs_consent=False) | Q(decided_by__isnull=False, refused=False),
                name="records_export_consented",
            ),
        ]
        indexes = [models.Index(fields=["asked_by", "-created_at"], name="records_export_by")]
        triggers = export_guards()

    def __str__(self) -> str:
        return self.number

    @property
    def state_label(self) -> str:
        """What became of it, in a word."""
        if self.files_gone_at:
            said = _("Removed")
        elif self.refused:
            said = _("Refused")
        elif self.failed_at:
            said = _("Not written")
        elif self.ready:
            said = _("Written")
        else:
            waits = self.needs_consent and self.decided_by_id is None
            said = _("Awaits consent") if waits else _("Being written")
        return str(said)

    @property
    def purpose_label(self) -> str:
        return str(ExportPurpose(self.purpose).label)
