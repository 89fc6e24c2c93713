"""The record itself, its reviews, revisions, drafts and attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.choices import UnitKind
from accounts.models import Division, Person, Unit, User
from povfund.common.triggers import append_only
from povfund.common.uid import uuid7
from records.choices import (
    ABOVE_STATES,
    FOUR_EYES_STEPS,
    LOCKED_STATES,
    REVIEWED_STATES,
    UNIT_STATES,
    RecordState,
    ReviewStep,
)
from records.life.locks import record_lock
from records.life.querysets import RecordQuerySet


class Record(models.Model):
    """
    可上报记录 — what every reportable record shares; subclasses add content.

    `uid` is minted once, at the place of entry. `rev` grows by one with each change of content
    and `content_hash` covers the canonical content of that revision. `owner_unit` (谁负责谁录入)
    and `division` are fixed at creation. `state` is written by `records.services` alone. Once a
    record is sealed the database refuses a change of its content (art. 12); once it was
    acknowledged, in every later state too.
    """

    record_type: ClassVar[str]
    """Key of the type in `settings.RECORD_TYPES`: `fund_document`."""

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rev = models.PositiveIntegerField(_("revision"), default=1)
    content_hash = models.CharField(max_length=64, db_collation="C", editable=False)
    state = models.CharField(
        _("state"), max_length=20, choices=RecordState, default=RecordState.DRAFT, db_collation="C", editable=False
    )
    owner_unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("responsible unit"))
    owner_kind = models.CharField(_("line"), max_length=12, choices=UnitKind, db_collation="C", editable=False)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    scope_key = models.CharField(max_length=12, blank=True, db_collation="C", editable=False)
    entered_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("entered"), editable=False)
    changed_at = models.DateTimeField(_("changed"), editable=False)
    approved_on = models.DateField(_("approved on"))
    due_on = models.DateField(_("entry due"), editable=False)
    cycle = models.PositiveIntegerField(default=1, editable=False)
    reviewed_rev = models.PositiveIntegerField(null=True, editable=False)
    reviewed_hash = models.CharField(max_length=64, blank=True, db_collation="C", editable=False)
    acked_rev = models.PositiveIntegerField(null=True, editable=False)
    acked_hash = models.CharField(max_length=64, blank=True, db_collation="C", editable=False)
    deleted = models.BooleanField(default=False, editable=False)
    origin_node = models.CharField(max_length=20, db_collation="C", editable=False)
    warnings = models.JSONField(_("warnings"), default=list, editable=False)
    search_text = models.TextField(blank=True, editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["owner_unit", "-changed_at", "-uid"], name="%(app_label)s_%(class)s_own"),
            models.Index(fields=["state", "scope_key"], name="%(app_label)s_%(class)s_state"),
            models.Index(fields=["-changed_at", "-uid"], name="%(app_label)s_%(class)s_new"),
            models.Index(
                fields=["owner_unit", "due_on", "uid"],
                condition=Q(state__in=[str(s) for s in UNIT_STATES]),
                name="%(app_label)s_%(class)s_desk",
            ),
            models.Index(
                fields=["owner_kind", "due_on", "uid"],
                condition=Q(state__in=[str(s) for s in ABOVE_STATES]),
                name="%(app_label)s_%(class)s_queue",
            ),
            GinIndex(SearchVector("search_text", config="simple"), name="%(app_label)s_%(class)s_text"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=RecordState.PROVINCE_REVIEWED) | Q(reviewed_rev__isnull=False),
                name="%(app_label)s_%(class)s_reviewed_has_rev",
            )
        ]
        triggers = record_lock()

    if TYPE_CHECKING:

        def get_absolute_url(self) -> str: ...

    @property
    def is_reviewed(self) -> bool:
        """Reviewed and not sent yet: whoever saves it makes it a draft again."""
        return self.state in REVIEWED_STATES and self.state not in LOCKED_STATES

    @property
    def late(self) -> bool:
        """迟报 — first entered after the 15th working day (art. 9)."""
        from povfund.common.clock import local_date

        return local_date(self.entered_at) > self.due_on

    @property
    def content_locked(self) -> bool:
        """Sealed now, or acknowledged once: only a change order can change the content."""
        from records.choices import LOCKED_STATES

        return self.state in LOCKED_STATES or self.acked_rev is not None


class Review(models.Model):
    """
    审核记录 — one step one person took on one revision. Append-only.

    Authors and reviewers of one cycle are different persons by constraint (四眼原则). At the
    centre `person` is empty and `person_name`/`unit_key` carry the evidence of the batch.
    """

    db_access = "append_only"

    record_type = models.CharField(max_length=30, db_collation="C")
    record_uid = models.UUIDField()
    cycle = models.PositiveIntegerField()
    rev = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64, db_collation="C")
    step = models.CharField(_("step"), max_length=10, choices=ReviewStep, db_collation="C")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", verbose_name=_("person"))
    person_name = models.CharField(_("person"), max_length=60)
    unit_key = models.CharField(_("unit"), max_length=30, db_collation="C")
    reason_code = models.CharField(_("reason"), max_length=20, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    explained = models.JSONField(_("explained warnings"), default=list)
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(
                fields=["record_uid", "cycle", "person"],
                condition=Q(step__in=[str(s) for s in FOUR_EYES_STEPS]),
                name="records_review_four_eyes",
            )
        ]
        indexes = [models.Index(fields=["record_uid", "cycle"], name="records_review_record")]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.get_step_display()} {self.person_name}"


class RecordRevision(models.Model):
    """修订版 — canonical bytes of every revision that was ever put to review or sent. Append-only."""

    db_access = "append_only"

    record_type = models.CharField(max_length=30, db_collation="C")
    record_uid = models.UUIDField()
    rev = models.PositiveIntegerField()
    content = models.BinaryField()
    content_hash = models.CharField(max_length=64, db_collation="C")
    schema = models.CharField(max_length=10, db_collation="C")
    permit = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["record_uid", "rev"]
        constraints = [models.UniqueConstraint(fields=["record_uid", "rev"], name="records_revision_once")]
        triggers = [append_only()]


class EntryDraft(models.Model):
    """
    录入草稿 — what a person typed and did not save: private, without rules, gone on save; `page` typed it last.

    One for each form and record, and one for each new form that was opened (`key`).
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    form = models.CharField(max_length=30, db_collation="C")
    record_uid = models.UUIDField(null=True)
    key = models.UUIDField(null=True)
    page = models.UUIDField(null=True)
    base_rev = models.PositiveIntegerField(null=True)
    payload = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "form", "record_uid", "key"],
                nulls_distinct=False,
                name="records_entrydraft_one_per_form",
            )
        ]


