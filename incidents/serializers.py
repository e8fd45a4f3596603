"""Shapes of incidents in the REST API: they check form, `lifecycle` checks rules."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from incidents import figures, lifecycle
from incidents.models import Clock, Grant, Impact, Incident, Role, Service, Severity, State, Step
from incidents.models.incident import MILESTONES
from lib.i18n import pick
from lib.moments import MomentField


class ClockSerializer(serializers.ModelSerializer):
    """A clock and whether it was kept."""

    service: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    started = serializers.DateTimeField(source="started_at")
    due = serializers.DateTimeField(source="due_at")
    stopped = serializers.DateTimeField(source="stopped_at", allow_null=True)
    breached = serializers.SerializerMethodField()

    class Meta:
        model = Clock
        fields = ["kind", "service", "target_seconds", "is_working_time", "started", "due", "stopped", "breached", "exposure_seconds"]

    def get_breached(self, clock: Clock) -> bool:
        """Whether the target was missed."""
        return clock.breached_at is not None


class StepSerializer(serializers.ModelSerializer):
    """One step of a list."""

    title = serializers.SerializerMethodField()
    due = serializers.DateTimeField(source="due_at", allow_null=True)
    done_by = serializers.CharField(source="done_by.username", allow_null=True, default=None)

    class Meta:
        model = Step
        fields = ["id", "list", "key", "title", "due", "role", "done_at", "done_by", "late_at", "cancelled_at", "cancel_reason"]

    def get_title(self, step: Step) -> str:
        """In the caller's language."""
        return pick(step.title)


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "format": "date-time", "nullable": True}})
class MilestonesField(serializers.Field):
    """All milestones by name."""

    def to_representation(self, incident: Incident) -> dict[str, Any]:
        """Moments, null where not reached."""
        field = serializers.DateTimeField()
        moments = {name: getattr(incident, f"{name}_at") for name in MILESTONES}
        return {name: field.to_representation(moment) if moment else None for name, moment in moments.items()}


class ImpactSerializer(serializers.ModelSerializer):
    """A service and how badly it is hit."""

    service = serializers.CharField(source="service.slug")

    class Meta:
        model = Impact
        fields = ["service", "level"]


class IncidentSerializer(serializers.ModelSerializer):
    """An incident in a list."""

    status = serializers.CharField(source="state")
    services = serializers.SerializerMethodField()
    impacts = ImpactSerializer(many=True)
    milestones = MilestonesField(source="*")
    clocks = ClockSerializer(many=True)
    roles = serializers.SerializerMethodField()
    private = serializers.BooleanField(source="is_private")
    drill = serializers.BooleanField(source="is_drill")
    merged_into = serializers.CharField(source="merged_into.reference", allow_null=True, default=None)
    related_to = serializers.CharField(source="related_to.reference", allow_null=True, default=None)
    acknowledged_by = serializers.CharField(source="acknowledged_by.username", allow_null=True, default=None)
    url = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Incident
        fields = [
            "reference", "title", "summary", "severity", "highest_severity", "status", "services", "impacts", "private", "drill", "milestones", "clocks",
            "roles", "users_affected", "users_affected_percent", "acknowledged_by", "acknowledged_until", "recovered_at", "merged_into", "related_to",
            "last_seq", "url",
        ]  # fmt: skip

    def get_services(self, incident: Incident) -> list[str]:
        """Slugs of the services hit."""
        return [impact.service.slug for impact in incident.impacts.all()]

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_roles(self, incident: Incident) -> dict[str, str]:
        """User names by part."""
        return {assignment.role: assignment.person.username for assignment in incident.assignments.all() if assignment.until is None}


