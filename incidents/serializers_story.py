"""Shapes of the story in the REST API: notes, entries and pictures."""

import base64
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from incidents import pictures
from incidents.models import Picture
from incidents.timeline import Line
from lib.moments import MomentField


@extend_schema_field({"type": "string", "format": "byte"})
class Base64Field(serializers.CharField):
    """Bytes as Base64."""

    def to_internal_value(self, data: Any) -> Any:
        """The bytes; refuses what is no Base64."""
        try:
            return base64.b64decode(super().to_internal_value(data), validate=True)
        except ValueError:
            raise serializers.ValidationError(_("This is no Base64.")) from None


@extend_schema_serializer(
    examples=[OpenApiExample("With a picture", {"text": "The pool is **full**:", "pictures": ["iVBORw0KGgoAAAANSUhEUg…"]}, request_only=True)]
)
class NoteSerializer(serializers.Serializer):
    """A note in Markdown, dated back by `at`, with pictures; words or a picture must be there."""

    text = serializers.CharField(max_length=20_000, required=False)
    at = MomentField(required=False, allow_null=True)
    pictures = serializers.ListField(child=Base64Field(), max_length=pictures.MOST_AT_ONCE, required=False, help_text="PNG, JPEG, GIF or WebP, 2 MB each")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two."""
        if "text" not in attrs and not attrs.get("pictures"):
            raise serializers.ValidationError({"text": [_("Write something first.")]})
        return attrs


class PictureSerializer(serializers.ModelSerializer):
    """A picture of the story; its bytes are at `url`."""

    added_by = serializers.CharField(source="added_by.username")
    size = serializers.IntegerField(help_text="bytes")
    url = serializers.SerializerMethodField()

    class Meta:
        model = Picture
        fields = ["digest", "kind", "size", "added_by", "added_at", "url"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, picture: Picture) -> str:
        """Where its bytes are."""
        return reverse("api:incident-picture", args=[self.context["reference"], picture.digest], request=self.context["request"])


class LineSerializer(serializers.Serializer):
    """An entry of the timeline."""

    seq = serializers.IntegerField()
    kind = serializers.CharField()
    text = serializers.CharField()
    actor = serializers.CharField(source="actor_name", allow_blank=True)
    source: Any = serializers.CharField()  # DRF takes it for the field's own attribute
    at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    redacted = serializers.BooleanField(source="is_redacted")
    pictures = serializers.SerializerMethodField(help_text="digests of the pictures that it shows")
    hash = serializers.CharField()
    prev_hash = serializers.CharField()

    def get_pictures(self, line: Line) -> list[str]:
        """Each once."""
        return pictures.named(line.text)


def line_of(line: Line) -> dict[str, Any]:
    """A timeline entry as the API and its stream give it."""
    return dict(LineSerializer(line).data)