class Attachment(models.Model):
    """附件 — a file kept under its SHA-256; removing one keeps the row."""

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=30, db_collation="C")
    record_uid = models.UUIDField()
    name = models.CharField(_("file name"), max_length=200)
    media_type = models.CharField(max_length=80, db_collation="C")
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64, db_collation="C")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["added_at"]
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes = [models.Index(fields=["record_uid"], name="records_attachment_record")]


class Outbox(models.Model):
    """待上报 — a reviewed revision that waits for a batch: membership, never a watermark."""

    record_type = models.CharField(max_length=30, db_collation="C")
    record_uid = models.UUIDField()
    rev = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64, db_collation="C")
    permit = models.UUIDField(null=True)
    batch = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record_uid", "rev"], name="records_outbox_once")]
        indexes = [
            models.Index(fields=["record_type", "id"], condition=Q(batch=None), name="records_outbox_waiting"),
            models.Index(fields=["batch"], name="records_outbox_batch"),
        ]


class Identity(models.Model):
    """身份表 — what the centre holds of a uid: type, newest revision, its hash, and its batch, if a node sent it."""

    db_access = "sync_only"

    record_uid = models.UUIDField(primary_key=True)
    record_type = models.CharField(max_length=30, db_collation="C")
    node = models.CharField(max_length=20, db_collation="C")
    rev = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64, db_collation="C")
    batch = models.UUIDField(null=True)
    deleted = models.BooleanField(default=False)


class Permit(models.Model):
    """
    许可 — a single-use unlock the centre signed for one uid, base and new content (art. 12).

    One permit may hold many records, a row for each; each row is used once. `void_at`: no longer good.
    """

    db_access = "sync_only"

    permit_id = models.UUIDField()
    record_type = models.CharField(max_length=30, db_collation="C")
    record_uid = models.UUIDField()
    base_rev = models.PositiveIntegerField()
    base_hash = models.CharField(max_length=64, db_collation="C")
    new_hash = models.CharField(max_length=64, db_collation="C")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    void_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["permit_id", "record_uid"], name="records_permit_once"),
            models.CheckConstraint(condition=Q(used_at=None) | Q(void_at=None), name="records_permit_used_or_void"),
        ]
        indexes = [models.Index(fields=["record_uid"], name="records_permit_record")]


def evidence_of(review: Review) -> dict[str, Any]:
    """One review as a batch carries it."""
    return {"step": review.step, "by": review.person_name, "unit": review.unit_key, "at": review.at.isoformat()}
