"""Shapes of the API; rules are the services'."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from funds.choices import ArrivalAccount, IssueBatch, MoneyLevel, PaymentMode
from funds.models import Arrival, BudgetItem, FundCategory, FundDocument
from funds.services import ArrivalInput, DocumentInput, LineInput, with_blanks
from povfund.common.api_fields import RecordSerializer, WarningsField, Whole, WholeField, YuanField
from records.choices import ReturnReason
from records.marks import OrderMark, order_marks

ORDERS_HELP = "Numbers of the change orders in force over the record, oldest first (art. 12)."
UNDER_WAY_HELP = "Number of the change order that is under way over the record; null where there is none."


class LineSerializer(Whole):
    """One line; `recipient` is a division code, `amount` a string of yuan."""

    uid = serializers.UUIDField(required=False)
    recipient = serializers.CharField(source="recipient.code", max_length=12)
    recipient_name = serializers.CharField(source="recipient.name", read_only=True)
    money_level = serializers.ChoiceField(choices=MoneyLevel.choices)
    fund_category = serializers.CharField(source="fund_category.code", max_length=40)
    budget_item = serializers.CharField(source="budget_item.code", max_length=40)
    amount = YuanField()
    payment_mode = serializers.ChoiceField(choices=PaymentMode.choices)
    remark = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")

    def to_internal_value(self, data: Any) -> LineInput:
        found: dict[str, Any] = super().to_internal_value(data)
        for name in ("recipient", "fund_category", "budget_item"):
            found[name] = found[name]["code"]
        return LineInput(**found)


class _OrdersField(serializers.Field[Any, Any, Any, Any]):
    """What is said of the change orders over a record; asked once for all records of an answer."""

    def __init__(self, **options: Any) -> None:
        super().__init__(source="*", read_only=True, **options)

    def marks(self, record: Any) -> list[OrderMark]:
        root: Any = self.root
        if not hasattr(root, "order_marks"):
            shown = root.instance if isinstance(root, serializers.ListSerializer) else [root.instance]
            root.order_marks = order_marks([row.pk for row in shown])
        found: list[OrderMark] = root.order_marks.get(record.pk, [])
        return found


@extend_schema_field(serializers.ListField(child=serializers.CharField()))
class OrdersInForceField(_OrdersField):
    """已生效更改申请 — the numbers of those in force."""

    def to_representation(self, value: Any) -> list[str]:
        return [mark.number for mark in self.marks(value) if not mark.under_way]


@extend_schema_field(serializers.CharField(allow_null=True))
class OrderUnderWayField(_OrdersField):
    """在途更改申请 — the number of the open one."""

    def to_representation(self, value: Any) -> str | None:
        return next((mark.number for mark in self.marks(value) if mark.under_way), None)


class DocumentSerializer(RecordSerializer):
    """资金下达 in the API, as `interface` writes it."""

    owner_unit = serializers.CharField(source="owner_unit.key", read_only=True)
    division = serializers.CharField(source="division.code", read_only=True)
    document_no = serializers.CharField(max_length=80, allow_blank=True)
    title = serializers.CharField(max_length=200)
    budget_year = WholeField()
    issue_batch = serializers.ChoiceField(choices=IssueBatch.choices)
    parent = serializers.UUIDField(source="parent_id", required=False, allow_null=True)
    stated_total = YuanField(required=False, allow_null=True)
    total = serializers.DecimalField(max_digits=18, decimal_places=2, read_only=True)
    late = serializers.BooleanField(read_only=True)
    warnings = WarningsField(read_only=True)
    change_orders = OrdersInForceField(help_text=ORDERS_HELP)
    change_under_way = OrderUnderWayField(help_text=UNDER_WAY_HELP)
    lines = LineSerializer(many=True, source="shown_lines")

    class Meta:
        model = FundDocument
        fields = [
            "uid", "rev", "state", "owner_unit", "division", "document_no", "title", "budget_year", "issue_batch",
            "issued_on", "approved_on", "received_on", "parent", "stated_total", "remark", "total", "line_count",
            "due_on", "late", "entered_at", "changed_at", "warnings", "change_orders",
            "change_under_way", "lines",
        ]  # fmt: skip
        read_only_fields = ["uid", "rev", "state", "due_on", "entered_at", "changed_at", "warnings", "line_count"]

    def as_input(self, document: FundDocument | None) -> DocumentInput:
        """What was sent, over what is stored (PATCH)."""
        sent = dict(self.validated_data)
        if "shown_lines" in sent:
            sent["lines"] = sent.pop("shown_lines")
        if "parent_id" in sent:
            sent["parent"] = sent.pop("parent_id")
        return DocumentInput(**((_stored(document) if document else {}) | sent))

    def readable(self, document: FundDocument | None) -> tuple[DocumentInput, set[str]] | None:
        """
        What could be read of input that is not valid, over what is stored, with the paths where it could not;
        None where the lines are no list of lines.
        """
        sent = self.initial_data if isinstance(self.initial_data, dict) else {}
        stored = _stored(document) if document else {}
        wrong = dict(self.errors)
        told = wrong.pop("lines", {})
        raw = sent.get("lines", [])
        if not isinstance(raw, list) or not isinstance(told, dict) or "non_field_errors" in told:
            return None
        head, unread = _read(self, sent, wrong)
        if "parent_id" in head:
            head["parent"] = head.pop("parent_id")
        kept = stored.pop("lines", [])
        rows = [] if "lines" in sent else [asdict(line) for line in kept]
        shape: Any = self.fields["lines"].child  # type: ignore[attr-defined]
        for n, row in enumerate(raw):
            line, blurred = _read(shape, row if isinstance(row, dict) else {}, told.get(n, {}))
            unread |= {f"lines[{n}].{name}" for name in blurred}
            rows.append({name.partition(".")[0]: value for name, value in line.items()})
        return with_blanks(stored | head, rows), unread


def _read(shape: Any, sent: dict[str, Any], wrong: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Values by source of the fields that can be read, and the names of those that cannot."""
    values: dict[str, Any] = {}
    for name, field in shape.fields.items():
        if name in sent and name not in wrong and name != "lines" and not field.read_only:
            values[field.source] = field.run_validation(sent[name])
    return values, set(wrong)


