"""The shapes of subscribers over REST."""

from typing import Any

from rest_framework import serializers

from comms.models import Consent, Subscriber
from comms.serializers import ReasonField
from comms.subscriber_files import state_of


class ConsentSerializer(serializers.ModelSerializer):
    """How a subscriber agreed, or withdrew."""

    by = serializers.CharField(source="by.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Consent
        fields = ["kind", "source", "words", "by", "at"]


class SubscriberSerializer(serializers.ModelSerializer):
    """Somebody outside who hears of incidents."""

    language = serializers.CharField(read_only=True, help_text="en or zh-hans")
    services: Any = serializers.SlugRelatedField(many=True, read_only=True, slug_field="slug", help_text="none: all of them")
    state = serializers.SerializerMethodField()
    reason = ReasonField(source="suppressed_reason", read_only=True, help_text="why nothing goes there")
    consents = ConsentSerializer(many=True, read_only=True)

    class Meta:
        model = Subscriber
        fields = ["id", "channel", "address", "language", "services", "state", "reason", "created_at", "consents"]

    def get_state(self, row: Subscriber) -> str:
        """active, suppressed or ended."""
        return state_of(row)


class SubscriberSecretSerializer(SubscriberSerializer):
    """With a webhook's secret, shown this once ("" for mail)."""

    secret = serializers.CharField(read_only=True)

    class Meta(SubscriberSerializer.Meta):
        fields = [*SubscriberSerializer.Meta.fields, "secret"]


class SubscriberChangeSerializer(serializers.Serializer):
    """What a subscriber hears."""

    language = serializers.CharField(max_length=10, default="en", help_text="en or zh-hans")
    services = serializers.ListField(child=serializers.CharField(max_length=50), max_length=200, default=list, help_text="slugs; none: all of them")


class SubscriberMakeSerializer(SubscriberChangeSerializer):
    """A new subscriber."""

    address = serializers.CharField(max_length=254)
    channel = serializers.ChoiceField(choices=Subscriber.Channel.choices, default=Subscriber.Channel.EMAIL)
    consent = serializers.CharField(max_length=200, help_text="how they agreed, and to what")
