"""The shapes of deliveries, obligations, contact methods and channels over REST."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from comms import health, reasons
from comms.models import OUTSIDE, Alarm, Audience, ContactMethod, Delivery, DeliveryAttempt, Obligation
from comms.obligations import LONGEST_UPDATE


class ReasonField(serializers.CharField):
    """A stored reason in the caller's language."""

    def to_representation(self, value: str) -> str:
        """The provider's own words stay as they are."""
        return reasons.sentence(value)


class AttemptSerializer(serializers.ModelSerializer):
    """One try, with the provider's words."""

    answer = ReasonField(read_only=True)

    class Meta:
        model = DeliveryAttempt
        fields = ["at", "ended_at", "outcome", "answer"]


class DeliverySerializer(serializers.ModelSerializer):
    """One outward effect."""

    priority = serializers.SerializerMethodField()
    person = serializers.CharField(source="person.username", allow_null=True, default=None, read_only=True)
    incident = serializers.CharField(source="incident.reference", allow_null=True, default=None, read_only=True)
    exercise = serializers.BooleanField(source="is_exercise", read_only=True)
    answer = ReasonField(read_only=True)
    ambiguous = serializers.BooleanField(source="is_ambiguous", read_only=True)

    class Meta:
        model = Delivery
        fields = [
            "id", "channel", "kind", "priority", "person", "address", "incident", "exercise", "state", "ambiguous", "subject", "answer",
            "created_at", "not_before", "expires_at", "sent_at", "dead_at", "again_of",
        ]  # fmt: skip

    def get_priority(self, row: Delivery) -> str:
        """call, internal or subscriber."""
        return {0: "call", 1: "internal", 2: "subscriber"}[row.priority]


class DeliveryDetailSerializer(DeliverySerializer):
    """With its text and every try."""

    attempts = AttemptSerializer(source="tries", many=True, read_only=True)

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "body", "message_id", "attempts"]


class ObligationSerializer(serializers.ModelSerializer):
    """An update that is, or was, owed."""

    incident = serializers.CharField(source="incident.reference", read_only=True)
    due = serializers.DateTimeField(source="due_at", read_only=True)
    state = serializers.SerializerMethodField()
    kept_by = serializers.IntegerField(source="kept_by.seq", allow_null=True, default=None, read_only=True, help_text="the sequence of the update")

    class Meta:
        model = Obligation
        fields = ["id", "incident", "audience", "due", "because", "state", "kept_by", "opened_at", "missed_at", "closed_at"]

    def get_state(self, row: Obligation) -> str:
        """open, kept, missed, ended, replanned or merged."""
        return row.closing or "open"


class UpdateSerializer(serializers.Serializer):
    """Words for an audience."""

    text = serializers.CharField(max_length=LONGEST_UPDATE)
    audience = serializers.ChoiceField(choices=[pair for pair in Audience.choices if pair[0] not in OUTSIDE], default=Audience.WAR_ROOM)
    next_update_minutes = serializers.IntegerField(min_value=1, max_value=7 * 24 * 60, required=False, allow_null=True)


class ContactMethodSerializer(serializers.ModelSerializer):
    """One's own way to be reached."""

    verified = serializers.BooleanField(source="verified_at", read_only=True)
    suppressed = serializers.BooleanField(source="suppressed_at", read_only=True)
    channel = serializers.CharField(max_length=20, default="email")
    address = serializers.CharField(max_length=254)
    suppressed_reason = ReasonField(read_only=True)

    class Meta:
        model = ContactMethod
        fields = ["id", "channel", "address", "order", "verified", "suppressed", "suppressed_reason"]
        read_only_fields = ["order", "suppressed_reason"]

    def to_representation(self, instance: ContactMethod) -> dict[str, Any]:
        """Moments as yes or no."""
        shown = super().to_representation(instance)
        return {**shown, "verified": instance.verified_at is not None, "suppressed": instance.suppressed_at is not None}


class CodeSerializer(serializers.Serializer):
    """The code from the message."""

    code = serializers.CharField(max_length=20)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Mail fails",
            {
                "id": 4, "code": "dead", "subject": "email", "text": "2 messages by E-mail failed", "words": "550 no such user", "count": 2,
                "raised_at": "2026-05-01T08:00:00Z", "last_at": "2026-05-01T08:05:00Z", "cleared_at": None, "cleared_by": None,
            },
            response_only=True,
        )
    ]
)  # fmt: skip
class AlarmSerializer(serializers.ModelSerializer):
    """Something of the portal's own that a person must look at."""

    text = serializers.SerializerMethodField()
    words = ReasonField(read_only=True)
    cleared_by = serializers.CharField(source="cleared_by.username", default=None, allow_null=True, help_text="null: it was mended, or is open")

    class Meta:
        model = Alarm
        fields = ["id", "code", "subject", "text", "words", "count", "raised_at", "last_at", "cleared_at", "cleared_by"]

    def get_text(self, alarm: Alarm) -> str:
        """As a sentence in the caller's language."""
        return health.describe(alarm)


class ChannelSerializer(serializers.Serializer):
    """A channel and how it stands."""

    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the shape, not the serializer's own label
    state = serializers.ChoiceField(choices=["ok", "off", "paused", "not_configured"])
    reason = ReasonField()
    waiting = serializers.IntegerField()
