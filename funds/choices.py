"""Lists of the fund forms (`domain.md` is the requirement; art. 2 the scope)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class MoneyLevel(TextChoices):
    """资金级次 — whose budget the money comes from."""

    CENTRAL = "central", _("Central money")
    PROVINCE = "province", _("Provincial money")
    CITY = "city", _("City money")
    COUNTY = "county", _("County money")
    OTHER = "other", _("Other money")


class IssueBatch(TextChoices):
    """批次"""

    ADVANCE = "advance", _("Advance notice")
    FIRST = "first", _("First batch")
    SECOND = "second", _("Second batch")
    SUPPLEMENT = "supplement", _("Supplement")
    RECOVERY = "recovery", _("Recovered")


class PaymentMode(TextChoices):
    """国库支付方式 (art. 10)"""

    TREASURY = "treasury", _("Central treasury payment")
    SPECIAL_ACCOUNT = "special_account", _("Special account, reimbursement")


class ArrivalAccount(TextChoices):
    """到账账户 — under reimbursement (报账制) money has arrived on the finance account, else on the unit's."""

    FINANCE = "finance", _("Finance account, with the budget document")
    PROJECT = "project", _("Account of the project's unit")
