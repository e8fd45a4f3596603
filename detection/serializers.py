"""Shapes of alerts, candidates and sources in the REST API."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from detection import why
from detection.acknowledging import MOST
from detection.models import Alert, Candidate, Mapping, SetAside, Source
from detection.reasons import sentence
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


class UnroutedSerializer(serializers.Serializer):
    """Alerts of no service with the same label and value."""

    label = serializers.CharField(help_text="“alertname” is the name.")  # type: ignore[assignment]  # a field of that name, as the API calls it
    value = serializers.CharField()
    count = serializers.IntegerField()
    firing = serializers.IntegerField()
    severity = serializers.CharField(help_text="The gravest of them.")
    newest = serializers.IntegerField(source="newest.pk", help_text="The id of the newest, for mapping it.")


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


@extend_schema_serializer(examples=[OpenApiExample("Another name", {"name": "Alertmanager Singapore", "service": None})])
class SourceChangeSerializer(serializers.Serializer):
    """What may change of a source."""

    name = serializers.CharField(max_length=60)
    service = serializers.SlugRelatedField(slug_field="slug", queryset=Service.objects.current(), allow_null=True)


class TrialSerializer(serializers.Serializer):
    """The alert to send through."""

    severity = serializers.ChoiceField(choices=Severity.choices, default=Severity.P4)
    status = serializers.ChoiceField(choices=Alert.Status.choices, default=Alert.Status.FIRING)


class TriedSerializer(serializers.Serializer):
    """The alert that it became."""

    alert = serializers.IntegerField(source="pk")


@extend_schema_serializer(examples=[OpenApiExample("Two alerts", {"alerts": [17, 18]})])
class ChosenSerializer(serializers.Serializer):
    """Which alerts, by their ids."""

    alerts = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=2**62), min_length=1, max_length=MOST)


@extend_schema_serializer(examples=[OpenApiExample("One of two", {"count": 1, "refusals": ["INC-2026-007 is over."]}, response_only=True)])
class DoneSerializer(serializers.Serializer):
    """What was done."""

    count = serializers.IntegerField(help_text="How many incidents or candidates.")
    refusals = serializers.ListField(child=serializers.CharField())


class _Needing(serializers.Serializer):
    """A shape that says at least one of service and severity."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two is there."""
        if not {"service", "severity"} & set(attrs):
            raise serializers.ValidationError(_("A mapping needs a service or a severity."))
        return attrs


@extend_schema_serializer(
    examples=[
        OpenApiExample("A known service", {"service": "cache"}),
        OpenApiExample("Make one of that name", {"service": None}),
        OpenApiExample("Alerts of this name, from this source", {"label": "alertname", "severity": "P4", "only_source": True}),
    ]
)
class MapSerializer(_Needing):
    """What a label of an alert means; service null makes one of its name."""

    label = serializers.CharField(  # type: ignore[assignment]  # a field of that name, as the API calls it
        max_length=200, required=False, default="", help_text="“alertname” is its name. Without: the label of an unknown service; for a severity its name."
    )
    service = serializers.SlugRelatedField(slug_field="slug", queryset=Service.objects.current(), required=False, allow_null=True)
    severity = serializers.ChoiceField(choices=Severity.choices, required=False)
    only_source = serializers.BooleanField(required=False, default=False, help_text="Only for alerts from its source.")


@extend_schema_serializer(examples=[OpenApiExample("Another service", {"service": "cache"})])
class MeansSerializer(_Needing):
    """What is meant."""

    service = serializers.SlugRelatedField(slug_field="slug", queryset=Service.objects.current(), required=False, allow_null=True)
    severity = serializers.ChoiceField(choices=Severity.choices, required=False, allow_blank=True)


class ProgressSerializer(serializers.Serializer):
    """How far what came before a mapping is set right."""

    looked = serializers.IntegerField()
    total = serializers.IntegerField(help_text="Counted when the mapping was made.")


@extend_schema_serializer(
    examples=[
        OpenApiExample("A host's name", {"label": "service", "value": "gw-eu-1", "service": "api-gateway"}, request_only=True),
        OpenApiExample("Alerts of a name", {"label": "alertname", "value": "Watchdog", "source": "alertmanager", "severity": "P4"}, request_only=True),
    ]
)
class MappingSerializer(_Needing, serializers.ModelSerializer):
    """What a value of a label means here; it wins over the slug of the same name and over the playbook's words. One of a source wins over one of all."""

    source: Any = serializers.SlugRelatedField(
        slug_field="slug", queryset=Source.objects.all(), required=False, allow_null=True, help_text="Only alerts from this source; null: from all."
    )
    service: Any = serializers.SlugRelatedField(slug_field="slug", queryset=Service.objects.current(), required=False, allow_null=True)
    severity = serializers.ChoiceField(choices=Severity.choices, required=False, allow_blank=True)
    under_way = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Mapping
        fields = ["id", "source", "label", "value", "service", "severity", "under_way", "created_by", "created_at"]
        read_only_fields = ["created_at"]

    @extend_schema_field(ProgressSerializer(allow_null=True))
    def get_under_way(self, row: Mapping) -> dict[str, int] | None:
        """How far what came before is set right; null once it is."""
        asked = getattr(row, "restatement", None)
        return {"looked": min(asked.looked, asked.total), "total": asked.total} if asked and asked.done_at is None else None

    def get_validators(self) -> list[Any]:
        """None: a pair that is there is changed."""
        return []


class SetAsideSerializer(serializers.ModelSerializer):
    """What could not be taken."""

    source = serializers.CharField(source="source.slug")  # type: ignore[assignment]  # a field of that name, as the API calls it
    why = serializers.SerializerMethodField()
    index = serializers.IntegerField(allow_null=True, help_text="Which alert of the batch; null: the whole request.")

    class Meta:
        model = SetAside
        fields = ["id", "source", "received_at", "index", "reason", "detail", "why", "payload", "times", "taken_at"]

    def get_why(self, row: SetAside) -> str:
        """The reason as words in the caller's language."""
        return sentence(row.reason, row.detail)


@extend_schema_serializer(examples=[OpenApiExample("Taken", {"taken": True, "alert": 17, "why": ""}, response_only=True)])
class TakenSerializer(serializers.Serializer):
    """What came of taking it in again."""

    taken = serializers.BooleanField()
    alert = serializers.IntegerField(allow_null=True, help_text="The alert that it became, if the caller may see it.")
    why = serializers.CharField(help_text="Why it still cannot be taken.")


class WhichSetAsideSerializer(serializers.Serializer):
    """Which of those set aside; without anything all."""

    source = serializers.CharField(max_length=60, required=False, default="", help_text="A source's slug")  # type: ignore[assignment]  # as above
    reason = serializers.CharField(max_length=40, required=False, default="", help_text="A reason's code")


class AllTakenSerializer(serializers.Serializer):
    """What came of many."""

    taken = serializers.IntegerField()
    refused = serializers.IntegerField()
    reasons = serializers.ListField(child=serializers.CharField())
