"""What divisions, units, audit entries and the sign-in look like as JSON."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import AuditEntry, Division, Unit, UnitSuccession
from povfund.common.api_fields import RecordSerializer


class CredentialsSerializer(serializers.Serializer):
    """Input of the sign-in."""

    username = serializers.CharField(max_length=255)
    password = serializers.CharField(max_length=1024, trim_whitespace=False)
    otp = serializers.CharField(max_length=16, required=False, allow_blank=True, default="")


class TokenSerializer(serializers.Serializer):
    """Output of the sign-in: valid for eight hours."""

    token = serializers.CharField()


class DivisionSerializer(serializers.ModelSerializer):
    """行政区划; `path` names what lies above, nearest last."""

    parent = serializers.SlugRelatedField("code", read_only=True, allow_null=True)
    successor = serializers.SlugRelatedField("code", read_only=True, allow_null=True)
    path = serializers.SerializerMethodField()

    class Meta:
        model = Division
        fields = [
            "code",
            "level",
            "name",
            "former_name",
            "parent",
            "path",
            "valid_from",
            "valid_to",
            "successor",
            "local",
        ]

    def get_path(self, division: Division) -> list[str]:
        names: list[str] = []
        above = division.parent
        while above is not None and above.parent_id:
            names.insert(0, above.name)
            above = above.parent
        return names


class UnitSerializer(serializers.ModelSerializer):
    """单位; `key` is how data, API and batches write it."""

    key = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    division = serializers.SlugRelatedField("code", read_only=True)

    class Meta:
        model = Unit
        fields = ["key", "name", "division", "kind", "active"]


@extend_schema_field(OpenApiTypes.STR)
class UnitKeyField(serializers.Field[Unit, str, str, Any]):
    """A unit written `511921.finance`."""

    default_error_messages = {"unknown": _("There is no such unit.")}

    def to_internal_value(self, data: Any) -> Unit:
        unit = Unit.objects.by_key(data) if isinstance(data, str) and "\0" not in data else None
        if unit is None:
            self.fail("unknown")
        return unit

    def to_representation(self, value: Unit) -> str:
        return value.key


class UnitSuccessionSerializer(RecordSerializer):
    """单位沿革; `former_name` empty: the name the unit has today."""

    unit = UnitKeyField()
    successor = UnitKeyField()
    former_name = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")

    class Meta:
        model = UnitSuccession
        fields = ["id", "unit", "successor", "since", "former_name", "document"]
        validators: list[Any] = []


class AuditEntrySerializer(serializers.ModelSerializer):
    """审计记录; `n` is its place in the chain, null until linked."""

    actor = serializers.SlugRelatedField("username", read_only=True, allow_null=True)
    unit = serializers.SerializerMethodField()
    n = serializers.SerializerMethodField()

    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "n",
            "at",
            "actor",
            "person_name",
            "unit",
            "action",
            "target_type",
            "target_id",
            "before",
            "after",
            "comment",
            "request_id",
        ]

    def get_unit(self, entry: AuditEntry) -> str | None:
        return entry.unit.key if entry.unit else None

    def get_n(self, entry: AuditEntry) -> int | None:
        link = getattr(entry, "link", None)
        return link.n if link else None
