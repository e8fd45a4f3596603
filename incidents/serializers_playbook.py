"""Shapes of severities, teams, services and playbook versions in the REST API; `playbook.check` holds the rules."""

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from incidents.models import PlaybookVersion, RecoveryPoint, Service, Team
from incidents.playbook import Difference, SeverityRule
from incidents.services import Health
from lib.i18n import LANGUAGES, validate_localized

LOCALIZED = {"type": "object", "properties": {language: {"type": "string"} for language in LANGUAGES}, "example": {"en": "API gateway", "zh-hans": "API 网关"}}


@extend_schema_field({"oneOf": [LOCALIZED, {"type": "string"}]})
class LocalizedField(serializers.Field):
    """A text in both languages; a plain string is taken in the caller's language."""

    def to_representation(self, value: Any) -> Any:
        """All languages."""
        return value

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """{"en": …, "zh-hans": …}."""
        if isinstance(data, str):
            return {"zh-hans" if (get_language() or "").startswith("zh") else "en": data}
        validate_localized(data)
        return dict(data)


class SeveritySerializer(serializers.Serializer):
    """What a severity means and what follows from it; times in seconds."""

    code = serializers.CharField()
    name = LocalizedField()
    meaning = LocalizedField()
    escalation = LocalizedField()
    examples = serializers.ListField(child=LocalizedField())
    rto_seconds = serializers.IntegerField()
    rpo_seconds = serializers.IntegerField()
    respond_within_seconds = serializers.IntegerField(allow_null=True)
    is_working_time = serializers.BooleanField()
    ack_lease_seconds = serializers.IntegerField(allow_null=True)
    watch_seconds = serializers.IntegerField()
    share_from_percent = serializers.FloatField(source="share_from", allow_null=True)
    update_every_seconds = serializers.IntegerField(allow_null=True, help_text="How often the war room is owed an update")


def severity_of(rule: SeverityRule, update_every: int | None) -> dict[str, Any]:
    """A severity as the API gives it."""
    return dict(SeveritySerializer({**vars(rule), "update_every_seconds": update_every}).data)


class MemberSerializer(serializers.Serializer):
    """A member by user name."""

    person = serializers.SlugRelatedField(slug_field="username", queryset=get_user_model().objects.all())
    lead = serializers.BooleanField(source="is_lead", default=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Database",
            {
                "name": {"en": "Database", "zh-hans": "数据库组"},
                "lead_title": {"en": "Database specialist", "zh-hans": "数据库专家"},
                "channel": "#db-emergency",
                "is_response": True,
                "members": [{"person": "maria", "lead": True}],
            },
            request_only=True,
        )
    ]
)
class TeamSerializer(serializers.ModelSerializer):
    """A team and who is in it. PUT without `members` leaves them as they are."""

    name = LocalizedField()
    duty = LocalizedField(required=False)
    lead_title = LocalizedField(required=False)
    is_response = serializers.BooleanField(required=False, default=False)
    members = MemberSerializer(source="memberships", many=True, required=False)
    services: serializers.SlugRelatedField = serializers.SlugRelatedField(slug_field="slug", many=True, read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Team
        fields = ["slug", "name", "duty", "lead_title", "channel", "is_response", "position", "archived", "members", "services", "url"]
        read_only_fields = ["slug", "archived"]

    def get_url(self, team: Team) -> str:
        """The team's page."""
        return f"/teams/{team.slug}/"

    def to_representation(self, team: Team) -> dict[str, Any]:
        """With what only the playbook knows."""
        team.is_response = bool(self.context["playbook"].items("teams").get(team.slug, {}).get("is_response"))  # type: ignore[attr-defined]
        return super().to_representation(team)


class HealthSerializer(serializers.Serializer):
    """How open incidents hit the service; level "" is healthy."""

    level = serializers.CharField(allow_blank=True)
    severity = serializers.CharField(allow_blank=True)
    incidents = serializers.IntegerField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "API gateway",
            {
                "name": {"en": "API gateway", "zh-hans": "API 网关"},
                "group": "core",
                "owner": "operations",
                "rto_seconds": 300,
                "rpo_seconds": 60,
                "availability_percent": 99.95,
                "depends_on": ["user-authentication"],
            },
            request_only=True,
        )
    ]
)
class ServiceSerializer(serializers.ModelSerializer):
    """A service with its recovery objectives in seconds."""

    name = LocalizedField()
    description = LocalizedField(required=False)
    group = serializers.CharField(source="group.slug", allow_null=True, required=False, default=None)
    owner = serializers.CharField(source="owner.slug", allow_null=True, required=False, default=None)
    depends_on = serializers.ListField(child=serializers.CharField(), required=False)
    availability_percent = serializers.FloatField(allow_null=True, required=False, min_value=0, max_value=100)
    health = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Service
        fields = [
            "slug", "name", "description", "group", "owner", "depends_on", "rto_seconds", "rpo_seconds", "availability_percent", "dashboard_url",
            "logs_url", "traces_url", "position", "archived", "health", "url",
        ]  # fmt: skip
        read_only_fields = ["slug", "archived"]

    @extend_schema_field(HealthSerializer)
    def get_health(self, service: Service) -> dict[str, Any]:
        """From the open incidents that the caller may see."""
        return dict(HealthSerializer(self.context["health"].get(service.pk, Health())).data)

    def get_url(self, service: Service) -> str:
        """The service's page."""
        return f"/services/{service.slug}/"

    def to_representation(self, service: Service) -> dict[str, Any]:
        """Dependencies by slug."""
        fields = {name: field for name, field in self.fields.items() if name != "depends_on"}
        found = {name: field.to_representation(value) if (value := _read(field, service)) is not None else None for name, field in fields.items()}
        return {**found, "depends_on": sorted(one.slug for one in service.depends_on.all())}


