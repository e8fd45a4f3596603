"""Shapes of changes in the REST API."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from detection.models import Change
from lib.moments import MomentField


class LinkSerializer(serializers.Serializer):
    """A link that came along."""

    href = serializers.CharField()
    text = serializers.CharField()
    image = serializers.BooleanField()


class ChangeSerializer(serializers.ModelSerializer):
    """A change of a service."""

    service = serializers.CharField(source="service.slug", default=None, allow_null=True)
    source = serializers.CharField(source="source.slug", default=None, allow_null=True)  # type: ignore[assignment]  # as the API calls it
    told_by = serializers.CharField(source="told_by.username", default=None, allow_null=True)
    links = LinkSerializer(many=True)
    received = serializers.DateTimeField(source="received_at")

    class Meta:
        model = Change
        fields = ["id", "service", "source", "told_by", "kind", "summary", "origin", "links", "at", "received"]


@extend_schema_serializer(
    examples=[OpenApiExample("A switch", {"summary": "New checkout for 10 %", "kind": "feature-flag", "url": "https://ci.example.com/17"})]
)
class ChangeMakeSerializer(serializers.Serializer):
    """A change to report."""

    summary = serializers.CharField(max_length=1024)
    kind = serializers.CharField(max_length=40, help_text="What kind of change, in your words: deployment, configuration, feature-flag…")
    url = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    at = MomentField(required=False, allow_null=True, help_text="When it was; now unless said otherwise.")
