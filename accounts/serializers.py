"""The shapes in which this room speaks REST."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.abilities import ROLES, Ability
from accounts.models import AuditEntry, Calendar, User


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