class IncidentDetailSerializer(IncidentSerializer):
    """An incident by itself: also what may follow, its figures and its playbook."""

    allowed = serializers.SerializerMethodField()
    figures = serializers.SerializerMethodField()
    playbook = serializers.IntegerField(source="playbook.number")

    class Meta(IncidentSerializer.Meta):
        fields = [*IncidentSerializer.Meta.fields, "allowed", "figures", "playbook"]

    def get_allowed(self, incident: Incident) -> list[str]:
        """The states that may follow."""
        return lifecycle.allowed(incident)

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_figures(self, incident: Incident) -> dict[str, Any]:
        """Values with their source and time."""
        return {key: {"value": figure.value, "source": figure.source, "at": figure.at} for key, figure in figures.of(incident).items()}


@extend_schema_serializer(
    examples=[OpenApiExample("P1", {"title": "API answers 500", "severity": "P1", "services": ["api-gateway"], "users_affected_percent": 85})]
)
class DeclareSerializer(serializers.Serializer):
    """What it takes to declare an incident."""

    title = serializers.CharField(max_length=200)
    severity = serializers.ChoiceField(choices=Severity.choices)
    services = serializers.SlugRelatedField(slug_field="slug", queryset=Service.objects.current(), many=True, required=False)
    summary = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    users_affected = serializers.IntegerField(min_value=0, max_value=2_000_000_000, required=False, allow_null=True)
    users_affected_percent = serializers.DecimalField(max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False, allow_null=True)
    private = serializers.BooleanField(required=False)
    drill = serializers.BooleanField(required=False)


class EditSerializer(serializers.Serializer):
    """What PATCH may change."""

    title = serializers.CharField(max_length=200, required=False)
    summary = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    users_affected = serializers.IntegerField(min_value=0, max_value=2_000_000_000, required=False, allow_null=True)
    users_affected_percent = serializers.DecimalField(max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False, allow_null=True)
    services = serializers.DictField(child=serializers.ChoiceField(choices=Impact.Level.choices), required=False, help_text="{slug: level}; replaces all")
    private = serializers.BooleanField(required=False)


class TransitionSerializer(serializers.Serializer):
    """Where to, and a word along with it."""

    to = serializers.ChoiceField(choices=State.choices)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class SeveritySerializer(serializers.Serializer):
    """A commander's new severity."""

    severity = serializers.ChoiceField(choices=Severity.choices)
    reason = serializers.CharField(max_length=2000)


class RoleSerializer(serializers.Serializer):
    """A part and the user name of who plays it; null takes it back."""

    role = serializers.ChoiceField(choices=Role.choices)
    person = serializers.CharField(allow_null=True)


class MilestoneSerializer(serializers.Serializer):
    """A milestone's true time."""

    name = serializers.ChoiceField(choices=[(name, name) for name in MILESTONES])
    at = MomentField()
    reason = serializers.CharField(max_length=2000)


class MergeSerializer(serializers.Serializer):
    """The reference of the incident that this one is part of."""

    into = serializers.CharField(max_length=24)
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class RedactSerializer(serializers.Serializer):
    """Which entry becomes a tombstone, and why."""

    seq = serializers.IntegerField(min_value=1)
    reason = serializers.CharField(max_length=2000)


@extend_schema_serializer(
    examples=[OpenApiExample("A person", {"person": "mina"}, request_only=True), OpenApiExample("A team", {"team": "security"}, request_only=True)]
)
class GrantSerializer(serializers.Serializer):
    """A user name or a team's slug."""

    person = serializers.CharField(required=False)
    team = serializers.SlugField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two."""
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Name a person or a team."))
        return attrs


class GrantedSerializer(serializers.ModelSerializer):
    """Who is named: a person or a team; `broke_glass` for who opened it without being named."""

    person = serializers.CharField(source="person.username", default=None, allow_null=True)
    team = serializers.CharField(source="team.slug", default=None, allow_null=True)

    class Meta:
        model = Grant
        fields = ["id", "person", "team", "broke_glass"]


class GlassSerializer(serializers.Serializer):
    """Why a private incident is opened without being named."""

    reason = serializers.CharField(max_length=2000)
