"""Shapes of silences in the REST API."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from detection.foresight import Foresight
from detection.matchers import OPS
from detection.models import Silence, Source
from lib import clock
from lib.moments import MomentField


class MatcherSerializer(serializers.Serializer):
    """A condition on a label; a label that is not there has the value ""."""

    label = serializers.CharField(max_length=200)  # type: ignore[assignment]  # a field of that name, as the API calls it
    op = serializers.ChoiceField(choices=OPS, default="=")
    value = serializers.CharField(max_length=2000, allow_blank=True, trim_whitespace=False, help_text="For =~ and !~ a pattern that meets the whole value.")


class SilenceSerializer(serializers.ModelSerializer):
    """A silence; one without matchers holds all that its source sends."""

    state = serializers.SerializerMethodField()
    matchers = MatcherSerializer(many=True)
    source = serializers.CharField(source="source.slug", default=None, allow_null=True)  # type: ignore[assignment]  # as the API calls it
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    ended_early_by = serializers.CharField(source="ended_early_by.username", default=None, allow_null=True)
    hides = serializers.IntegerField(help_text="How many firing alerts that you may see it hides now.")

    class Meta:
        model = Silence
        fields = [
            "id", "state", "matchers", "source", "starts_at", "ends_at", "comment", "created_by", "created_at", "ended_early_by", "ended_early_at", "hides",
        ]  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(choices=Silence.State.choices))
    def get_state(self, silence: Silence) -> Any:
        """Whether it is coming, active or over."""
        return silence.state(clock.now()).value


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A known one",
            {"matchers": [{"label": "alertname", "op": "=", "value": "DiskFull"}], "ends_at": "2030-01-01T12:00:00Z", "comment": "New disk is on its way"},
        )
    ]
)
class SilenceMakeSerializer(serializers.Serializer):
    """A silence to make."""

    matchers = MatcherSerializer(many=True, required=False, default=list)
    source: Any = serializers.SlugRelatedField(slug_field="slug", queryset=Source.objects.all(), required=False, allow_null=True)
    starts_at = MomentField(required=False, allow_null=True, help_text="Now unless said otherwise.")
    ends_at = MomentField(help_text="At most 30 days later.")
    comment = serializers.CharField(max_length=500, required=False, allow_blank=True)


@extend_schema_serializer(examples=[OpenApiExample("Until the evening", {"ends_at": "2030-01-01T18:00:00Z"})])
class SilenceExtendSerializer(serializers.Serializer):
    """Another end."""

    ends_at = MomentField(help_text="At most 30 days after it starts.")


@extend_schema_serializer(examples=[OpenApiExample("By name", {"matchers": [{"label": "alertname", "op": "=", "value": "DiskFull"}], "source": None})])
class ForeseeSerializer(serializers.Serializer):
    """A silence that is thought of; without matchers all that a source sends."""

    matchers = MatcherSerializer(many=True, required=False, default=list)
    source: Any = serializers.SlugRelatedField(slug_field="slug", queryset=Source.objects.all(), required=False, allow_null=True)


class ForesightSerializer(serializers.Serializer):
    """What it would hide of the alerts that the caller may see."""

    firing = serializers.IntegerField(help_text="How many that fire now.")
    last_24_hours = serializers.IntegerField(source="day")
    last_7_days = serializers.IntegerField(source="week")
    is_cut = serializers.BooleanField(help_text="Only the newest 10,000 alerts were counted.")
    alerts = serializers.SerializerMethodField(help_text="The first five, by their ids.")

    @extend_schema_field({"type": "array", "items": {"type": "integer"}})
    def get_alerts(self, found: Foresight) -> list[int]:
        """Firing ones first."""
        return [alert.pk for alert in found.named]
