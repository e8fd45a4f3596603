"""Shapes of post-mortems and action items in the REST API."""

from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from incidents.models import Team
from lib import clock
from lib.i18n import pick
from lib.moments import DayField
from postmortems import facts, lifecycle, saw
from postmortems.models import ActionItem, Postmortem, Review, Section, SectionVersion
from postmortems.sections import LONGEST

User = get_user_model()


class ActionItemSerializer(serializers.ModelSerializer):
    """An action item."""

    incident = serializers.CharField(source="postmortem.incident.reference")
    owner = serializers.CharField(source="owner.username", default=None, allow_null=True)
    team = serializers.CharField(source="team.slug", default=None, allow_null=True)
    late = serializers.SerializerMethodField()

    class Meta:
        model = ActionItem
        fields = [
            "id", "incident", "title", "horizon", "priority", "owner", "team", "due_on", "acceptance", "ticket_url", "state", "settled_at",
            "dropped_because", "late", "created_at",
        ]  # fmt: skip

    def get_late(self, item: ActionItem) -> bool:
        """Open after the day it was due."""
        return item.state == ActionItem.State.OPEN and item.due_on < timezone.localdate(clock.now())


class ActionItemEditSerializer(serializers.Serializer):
    """What PATCH may change: an owner is a user name or a team's slug, null takes it back."""

    title = serializers.CharField(max_length=300, required=False)
    horizon = serializers.ChoiceField(choices=ActionItem.Horizon.choices, required=False)
    priority = serializers.ChoiceField(choices=ActionItem.Priority.choices, required=False)
    owner = serializers.SlugRelatedField(slug_field="username", queryset=User.objects.filter(is_active=True), required=False, allow_null=True)
    team = serializers.SlugRelatedField(slug_field="slug", queryset=Team.objects.filter(archived=False), required=False, allow_null=True)
    due_on = DayField(required=False, help_text="After 1 week, 1 month or 3 months, by the horizon, unless said.")
    acceptance = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    ticket_url = serializers.URLField(max_length=500, required=False, allow_blank=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Within a week",
            {"incident": "INC-2030-001", "title": "Alert on coordinator memory at 80 %", "horizon": "immediate", "priority": "high", "team": "operations"},
        )
    ]
)
class ActionItemMakeSerializer(ActionItemEditSerializer):
    """An action item to add to the post-mortem of an incident."""

    incident = serializers.CharField(max_length=24)
    title = serializers.CharField(max_length=300)


class SettleSerializer(serializers.Serializer):
    """Done, dropped (with a reason) or open again."""

    state = serializers.ChoiceField(choices=ActionItem.State.choices)
    reason = serializers.CharField(max_length=1000, required=False, allow_blank=True)


class SectionSerializer(serializers.ModelSerializer):
    """A section and its words; `version` is what the next save is written on."""

    title = serializers.SerializerMethodField()
    required = serializers.BooleanField(source="is_required")  # type: ignore[assignment]  # as the API calls it
    version = serializers.IntegerField(source="number")

    class Meta:
        model = Section
        fields = ["key", "chapter", "title", "required", "version", "text"]

    def get_title(self, section: Section) -> str:
        """In the caller's language."""
        return pick(section.title)


@extend_schema_serializer(examples=[OpenApiExample("On top of version 3", {"text": "A memory leak in the coordinator.", "base": 3})])
class SectionSaveSerializer(serializers.Serializer):
    """The next version: its words, the version they were written on, after publication a note."""

    text = serializers.CharField(max_length=LONGEST, allow_blank=True, trim_whitespace=False)
    base = serializers.IntegerField(min_value=0)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


class SectionVersionSerializer(serializers.ModelSerializer):
    """One state of a section."""

    version = serializers.IntegerField(source="number")
    author = serializers.CharField(source="author.username", default=None, allow_null=True)

    class Meta:
        model = SectionVersion
        fields = ["version", "author", "at", "text", "note"]


class ReviewSerializer(serializers.ModelSerializer):
    """What one reviewer says."""

    person = serializers.CharField(source="person.username")

    class Meta:
        model = Review
        fields = ["person", "verdict", "asked_at", "said_at", "comment"]


class FactSerializer(serializers.Serializer):
    """A figure in words: `level` is "good" for a target kept, "bad" for one broken."""

    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField()
    level = serializers.CharField(allow_blank=True)


