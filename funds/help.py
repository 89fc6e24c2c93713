"""填报说明: what each field of a fund document means, in which unit, and by which article."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class FieldHelp:
    """填报说明 of one field; `name` is its place in the form (`lines.amount`)."""

    name: str
    label: Text
    text: Text
    unit: Text = ""
    article: str = ""

    @property
    def anchor(self) -> str:
        """The id of the text in the side panel; F1 on the field leads there."""
        return "help-" + self.name.replace(".", "-")


HELP = (
    FieldHelp(
        "document_no",
        _("Document number"),
        _(
            "As printed on the document: issuing organ, year in brackets, serial. Brackets of any kind are taken."
            " Only a balance carried over has none."
        ),
        article="9",
    ),
    FieldHelp("title", _("Title"), _("The title of the document, without “notice on issuing”."), article="9"),
    FieldHelp(
        "budget_year",
        _("Budget year"),
        _("The year whose budget the money belongs to. It decides which budget items and categories are in force."),
        article="2",
    ),
    FieldHelp(
        "issue_batch",
        _("Issue batch"),
        _(
            "First, second or advance notice, as the document says. “Recovered” is for money taken back:"
            " amounts below zero."
        ),
        article="9",
    ),
    FieldHelp("issued_on", _("Issued on"), _("The date under the document."), article="9"),
    FieldHelp(
        "approved_on",
        _("Approved on"),
        _(
            "The day the allocation was decided; of a fund document the day of issue. The next working day is the first"
            " of the 15 in which it is to be entered."
        ),
        article="9",
    ),
    FieldHelp(
        "received_on",
        _("Received on"),
        _("The day the document came in, where it came from above. Not before the day of issue."),
        article="9",
    ),
    FieldHelp(
        "parent",
        _("Parent document"),
        _(
            "The document by which this money came to you. What is passed on below it may not exceed what it gave."
            " Empty for money of your own budget. Of “recovered”: your own document that had given the money."
        ),
        article="9",
    ),
    FieldHelp(
        "stated_total",
        _("Total stated in the document"),
        _("The total printed in the document. It is compared with the sum of the lines while you type."),
        unit=_("10k yuan"),
        article="9",
    ),
    FieldHelp(
        "remark", _("Remark"), _("What a reader has to know and no field holds. No personal data."), article="18"
    ),
    FieldHelp(
        "lines.recipient",
        _("Recipient"),
        _("The division that gets the money: its name or its code of six digits. It lies in your own division."),
        article="9",
    ),
    FieldHelp(
        "lines.money_level",
        _("Level of money"),
        _("Whose budget the money comes from, not who passes it on."),
        article="2",
    ),
    FieldHelp(
        "lines.fund_category",
        _("Fund category"),
        _("A national category, or one your province set below it. Only those in force in the budget year."),
        article="5",
    ),
    FieldHelp(
        "lines.budget_item",
        _("Budget item"),
        _("Up to 2006: 2801. From 2007: an item of 21305, that is 04, 05, 06, 07, 08 or 99."),
        article="2",
    ),
    FieldHelp(
        "lines.amount",
        _("Amount"),
        _(
            "As in the document, to the fen: up to six decimals. Nothing is rounded. Below zero only for money"
            " taken back."
        ),
        unit=_("10k yuan"),
        article="2",
    ),
    FieldHelp(
        "lines.payment_mode",
        _("Payment mode"),
        _("Central treasury payment, or reimbursement out of the special account."),
        article="10",
    ),
    FieldHelp("lines.remark", _("Remark of the line"), _("Up to 200 characters."), article="9"),
)
BY_NAME = {field.name: field for field in HELP}

ARRIVAL_HELP = (
    FieldHelp(
        "line",
        _("Fund line"),
        _("The line of the fund document by which the money was given to your division."),
        article="9",
    ),
    FieldHelp(
        "arrived_on",
        _("Arrived on"),
        _("The day of the voucher. Enter it within 15 working days; the next working day is the first."),
        article="9",
    ),
    FieldHelp(
        "amount",
        _("Amount arrived"),
        _("What stands on the account, to the fen. Several arrivals of a line sum to at most the line."),
        unit=_("10k yuan"),
        article="9",
    ),
    FieldHelp(
        "account",
        _("Account of arrival"),
        _("Under reimbursement money has arrived once it is on the finance account with the budget document."),
        article="10",
    ),
    FieldHelp("budget_no", _("Budget document"), _("Its number; brackets of any kind are taken."), article="10"),
    FieldHelp("voucher_no", _("Voucher number"), _("Of the receipt or the bank, up to 60 characters."), article="10"),
    FieldHelp(
        "remark", _("Remark"), _("What a reader has to know and no field holds. No personal data."), article="18"
    ),
)
ARRIVAL_BY_NAME = {field.name: field for field in ARRIVAL_HELP}
