"""The shapes of mails to the users over REST."""

from typing import Any

from rest_framework import serializers

from comms import announcements
from comms.models import Announcement
from comms.public_words import LONGEST_FREE
from lib.i18n import require_localized


class ReadersSerializer(serializers.Serializer):
    """How it stands with the readers of a language."""

    language = serializers.CharField()
    waiting = serializers.IntegerField()
    sent = serializers.IntegerField()
    failed = serializers.IntegerField()


class FreeSerializer(serializers.Serializer):
    """Words of one's own, by language."""

    en = serializers.CharField(max_length=LONGEST_FREE, required=False, allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        """With the language whose code is no Python name."""
        return {**super().get_fields(), "zh-hans": serializers.CharField(max_length=LONGEST_FREE, required=False, allow_blank=True)}

    def to_internal_value(self, data: Any) -> Any:
        """Raises Refused (422) for another language and for what is no string."""
        require_localized(data)
        return super().to_internal_value(data)


class AnnouncementSerializer(serializers.ModelSerializer):
    """A mail to the users about an incident."""

    incident = serializers.CharField(source="incident.reference", read_only=True)
    status = serializers.CharField(source="state", read_only=True, help_text="draft, waiting, sending, sent, withdrawn or void")
    automatic = serializers.BooleanField(source="is_auto", read_only=True)
    sent_by = serializers.CharField(source="sent_by.username", default=None, allow_null=True, read_only=True)
    words = serializers.DictField(read_only=True, help_text="state, symptom, advice, services, free, next_at, recovery_at")
    readers = serializers.DictField(child=serializers.IntegerField(), read_only=True, help_text="by language, once it has left")

    class Meta:
        model = Announcement
        fields = ["id", "incident", "status", "automatic", "words", "promise_seconds", "created_at", "leaves_at", "sent_at", "sent_by", "readers"]
        read_only_fields = fields


class AnnouncementDetailSerializer(AnnouncementSerializer):
    """With what became of it."""

    deliveries = serializers.SerializerMethodField()
    would_reach = serializers.SerializerMethodField()

    class Meta(AnnouncementSerializer.Meta):
        fields = [*AnnouncementSerializer.Meta.fields, "deliveries", "would_reach"]
        read_only_fields = fields

    def get_deliveries(self, row: Announcement) -> ReadersSerializer(many=True):  # type: ignore[valid-type]
        """A row per language."""
        return announcements.figures(row)

    def get_would_reach(self, row: Announcement) -> dict[str, int]:
        """Readers by language if it were sent now."""
        return announcements.counted(row.words)


class AnnouncementMakeSerializer(serializers.Serializer):
    """Words for the users."""

    incident = serializers.CharField(max_length=24)
    state = serializers.CharField(max_length=40, help_text="investigating, identified, monitoring, resolved, correction, withdrawn")
    symptom = serializers.CharField(max_length=40, default="", allow_blank=True)
    advice = serializers.CharField(max_length=40, default="", allow_blank=True)
    free = FreeSerializer(default=dict)
    services = serializers.DictField(child=serializers.CharField(max_length=40), required=False, help_text="slug → level; the incident's own where left out")
    next_minutes = serializers.IntegerField(min_value=0, max_value=7 * 24 * 60, required=False, help_text="0: no promise; left out: the playbook's")
    recovery_minutes = serializers.IntegerField(
        min_value=0, max_value=7 * 24 * 60, required=False, help_text="from its leaving; 0: nothing is said of it; left out: the playbook's, while that holds"
    )
    all_the_same = serializers.BooleanField(default=False, help_text="let words pass that should stay inside")
