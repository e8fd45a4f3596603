"""REST: alerts and candidates."""

from django.db.models import Count, Q, QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from detection import candidates, search, unrouted
from detection import serializers as shapes
from detection.api_changes import change_urls
from detection.api_mapping import mapping_api_urls
from detection.api_set_aside import set_aside_api_urls
from detection.api_silences import silence_urls
from detection.api_sources import source_api_urls
from detection.api_splitting import split_api_urls
from detection.models import Alert, Candidate
from incidents.models import Incident, Severity
from incidents.search import named
from lib.errors import NotFound, Refused


def _text(name: str, about: str, enum: list[str] | None = None) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=about, enum=enum)


class AlertPages(CursorPages):
    """Firing first, then the newest."""

    ordering = search.ORDER


class AlertList(GenericAPIView):
    """Alerts that the caller may see."""

    serializer_class = shapes.AlertSerializer
    pagination_class = AlertPages

    @extend_schema(
        parameters=[
            _text("status", "firing or resolved", Alert.Status.values),
            _text("severity", "P1 to P4, several by commas", Severity.values),
            _text("service", "A service's slug; “none” for unassigned ones"),
            _text("source", "A source's slug"),
            _text("q", "Words of title, name, labels; or a fingerprint"),
        ]
    )
    def get(self, request: Request) -> Response:
        """Firing ones first."""
        found = search.alerts(request.user, request.query_params)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class AlertsUnrouted(GenericAPIView):
    """Alerts that belong to no service."""

    serializer_class = shapes.UnroutedSerializer
    pagination_class = None

    @extend_schema(responses=shapes.UnroutedSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What fires, or ended in the last 7 days, by the label that one press maps; at most 100, the most that fire first."""
        return Response(self.get_serializer(unrouted.gather(request.user), many=True).data)


class AlertDetail(ETagMixin, GenericAPIView):
    """One alert."""

    serializer_class = shapes.AlertSerializer

    def get(self, request: Request, pk: int) -> Response:
        """As it stands, with its why."""
        alert = search.alerts(request.user, {}).filter(pk=pk).first()
        if alert is None:
            raise NotFound(_("There is no such alert."))
        return Response(self.get_serializer(alert).data)


class IncidentAlerts(GenericAPIView):
    """The alerts of one incident."""

    serializer_class = shapes.AlertSerializer
    pagination_class = AlertPages

    def get(self, request: Request, reference: str) -> Response:
        """Firing ones first."""
        incident = named(reference, Incident.objects.visible_to(request.user))
        found = search.alerts(request.user, {}).filter(incident=incident)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class CandidateAPI(GenericAPIView):
    """What the addresses of candidates share."""

    serializer_class: type[BaseSerializer] = shapes.CandidateSerializer

    def rows(self) -> QuerySet[Candidate]:
        """Candidates that the caller may see, with everything their shape needs."""
        firing = Count("group__alerts", filter=Q(group__alerts__status="firing"))
        return Candidate.objects.visible_to(self.request.user).select_related("service", "incident", "settled_by").annotate(firing=firing)

    def find(self, pk: int) -> Candidate:
        """One of them. Raises NotFound."""
        candidate = self.rows().filter(pk=pk).first()
        if candidate is None:
            raise NotFound(_("There is no such candidate."))
        return candidate


class CandidatePages(CursorPages):
    """The newest first."""

    ordering = ("-created_at", "-id")


class CandidateList(CandidateAPI):
    """Candidates."""

    pagination_class = CandidatePages

    @extend_schema(parameters=[_text("status", "waiting unless said otherwise; “all” for all", [*Candidate.Status.values, "all"])])
    def get(self, request: Request) -> Response:
        """Those that wait, unless asked otherwise."""
        status = request.query_params.get("status") or Candidate.Status.WAITING
        if status not in [*Candidate.Status.values, "all"]:
            raise Refused(_("There is no such status."), status=400)
        found = self.rows() if status == "all" else self.rows().filter(status=status)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class CandidateDetail(ETagMixin, CandidateAPI):
    """One candidate."""

    def get(self, request: Request, pk: int) -> Response:
        """As it stands."""
        return Response(self.get_serializer(self.find(pk)).data)


class CandidateAccept(IdempotentMixin, CandidateAPI):
    """Accepting a candidate."""

    serializer_class = shapes.AcceptSerializer

    @extend_schema(responses={201: shapes.AcceptedSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Declare its incident; its steps count from now."""
        said = self.get_serializer(data=request.data)
        said.is_valid(raise_exception=True)
        incident = candidates.accept(self.find(pk), actor=request.user, severity=said.validated_data.get("severity", ""), source="api")
        return Response({"incident": incident.reference}, status=201)


class CandidateDismiss(IdempotentMixin, CandidateAPI):
    """Dismissing a candidate."""

    @extend_schema(request=None, responses=shapes.CandidateSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """It is no incident."""
        candidates.dismiss(self.find(pk), actor=request.user, request=request)
        return Response(self.get_serializer(self.find(pk)).data)


api_urls = [
    path("alerts/", AlertList.as_view(), name="alert-list"),
    path("alerts/unrouted/", AlertsUnrouted.as_view(), name="alerts-unrouted"),
    path("alerts/<int:pk>/", AlertDetail.as_view(), name="alert-detail"),
    path("incidents/<str:reference>/alerts/", IncidentAlerts.as_view(), name="incident-alerts"),
    path("candidates/", CandidateList.as_view(), name="candidate-list"),
    path("candidates/<int:pk>/", CandidateDetail.as_view(), name="candidate-detail"),
    path("candidates/<int:pk>/accept/", CandidateAccept.as_view(), name="candidate-accept"),
    path("candidates/<int:pk>/dismiss/", CandidateDismiss.as_view(), name="candidate-dismiss"),
    *change_urls,
    *mapping_api_urls,
    *set_aside_api_urls,
    *source_api_urls,
    *split_api_urls,
    *silence_urls,
]
