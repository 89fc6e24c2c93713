"""States and steps of a record's life (`docs/workflows/record.md`)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class RecordState(TextChoices):
    """记录状态 — the nine words stored, shown in the API and counted in rollups."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Awaiting unit review")
    UNIT_REVIEWED = "unit_reviewed", _("Reviewed by the unit")
    CITY_REVIEWED = "city_reviewed", _("Reviewed by the city")
    PROVINCE_REVIEWED = "province_reviewed", _("Reviewed by the province")
    SEALED = "sealed", _("Sealed")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    RETURNED = "returned", _("Returned by the centre")
    PERMITTED = "permitted", _("Change permitted")


S = RecordState

LOCKED_STATES = (S.SEALED, S.ACKNOWLEDGED, S.PERMITTED)
"""States in which the database refuses a change of content (art. 12)."""

REVIEWED_STATES = (S.UNIT_REVIEWED, S.CITY_REVIEWED, S.PROVINCE_REVIEWED, S.SEALED, S.ACKNOWLEDGED, S.PERMITTED)
"""States from `unit_reviewed` on: what same-level and superior units may read (art. 14)."""

UNIT_STATES = (S.DRAFT, S.SUBMITTED, S.RETURNED)
"""States in which the responsible unit is to act."""

ABOVE_STATES = (S.UNIT_REVIEWED, S.CITY_REVIEWED)
"""States in which the city or the province is to act."""


SENT_BACK = "sent_back"
"""Of a filter of states: returned by the centre, or a draft a reviewer returned."""


class ReviewStep(TextChoices):
    """审核步骤 — what a `Review` row witnesses."""

    AUTHOR = "author", _("Entered")
    SUBMIT = "submit", _("Submitted")
    UNIT = "unit", _("Unit review")
    CITY = "city", _("City review")
    PROVINCE = "province", _("Provincial review")
    RETURN = "return", _("Returned")
    WITHDRAW = "withdraw", _("Withdrawn")


FOUR_EYES_STEPS = (ReviewStep.AUTHOR, ReviewStep.UNIT, ReviewStep.CITY, ReviewStep.PROVINCE)
"""Steps taken by different persons within one cycle, by database constraint."""


class ReturnReason(TextChoices):
    """退回原因 — the list a reviewer picks from; the text says the rest."""

    AMOUNT = "amount", _("Amount differs from the document")
    CODE = "code", _("Wrong category, budget item or recipient")
    ATTACHMENT = "attachment", _("Attachment missing or unreadable")
    DUPLICATE = "duplicate", _("Entered twice")
    EXPLANATION = "explanation", _("Explanation not sufficient")
    OTHER = "other", _("Other")


class WarningReason(TextChoices):
    """警示说明 — why a warned value stands."""

    DOCUMENT = "document", _("Stated so in the document")
    POLICY = "policy", _("A provincial rule allows it")
    LATE_RECEIPT = "late_receipt", _("Document received late")
    OTHER = "other", _("Other")


class ChangeReason(TextChoices):
    """更改原因 — the list whoever asks for a change of a sent record picks from; the text says the rest."""

    AMOUNT = "amount", _("Amount entered wrongly")
    SWAPPED = "swapped", _("Two lines interchanged on entry")
    CODE = "code", _("Wrong category, budget item or recipient")
    DUPLICATE = "duplicate", _("Entered twice")
    IMPORT = "import", _("A workbook was imported wrongly")
    DOCUMENT = "document", _("The document itself was corrected later")
    OTHER = "other", _("Other")


OF_CHANGES = "change"
"""The `list` of a warning's reason whose code is a `ChangeReason`; without one it is a `WarningReason`."""


class ExportPurpose(TextChoices):
    """用途 — what a file is taken out for; the data serve poverty relief alone (art. 15)."""

    ANALYSIS = "analysis", _("Analysis and supervision")
    REPORTING = "reporting", _("Report to a superior")
    CHECKING = "checking", _("Checking with the unit")
    AUDIT = "audit", _("Audit and inspection")
    PUBLICITY = "publicity", _("Publicity")
