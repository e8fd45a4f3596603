"""Shapes of the public page in the REST API: they check form, `publishing` and `states` check rules."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from lib.i18n import LANGUAGES, require_localized
from statuspage import drafts
from statuspage.models import Component, ComponentState, Draft, Kind, Post, PostUpdate, Status
from statuspage.telling import LONGEST_PROMISE, LONGEST_TITLE


class TextsSerializer(serializers.Serializer):
    """A text by language."""

    def get_fields(self) -> dict[str, Any]:
        """One field per language."""
        return {language: serializers.CharField(required=False, allow_blank=True, max_length=4000) for language in LANGUAGES}

    def to_internal_value(self, data: Any) -> Any:
        """Raises Refused (422) for another language and for what is no string."""
        require_localized(data)
        return super().to_internal_value(data)

    def to_representation(self, instance: Any) -> Any:
        """As it is kept."""
        return {language: instance[language] for language in LANGUAGES if language in (instance or {})}


class TitleField(serializers.DictField):
    """A title by language."""

    child = serializers.CharField(max_length=LONGEST_TITLE, allow_blank=True)

    def to_internal_value(self, data: Any) -> Any:
        """Raises Refused (422) for another language and for what is no string."""
        require_localized(data)
        return super().to_internal_value(data)


class ComponentSerializer(serializers.ModelSerializer):
    """A service as the public sees it."""

    slug = serializers.CharField(source="service.slug")
    name = TextsSerializer()
    description = TextsSerializer()
    group = serializers.CharField(source="group.slug", default=None, allow_null=True)
    set_state = serializers.ChoiceField(choices=ComponentState.choices, help_text="What a person set; it counts while no post says worse.")

    class Meta:
        model = Component
        fields = ["slug", "code", "name", "description", "group", "position", "is_shown", "state", "since", "set_state", "set_at"]


@extend_schema_serializer(examples=[OpenApiExample("Maintenance begins", {"state": "under_maintenance"})])
class ComponentPatchSerializer(serializers.Serializer):
    """What changes: `state` needs *publish*, the rest *configure*; "" or null follows the service again."""

    state = serializers.ChoiceField(choices=ComponentState.choices, required=False)
    name = TextsSerializer(required=False)
    description = TextsSerializer(required=False)
    position = serializers.IntegerField(min_value=0, max_value=9999, required=False, allow_null=True)
    is_hidden = serializers.BooleanField(required=False)


class UpdateSerializer(serializers.ModelSerializer):
    """A published update, as it was published."""

    paragraphs = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    components = serializers.DictField(child=serializers.CharField(), help_text="{service slug: state}")
    published_by = serializers.CharField(source="published_by.username", default=None, allow_null=True, help_text="null: by the playbook's rule")

    class Meta:
        model = PostUpdate
        fields = ["number", "code", "kind", "status", "paragraphs", "components", "next_at", "published_at", "published_by", "accepted"]


class DraftSerializer(serializers.ModelSerializer):
    """What lies ready."""

    told = serializers.SerializerMethodField()
    edited_by = serializers.CharField(source="edited_by.username", default=None, allow_null=True)

    class Meta:
        model = Draft
        fields = ["kind", "told", "base_number", "made_at", "edited_by", "edited_at"]

    @extend_schema_field(serializers.DictField())
    def get_told(self, draft: Draft) -> dict[str, Any]:
        """As one may publish it."""
        return drafts.told(draft).dump()


class PublicSerializer(serializers.Serializer):
    """The public side of an incident: what is published and what lies ready."""

    code = serializers.CharField(allow_null=True)
    title = TextsSerializer(allow_null=True)
    status = serializers.ChoiceField(choices=Status.choices, allow_null=True)
    is_open = serializers.BooleanField()
    is_withdrawn = serializers.BooleanField()
    last_number = serializers.IntegerField(help_text="Of the newest update; send it back as `seen`.")
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=Kind.choices), help_text="What may be published now.")
    draft = DraftSerializer(allow_null=True)
    updates = UpdateSerializer(many=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A cause was found",
            {
                "kind": "identified",
                "symptom": "slow",
                "next_minutes": 30,
                "free": {"en": "A fix is on its way."},
                "services": {"api-gateway": "partial_outage"},
                "seen": 1,
            },
        )
    ]
)
class TellingSerializer(serializers.Serializer):
    """An update to be published. What is left out is the standard words'."""

    kind = serializers.ChoiceField(choices=Kind.choices)
    symptom = serializers.CharField(max_length=60, required=False, allow_blank=True)
    advice = serializers.CharField(max_length=60, required=False, allow_blank=True)
    next_minutes = serializers.IntegerField(min_value=1, max_value=LONGEST_PROMISE, required=False, allow_null=True)
    free = TextsSerializer(required=False)
    title = TitleField(required=False)
    services = serializers.DictField(child=serializers.ChoiceField(choices=ComponentState.choices), required=False)


class PublishSerializer(TellingSerializer):
    """An update to be published now."""

    seen = serializers.IntegerField(min_value=0, required=False, help_text="`last_number` as you read it: 409 when somebody published meanwhile.")
    all_the_same = serializers.BooleanField(required=False, default=False, help_text="Publish words of the word list; recorded.")
    shows_reference = serializers.BooleanField(required=False)


class OutcomeSerializer(serializers.Serializer):
    """What the public would read."""

    title = TextsSerializer()
    paragraphs = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    found = serializers.ListField(child=serializers.DictField(), help_text="Words that would stop it, each with why and where.")


def public_side(post: Post | None, draft: Draft | None, kinds: list[Kind]) -> dict[str, Any]:
    """What :class:`PublicSerializer` shows."""
    return {
        "code": post.code if post else None,
        "title": post.title if post else None,
        "status": post.status if post else None,
        "is_open": bool(post and post.is_open),
        "is_withdrawn": bool(post and post.is_withdrawn),
        "last_number": post.last_number if post else 0,
        "kinds": kinds,
        "draft": draft,
        "updates": list(post.updates.select_related("published_by").order_by("-number")) if post else [],
    }
