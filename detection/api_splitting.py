"""REST: splitting alerts off an incident."""

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import IdempotentMixin
from detection import splitting
from detection.models import Alert
from incidents.models import Incident, Severity
from incidents.search import named
from lib.errors import Refused


@extend_schema_serializer(examples=[OpenApiExample("Two alerts", {"alerts": [17, 18], "severity": "P2", "reason": "another cause"}, request_only=True)])
class SplitSerializer(serializers.Serializer):
    """Which alerts leave, by their ids; title and severity are those of the gravest unless given."""

    alerts = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=2**62), min_length=1, max_length=splitting.MOST)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    severity = serializers.ChoiceField(choices=Severity.choices, required=False)
    reason = serializers.CharField(max_length=2000)


class SplitOffSerializer(serializers.Serializer):
    """The new incident."""

    incident = serializers.CharField()


class IncidentSplit(IdempotentMixin, GenericAPIView):
    """Splitting."""

    serializer_class = SplitSerializer

    @extend_schema(responses={201: SplitOffSerializer})
    def post(self, request: Request, reference: str) -> Response:
        """Declare a new, related incident of some of its alerts."""
        incident = named(reference, Incident.objects.visible_to(request.user))
        said = self.get_serializer(data=request.data)
        said.is_valid(raise_exception=True)
        told, wanted = said.validated_data, set(said.validated_data["alerts"])
        alerts = list(Alert.objects.visible_to(request.user).filter(pk__in=wanted))
        if len(alerts) != len(wanted):
            raise Refused(_("There is no such alert."), status=422)
        made = splitting.split(incident, **{**told, "alerts": alerts}, actor=request.user, source="api")
        return Response({"incident": made.reference}, status=201)


split_api_urls = [path("incidents/<str:reference>/split/", IncidentSplit.as_view(), name="incident-split")]
