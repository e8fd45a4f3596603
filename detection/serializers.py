"""Shapes of alerts, candidates and sources in the REST API."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from detection import why
from detection.models import Alert, Candidate, Source
from detection.serializers_changes import LinkSerializer
from detection.sources import KINDS
from incidents.models import Service, Severity


class AlertSerializer(serializers.ModelSerializer):
    """An alert as it stands."""

    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]  # a field of that name, as the API calls it
    service = serializers.CharField(source="service.slug", default=None, allow_null=True)
    incident = serializers.CharField(source="incident.reference", default=None, allow_null=True)
    candidate = serializers.SerializerMethodField()
    why = serializers.SerializerMethodField()
    received = serializers.DateTimeField(source="received_at")
    last_received = serializers.DateTimeField(source="last_received_at")
    links = LinkSerializer(many=True)
    page = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Alert
        fields = [
            "id", "source", "fingerprint", "status", "severity", "service", "name", "title", "summary", "starts_at", "ends_at", "url", "labels",
            "annotations", "links", "acknowledged_at", "incident", "candidate", "why", "received", "last_received", "times", "page",
        ]  # fmt: skip

    def get_candidate(self, alert: Alert) -> int | None:
        """The candidate that it waits or waited in."""
        candidate = getattr(alert.group, "candidate", None) if alert.group_id else None
        return candidate.pk if candidate else None

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_why(self, alert: Alert) -> list[str]:
        """What became of it and why, in the caller's language."""
        return [said for said in why.explain(alert, reference=alert.incident.reference if alert.incident else "") if said]


class CandidateSerializer(serializers.ModelSerializer):
    """A candidate."""

    service = serializers.CharField(source="service.slug", default=None, allow_null=True)
    incident = serializers.CharField(source="incident.reference", default=None, allow_null=True)
    firing = serializers.IntegerField(help_text="How many of its alerts fire.")
    settled_by = serializers.CharField(source="settled_by.username", default=None, allow_null=True)

    class Meta:
        model = Candidate
        fields = ["id", "status", "title", "severity", "service", "incident", "firing", "began_at", "created_at", "settled_at", "settled_by"]


class AcceptSerializer(serializers.Serializer):
    """What accepting a candidate may say."""

    severity = serializers.ChoiceField(choices=Severity.choices, required=False)


class AcceptedSerializer(serializers.Serializer):
    """The incident that a candidate became."""

    incident = serializers.CharField()


class SourceSerializer(serializers.ModelSerializer):
    """A source; its key is told when it is made or rotated, never here."""

    service = serializers.CharField(source="default_service.slug", default=None, allow_null=True)
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    address = serializers.SerializerMethodField()
    set_aside = serializers.IntegerField(source="bad", default=0, help_text="Alerts of the last 7 days that could not be taken.")

    class Meta:
        model = Source
        fields = ["slug", "kind", "name", "service", "address", "last_received_at", "set_aside", "previous_key_until", "created_by", "created_at"]

    def get_address(self, source: Source) -> str:
        """Where its alerts go; {key} stands for the key."""
        return KINDS[source.kind].path if source.kind in KINDS else ""


@extend_schema_serializer(examples=[OpenApiExample("Alertmanager", {"kind": "alertmanager", "name": "Alertmanager Frankfurt", "service": "api-gateway"})])
class SourceMakeSerializer(serializers.Serializer):
    """What a new source needs."""

    kind = serializers.ChoiceField(choices=[(kind.name, kind.label) for kind in KINDS.values()])
    name = serializers.CharField(max_length=60)
    service = serializers.SlugRelatedField(slug_field="slug", queryset=Service.objects.current(), required=False, allow_null=True)


class RotateSerializer(serializers.Serializer):
    """How to rotate."""

    at_once = serializers.BooleanField(required=False, default=False, help_text="Shut the old key now; else it opens for 24 h more.")


class KeySerializer(SourceSerializer):
    """A source with its key, told this once."""

    key = serializers.SerializerMethodField()

    class Meta(SourceSerializer.Meta):
        fields = ["key", *SourceSerializer.Meta.fields]

    def get_key(self, source: Source) -> Any:
        """32 hex characters."""
        return self.context["key"]
