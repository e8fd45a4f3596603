"""REST: what a restore holds back."""

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import IdempotentMixin
from comms import holding
from comms.models import Hold


class HeldSerializer(serializers.Serializer):
    """What is held, since when, as of when; all null when nothing is."""

    since = serializers.DateTimeField(allow_null=True, help_text="When it was restored.")
    as_of = serializers.DateTimeField(allow_null=True, help_text="The moment that was restored.")
    messages = serializers.IntegerField(help_text="Messages that wait.")
    notices = serializers.IntegerField(help_text="Notices to many that wait.")
    letters = serializers.IntegerField(help_text="Mails to all users that wait.")


class DecisionSerializer(serializers.Serializer):
    """The word that ends it."""

    decision = serializers.ChoiceField(choices=Hold.Decision.choices, help_text="send: all of it goes out; drop: none of it ever does.")


class Held(IdempotentMixin, GenericAPIView):
    """What was waiting when the portal was restored from a backup."""

    serializer_class = DecisionSerializer

    def said(self) -> Response:
        """How it stands."""
        hold = holding.current()
        counts = holding.waiting(hold) if hold else {"messages": 0, "notices": 0, "letters": 0}
        return Response(HeldSerializer({"since": hold and hold.since, "as_of": hold and hold.as_of, **counts}).data)

    @extend_schema(responses=HeldSerializer)
    def get(self, request: Request) -> Response:
        """What is held."""
        return self.said()

    @extend_schema(responses=HeldSerializer)
    def post(self, request: Request) -> Response:
        """Send it or drop it."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        holding.decide(asked.validated_data["decision"], actor=request.user, request=request)
        return self.said()


held_api_urls = [path("held/", Held.as_view(), name="held")]