def _read(field: serializers.Field, service: Service) -> Any:
    try:
        return field.get_attribute(service)
    except (AttributeError, serializers.SkipField):
        return None


def item_of(told: dict[str, Any]) -> dict[str, Any]:
    """The playbook item of what a PUT told about a service: flat slugs in place of nested ones."""
    item = dict(told)
    for name in ("group", "owner"):
        if name in item:
            item[name] = (item[name] or {}).get("slug") if isinstance(item[name], dict) else item[name]
    return {name: value for name, value in item.items() if value is not None and value != "" and value != {}}


class RecoveryPointSerializer(serializers.ModelSerializer):
    """A moment to which the service's data can be brought back."""

    service: serializers.SlugRelatedField = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    reported_by: serializers.SlugRelatedField = serializers.SlugRelatedField(slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = RecoveryPoint
        fields = ["service", "at", "reported_at", "reported_by"]
        read_only_fields = ["reported_at"]


class VersionSerializer(serializers.ModelSerializer):
    """A playbook version without its content."""

    author: serializers.SlugRelatedField = serializers.SlugRelatedField(slug_field="username", read_only=True, allow_null=True)

    class Meta:
        model = PlaybookVersion
        fields = ["number", "digest", "author", "note", "created_at"]


class PlaybookSerializer(VersionSerializer):
    """A playbook version whole: `{section: {key: item}}`."""

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "content"]


class ContentSerializer(serializers.Serializer):
    """A whole content: `{section: {key: item}}`."""

    content = serializers.JSONField()


class DifferenceSerializer(serializers.Serializer):
    """An item that is not as shipped."""

    section = serializers.CharField()
    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=["added", "removed", "changed"])
    ours = serializers.JSONField(allow_null=True)
    shipped = serializers.JSONField(allow_null=True)


class DiffSerializer(serializers.Serializer):
    """What the team changed."""

    number = serializers.IntegerField()
    differences = DifferenceSerializer(many=True)


def difference_of(difference: Difference) -> dict[str, Any]:
    """A difference as the API gives it."""
    return dict(DifferenceSerializer(difference).data)


@extend_schema_serializer(examples=[OpenApiExample("A cadence", {"name": {"en": "War room"}, "every": {"P1": 900, "P2": 1800, "P3": 3600}})])
class ItemSerializer(serializers.Serializer):
    """An item of a section; its fields are those of the section."""

    def to_internal_value(self, data: Any) -> Any:
        """Any object: the playbook's own check says what is wrong."""
        if not isinstance(data, dict):
            raise serializers.ValidationError({"non_field_errors": [_("An item is an object of fields.")]})
        return data

    def to_representation(self, item: Any) -> Any:
        """As it stands."""
        return item
