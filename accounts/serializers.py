"""The shapes in which this room speaks REST."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.abilities import ROLES, Ability
from accounts.models import ApiToken, AuditEntry, Calendar, User


class PersonSerializer(serializers.ModelSerializer):
    """A person."""

    roles = serializers.ListField(child=serializers.ChoiceField(choices=sorted(ROLES)), required=False)
    extra_abilities = serializers.ListField(child=serializers.ChoiceField(choices=[ability.value for ability in Ability]), required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)
    abilities = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields: Any = ("username", "name", "email", "roles", "extra_abilities", "abilities", "language", "time_zone", "is_active")
        # Who is taken is said by the domain, as a conflict.
        extra_kwargs: dict[str, Any] = {"username": {"validators": []}, "time_zone": {"required": False}, "is_active": {"required": False}}

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_abilities(self, person: User) -> list[str]:
        """What roles and extra abilities come to."""
        return sorted(person.abilities)

    def get_validators(self) -> list[Any]:
        """None: the domain checks what is unique."""
        return []


class PersonChangeSerializer(PersonSerializer):
    """A change of a person; the user name stays."""

    class Meta(PersonSerializer.Meta):
        extra_kwargs: dict[str, Any] = {**PersonSerializer.Meta.extra_kwargs, "username": {"read_only": True}}


@extend_schema_serializer(
    examples=[OpenApiExample("Chinese in the dark", {"language": "zh-hans", "time_zone": "Asia/Shanghai", "theme": "dark"}, request_only=True)]
)
class OwnSerializer(PersonSerializer):
    """Oneself: what one may change about oneself; rights are others' to give, and the e-mail is changed where one proves who one is."""

    class Meta(PersonSerializer.Meta):
        fields: Any = (*PersonSerializer.Meta.fields, "theme", "single_keys")
        read_only_fields = ("username", "email", "roles", "extra_abilities", "is_active")
        extra_kwargs: dict[str, Any] = {}

    def get_fields(self) -> dict[str, Any]:
        """Rights are shown, not taken."""
        found = super().get_fields()
        for name in self.Meta.read_only_fields:
            found[name].read_only = True
        return found


class SessionSerializer(serializers.ModelSerializer):
    """One of one's own sessions in a browser."""

    address = serializers.CharField(source="ip")
    browser = serializers.CharField(source="user_agent")
    began_at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = UserSession
        fields = ("id", "address", "browser", "began_at", "last_seen_at")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A pipeline's",
            {
                "id": 3, "name": "deploy pipeline", "prefix": "portal_1a2b3c4d", "scopes": ["deploy"], "services": ["api-gateway"],
                "created_at": "2026-05-01T08:00:00Z", "expires_at": "2026-07-30T08:00:00Z", "last_used_at": None,
            },
            response_only=True,
        )
    ]
)  # fmt: skip
class TokenSerializer(serializers.ModelSerializer):
    """One of one's own API tokens; never its secret."""

    scopes = serializers.ListField(child=serializers.CharField())
    services = serializers.ListField(child=serializers.CharField(), help_text="Slugs; empty: not tied to services.")

    class Meta:
        model = ApiToken
        fields = ("id", "name", "prefix", "scopes", "services", "created_at", "expires_at", "last_used_at")


class InvitationSerializer(serializers.Serializer):
    """The way in for a new person."""

    url = serializers.URLField(help_text="Shown this once; sets the password.")
    expires_at = serializers.DateTimeField()
    mailed = serializers.BooleanField(help_text="Whether mail took it.")


class InvitedSerializer(PersonSerializer):
    """A new person with the way in."""

    invitation = InvitationSerializer(read_only=True)

    class Meta(PersonSerializer.Meta):
        fields: Any = (*PersonSerializer.Meta.fields, "invitation")


class CalendarSerializer(serializers.ModelSerializer):
    """Working time. `PUT calendars/<slug>/` creates or replaces."""

    name = serializers.JSONField(help_text='{"en": …, "zh-hans": …}')
    hours = serializers.JSONField(help_text='{"mon": [["09:00", "18:00"]], …}; weekdays left out are free')
    days = serializers.JSONField(required=False, default=dict, help_text='{"2026-10-01": {"working": false, "name": "National Day"}}')
    is_default = serializers.BooleanField(required=False, default=False)

    class Meta:
        model = Calendar
        fields = ("slug", "name", "time_zone", "hours", "days", "is_default")
        extra_kwargs: dict[str, Any] = {"slug": {"validators": []}}

    def get_validators(self) -> list[Any]:
        """None: the domain checks what is unique."""
        return []


class CalendarPutSerializer(CalendarSerializer):
    """Its slug stands in the address."""

    class Meta(CalendarSerializer.Meta):
        extra_kwargs: dict[str, Any] = {"slug": {"read_only": True}}


class AuditSerializer(serializers.ModelSerializer):
    """One entry of the audit trail."""

    actor = serializers.CharField(source="actor.username", default=None, allow_null=True, help_text="null: the system or the console")
    before = serializers.JSONField(read_only=True)
    after = serializers.JSONField(read_only=True)

    class Meta:
        model = AuditEntry
        fields = ("seq", "at", "actor", "actor_name", "via", "action", "target", "before", "after", "address", "hash", "prev_hash")
