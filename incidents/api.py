"""REST: incidents and everything that hangs on one reference."""

from typing import Any

from django.db import transaction
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from incidents import lifecycle, search
from incidents import serializers as shapes
from incidents.api_below import BELOW, Act, IncidentAPI, person_named, with_parts
from incidents.api_playbook import playbook_api_urls
from incidents.api_privacy import privacy_api_urls
from incidents.api_steps import steps_api_urls
from incidents.api_story import story_api_urls
from incidents.models import Incident
from incidents.models.incident import State
from lib.db import retried
from lib.errors import Refused

STATUSES = ["open", "drill", *State.values]


class IncidentPages(CursorPages):
    """Newest first unless asked otherwise."""

    ordering = ("-declared_at", "-id")


class IncidentList(IdempotentMixin, IncidentAPI):
    """All incidents that the caller may see, and declaring one."""

    serializer_class = shapes.DeclareSerializer
    pagination_class = IncidentPages
    queryset = Incident.objects.none()

    @extend_schema(
        responses=shapes.IncidentSerializer(many=True),
        parameters=[
            OpenApiParameter("status", enum=STATUSES),
            *(OpenApiParameter(name) for name in ("severity", "service", "team", "q")),
            OpenApiParameter("since", OpenApiTypes.DATETIME),
            OpenApiParameter("until", OpenApiTypes.DATETIME),
            OpenApiParameter("ordering", enum=["declared_at", "-declared_at", "moved_at", "-moved_at"]),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Incidents by state, severity, service, team, words and time of declaration."""
        incidents = search.incidents(request.user, request.query_params)
        page = self.paginate_queryset(with_parts(incidents, request.user))
        return self.get_paginated_response(shapes.IncidentSerializer(page, many=True).data)

    @extend_schema(request=shapes.DeclareSerializer, responses={201: shapes.IncidentDetailSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Declare an incident."""
        told = self.told()
        told["services"] = [service.slug for service in told.get("services", [])]
        return self.answer(lifecycle.declare(actor=request.user, source="api", **told), status=201)


class IncidentDetail(ETagMixin, IncidentAPI):
    """One incident."""

    serializer_class = shapes.EditSerializer

    @extend_schema(responses=shapes.IncidentDetailSerializer)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The incident with its milestones, clocks, roles and figures."""
        return Response(shapes.IncidentDetailSerializer(self.get_incident()).data)

    @extend_schema(request=shapes.EditSerializer, responses=shapes.IncidentDetailSerializer)
    def patch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change words, figures, services or privacy; state and severity have their own addresses."""
        incident = self.get_incident()
        self.change(incident, self.told(), request.user)
        return self.answer(incident)

    @staticmethod
    @retried
    def change(incident: Incident, told: dict[str, Any], actor: Any) -> None:
        """All of it or nothing."""
        told = dict(told)
        with transaction.atomic():
            if "services" in told:
                lifecycle.set_services(incident, told.pop("services"), actor=actor, source="api")
            if "private" in told:
                lifecycle.set_private(incident, told.pop("private"), actor=actor, source="api")
            if told:
                lifecycle.edit(incident, actor=actor, source="api", **told)

    def get_object(self) -> Incident:
        """What `If-Match` is checked against."""
        return self.get_incident()

    def etag_data(self, instance: Incident) -> Any:
        """What GET shows."""
        return shapes.IncidentDetailSerializer(instance).data


class Transitions(Act):
    """Move to another state."""

    serializer_class = shapes.TransitionSerializer

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """Any transition of the table; 409 with `allowed` otherwise."""
        return lifecycle.transition(incident, told["to"], actor=self.request.user, note=told.get("note", ""), source="api")


class Acknowledge(Act):
    """I'm on it."""

    serializer_class = shapes.serializers.Serializer

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """Stop the calls."""
        return lifecycle.acknowledge(incident, actor=self.request.user, source="api")


class ChangeSeverity(Act):
    """Raise or lower."""

    serializer_class = shapes.SeveritySerializer

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """A commander's decision."""
        return lifecycle.change_severity(incident, told["severity"], actor=self.request.user, reason=told["reason"], source="api")


class Roles(Act):
    """Give or take a part."""

    serializer_class = shapes.RoleSerializer

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """Assign a person."""
        return lifecycle.assign(incident, told["role"], person_named(told["person"]), actor=self.request.user, source="api")


class Milestones(Act):
    """Correct a milestone."""

    serializer_class = shapes.MilestoneSerializer

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """With its reason."""
        return lifecycle.edit_milestone(incident, told["name"], told["at"], actor=self.request.user, reason=told["reason"], source="api")


class Merge(Act):
    """End this incident as part of another."""

    serializer_class = shapes.MergeSerializer

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """Into one that the caller sees."""
        into = Incident.objects.visible_to(self.request.user).filter(reference__iexact=told["into"]).first()
        if into is None:
            raise Refused(_("There is no incident called “%(name)s”.") % {"name": told["into"]}, status=422)
        return lifecycle.merge(incident, into, actor=self.request.user, reason=told.get("reason", ""), origin="api")


class Redact(Act):
    """Take back the words of one entry."""

    serializer_class = shapes.RedactSerializer

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """Leave a tombstone."""
        return lifecycle.redact(incident, told["seq"], actor=self.request.user, reason=told["reason"], request=self.request, source="api")


api_urls = [
    path("incidents/", IncidentList.as_view(), name="incident-list"),
    path(BELOW, IncidentDetail.as_view(), name="incident-detail"),
    path(f"{BELOW}transitions/", Transitions.as_view(), name="incident-transitions"),
    path(f"{BELOW}acknowledge/", Acknowledge.as_view(), name="incident-acknowledge"),
    path(f"{BELOW}severity/", ChangeSeverity.as_view(), name="incident-severity"),
    path(f"{BELOW}roles/", Roles.as_view(), name="incident-roles"),
    path(f"{BELOW}milestones/", Milestones.as_view(), name="incident-milestones"),
    path(f"{BELOW}merge/", Merge.as_view(), name="incident-merge"),
    path(f"{BELOW}redact/", Redact.as_view(), name="incident-redact"),
    *story_api_urls,
    *steps_api_urls,
    *privacy_api_urls,
    *playbook_api_urls,
]
