"""REST: who sees a private incident, and the glass that can be broken."""

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import IdempotentMixin
from incidents import lifecycle, search
from incidents import serializers as shapes
from incidents.api_below import BELOW, Act, IncidentAPI, person_named
from incidents.models import Incident, Team
from lib.errors import NotFound


class GrantList(Act):
    """Who may see a private incident."""

    serializer_class = shapes.GrantSerializer

    @extend_schema(responses=shapes.GrantedSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """People and teams that are named; who plays a part in it sees it too."""
        rows = self.get_incident().grants.select_related("person", "team").order_by("id")
        return Response({"results": shapes.GrantedSerializer(rows, many=True).data, "next": None, "previous": None})

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """Name one of them."""
        team = Team.objects.filter(slug=told.get("team", "")).first()
        if told.get("team") and team is None:
            raise ValidationError({"team": [_("There is no such team.")]})
        return lifecycle.grant(incident, actor=self.request.user, person=person_named(told.get("person")), team=team, source="api")


class GrantDetail(IncidentAPI):
    """One person or team that is named."""

    serializer_class = shapes.GrantedSerializer

    @extend_schema(responses={204: None})
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take the sight of the incident back; needs *command* and leaves an entry."""
        incident = self.get_incident()
        grant = incident.grants.filter(pk=self.kwargs["pk"]).select_related("person", "team").first()
        if grant is None:
            raise NotFound(_("Nobody is named there."))
        lifecycle.revoke(incident, actor=request.user, person=grant.person, team=grant.team, source="api")
        return Response(status=204)


class BreakGlass(IdempotentMixin, IncidentAPI):
    """See a private incident without being named."""

    serializer_class = shapes.GlassSerializer

    @extend_schema(responses=shapes.IncidentDetailSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Needs *audit* and a reason, and leaves an entry on timeline and audit trail."""
        incident = search.named(self.kwargs["reference"], Incident.objects.all())
        lifecycle.break_glass(incident, actor=request.user, reason=self.told()["reason"], request=request)
        return self.answer(incident)


privacy_api_urls = [
    path(f"{BELOW}grants/", GrantList.as_view(), name="incident-grants"),
    path(f"{BELOW}grants/<int:pk>/", GrantDetail.as_view(), name="incident-grant"),
    path(f"{BELOW}break-glass/", BreakGlass.as_view(), name="incident-break-glass"),
]