def _stored(document: FundDocument) -> dict[str, Any]:
    names = ("title", "budget_year", "issue_batch", "issued_on", "approved_on", "received_on", "stated_total", "remark")
    lines = document.lines.select_related("recipient", "fund_category", "budget_item")
    return {name: getattr(document, name) for name in names} | {
        "document_no": document.document_no_raw,
        "parent": document.parent_id,
        "lines": [
            LineInput(
                uid=line.uid,
                recipient=line.recipient.code,
                money_level=line.money_level,
                fund_category=line.fund_category.code,
                budget_item=line.budget_item.code,
                amount=line.amount,
                payment_mode=line.payment_mode,
                remark=line.remark,
            )
            for line in lines
        ],
    }


class DocumentRowSerializer(DocumentSerializer):
    """A document in a list: without its lines."""

    class Meta(DocumentSerializer.Meta):
        fields = [name for name in DocumentSerializer.Meta.fields if name != "lines"]


class ArrivalSerializer(RecordSerializer):
    """到账 in the API: `line` is the uid of a fund line, `amount` a string of yuan."""

    owner_unit = serializers.CharField(source="owner_unit.key", read_only=True)
    division = serializers.CharField(source="division.code", read_only=True)
    document = serializers.UUIDField(source="document_id", read_only=True)
    line = serializers.UUIDField(source="line_id")
    amount = YuanField()
    account = serializers.ChoiceField(choices=ArrivalAccount.choices)
    budget_no = serializers.CharField(max_length=60, required=False, allow_blank=True)
    voucher_no = serializers.CharField(max_length=60, required=False, allow_blank=True)
    fund_category = serializers.CharField(source="fund_category.code", read_only=True)
    budget_item = serializers.CharField(source="budget_item.code", read_only=True)
    issuer = serializers.CharField(source="issuer.code", read_only=True)
    late = serializers.BooleanField(read_only=True)
    warnings = WarningsField(read_only=True)
    change_orders = OrdersInForceField(help_text=ORDERS_HELP)
    change_under_way = OrderUnderWayField(help_text=UNDER_WAY_HELP)

    class Meta:
        model = Arrival
        fields = [
            "uid", "rev", "state", "owner_unit", "division", "document", "line", "arrived_on", "amount", "account",
            "budget_no", "voucher_no", "remark", "issuer", "budget_year", "money_level", "fund_category",
            "budget_item", "approved_on", "due_on", "late", "entered_at", "changed_at", "warnings",
            "change_orders", "change_under_way",
        ]  # fmt: skip
        read_only_fields = [
            "uid", "rev", "state", "budget_year", "money_level", "approved_on", "due_on", "entered_at", "changed_at",
            "warnings",
        ]  # fmt: skip

    def as_input(self, arrival: Arrival | None) -> ArrivalInput:
        """What was sent, over what is stored (PATCH)."""
        sent = dict(self.validated_data)
        if "line_id" in sent:
            sent["line"] = sent.pop("line_id")
        return ArrivalInput(**(_stored_arrival(arrival) | sent))

    def readable(self, arrival: Arrival | None) -> tuple[dict[str, Any], set[str]]:
        """What could be read of input that is not valid, over what is stored, and the names of the rest."""
        values, unread = _read(self, self.initial_data if isinstance(self.initial_data, dict) else {}, self.errors)
        if "line_id" in values:
            values["line"] = values.pop("line_id")
        return _stored_arrival(arrival) | values, unread


def _stored_arrival(arrival: Arrival | None) -> dict[str, Any]:
    names = ("arrived_on", "amount", "account", "budget_no", "voucher_no", "remark")
    return {name: getattr(arrival, name) for name in names} | {"line": arrival.line_id} if arrival else {}


class StepSerializer(Whole):
    """Input of a step: `rev` is the revision looked at, `warning_reasons` maps a rule to the typed reason."""

    action = serializers.ChoiceField(choices=["submit", "approve", "return", "withdraw"])
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")
    rev = WholeField(required=False, min_value=1)
    reason_code = serializers.ChoiceField(choices=ReturnReason.choices, required=False, allow_blank=True, default="")
    warning_reasons = serializers.DictField(child=serializers.CharField(max_length=400), required=False, default=dict)
    filter = serializers.DictField(required=False)


class BudgetItemSerializer(serializers.ModelSerializer[BudgetItem]):
    class Meta:
        model = BudgetItem
        fields = ["code", "from_year", "to_year", "in_scope", "names", "version"]


class FundCategorySerializer(serializers.ModelSerializer[FundCategory]):
    parent = serializers.CharField(source="parent.code", default=None, read_only=True, allow_null=True)
    province = serializers.CharField(source="province.code", default=None, read_only=True, allow_null=True)

    class Meta:
        model = FundCategory
        fields = ["code", "parent", "province", "managing_kind", "from_year", "to_year", "names", "version"]


class CodeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()


class CodeListSerializer(serializers.Serializer[Any]):
    list = serializers.CharField()
    codes = CodeSerializer(many=True)


class CodeListsSerializer(serializers.Serializer[Any]):
    """Every enumeration; there is no second page."""

    results = CodeListSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