class PostmortemSerializer(serializers.ModelSerializer):
    """A post-mortem in a list."""

    incident = serializers.CharField(source="incident.reference")
    title = serializers.CharField(source="incident.title")
    severity = serializers.CharField(source="incident.highest_severity")
    author = serializers.CharField(source="author.username", default=None, allow_null=True)
    late = serializers.SerializerMethodField()
    drill = serializers.BooleanField(source="incident.is_drill")
    url = serializers.CharField(source="get_absolute_url")

    class Meta:
        model = Postmortem
        fields = [
            "incident", "title", "severity", "state", "author", "drill", "opened_at", "due_at", "late", "submitted_at", "approved_at",
            "published_at", "edition", "next_review_on", "waived_at", "waived_because", "published_outside_at", "url",
        ]  # fmt: skip

    def get_late(self, postmortem: Postmortem) -> bool:
        """Unfinished after the report was due."""
        return not postmortem.is_finished and postmortem.due_at is not None and postmortem.due_at <= clock.now()


class PostmortemDetailSerializer(PostmortemSerializer):
    """A post-mortem by itself: words, figures, reviews, action items."""

    allowed = serializers.SerializerMethodField()
    sections = SectionSerializer(many=True)
    reviews = ReviewSerializer(many=True)
    actions = ActionItemSerializer(many=True)
    overview = serializers.SerializerMethodField()
    clocks = serializers.SerializerMethodField()
    saw = serializers.SerializerMethodField()

    class Meta(PostmortemSerializer.Meta):
        fields = [*PostmortemSerializer.Meta.fields, "allowed", "sections", "reviews", "actions", "overview", "clocks", "saw"]

    def get_allowed(self, postmortem: Postmortem) -> list[str]:
        """The states that may follow."""
        return lifecycle.allowed(postmortem)

    @extend_schema_field(FactSerializer(many=True))
    def get_overview(self, postmortem: Postmortem) -> Any:
        """What one must know at a glance."""
        return FactSerializer(facts.overview(postmortem.incident), many=True).data

    @extend_schema_field(FactSerializer(many=True))
    def get_clocks(self, postmortem: Postmortem) -> Any:
        """Targets kept and broken."""
        return FactSerializer(facts.clocks(postmortem.incident), many=True).data

    @extend_schema_field(FactSerializer(many=True))
    def get_saw(self, postmortem: Postmortem) -> Any:
        """What the portal saw."""
        return FactSerializer(saw.everything(postmortem.incident), many=True).data


class AuthorSerializer(serializers.Serializer):
    """The user name of who answers for it."""

    author = serializers.SlugRelatedField(slug_field="username", queryset=User.objects.filter(is_active=True))


class SubmitSerializer(serializers.Serializer):
    """User names of who reviews it; all of them have to approve."""

    reviewers = serializers.SlugRelatedField(slug_field="username", queryset=User.objects.filter(is_active=True), many=True)


class CommentSerializer(serializers.Serializer):
    """A word along with it."""

    comment = serializers.CharField(max_length=lifecycle.LONGEST_COMMENT, required=False, allow_blank=True)


class PublishInsideSerializer(serializers.Serializer):
    """When it is looked at again; a month from now unless said."""

    next_review_on = DayField(required=False, allow_null=True)


class WaiveSerializer(serializers.Serializer):
    """Why there is none."""

    reason = serializers.CharField(max_length=lifecycle.LONGEST_COMMENT)


class RowSerializer(serializers.Serializer):
    """A row of the timeline table; `own` are a person's words instead of the entry's."""

    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    text = serializers.CharField()
    own = serializers.CharField(allow_blank=True)
    who = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    shown = serializers.BooleanField(source="is_shown")


class ChooseSerializer(serializers.Serializer):
    """Whether a row is shown, and in other words ("" keeps its own)."""

    shown = serializers.BooleanField()
    text = serializers.CharField(max_length=2000, required=False, allow_blank=True)


@extend_schema_serializer(examples=[OpenApiExample("In English", {"document": {"en": "Our service was away for 135 minutes."}, "confirmed": True})])
class PublicSerializer(serializers.Serializer):
    """The redacted version by language. `confirmed`: a person has read it; `all_the_same`: words that should stay inside were seen and are meant."""

    document = serializers.DictField(child=serializers.CharField(max_length=LONGEST, allow_blank=True), help_text="{en, zh-hans}, Markdown")
    confirmed = serializers.BooleanField(default=False)
    all_the_same = serializers.BooleanField(default=False)


class DrawingSerializer(serializers.Serializer):
    """A PDF that is on its way."""

    state = serializers.CharField(help_text="drawing: ask again after `Retry-After` seconds")


class PublicShownSerializer(serializers.Serializer):
    """The public version, or the draft for it, and the words in it that should stay inside."""

    document = serializers.DictField(child=serializers.CharField(allow_blank=True))
    published_at = serializers.DateTimeField(allow_null=True)
    words = serializers.ListField(child=serializers.CharField())
