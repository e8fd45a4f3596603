"""REST: incidents and everything that hangs on one reference."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Prefetch
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from incidents import lifecycle, search, steps, timeline
from incidents import serializers as shapes
from incidents.api_playbook import playbook_api_urls
from incidents.models import Impact, Incident, RoleAssignment, Step, Team
from incidents.models.incident import State
from incidents.querysets import IncidentQuerySet
from lib.db import retried
from lib.errors import NotFound, Refused

STATUSES = ["open", "drill", *State.values]


def with_parts(incidents: IncidentQuerySet, user: Any) -> IncidentQuerySet:
    """Everything a serialized incident needs in a constant number of queries; incidents it points to only where `user` sees them."""
    linked = incidents.select_related("acknowledged_by", "playbook").defer("playbook__content", "playbook__shipped")
    return linked.prefetch_related(
        Prefetch("impacts", Impact.objects.select_related("service")),
        Prefetch("assignments", RoleAssignment.objects.filter(until=None).select_related("person")),
        Prefetch("merged_into", Incident.objects.visible_to(user)),
        Prefetch("related_to", Incident.objects.visible_to(user)),
        "clocks__service",
    )


class IncidentAPI(GenericAPIView):
    """What every address below one incident shares: the incident as this person may see it, and where calls come from."""

    serializer_class: Any = shapes.IncidentDetailSerializer

    def get_incident(self) -> Incident:
        """The incident of the address, or NotFound for one this person may not see."""
        return search.named(self.kwargs["reference"], with_parts(Incident.objects.visible_to(self.request.user), self.request.user))

    def told(self, data: Any = None) -> dict[str, Any]:
        """The request's body, checked by this view's serializer."""
        serializer = self.get_serializer(data=self.request.data if data is None else data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def answer(self, incident: Incident, status: int = 200) -> Response:
        """The incident as it now is."""
        fresh = with_parts(Incident.objects.filter(pk=incident.pk), self.request.user).get()
        return Response(shapes.IncidentDetailSerializer(fresh).data, status=status)


def person_named(username: str | None) -> Any:
    """The active person of a user name, None for none; raises ValidationError."""
    if not username:
        return None
    person = get_user_model().objects.filter(username=username, is_active=True).first()
    if person is None:
        raise ValidationError({"person": [_("Nobody here is called “%(name)s”.") % {"name": username}]})
    return person


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


class Act(IdempotentMixin, IncidentAPI):
    """A POST that does one thing to an incident and answers with it."""

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """Do it."""
        raise TypeError("each act says what it does")

    @extend_schema(responses=shapes.IncidentDetailSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Do it and answer with the incident as it now is."""
        incident = self.get_incident()
        self.act(incident, self.told())
        return self.answer(incident)


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


class Grants(Act):
    """Let a person or a team see a private incident."""

    serializer_class = shapes.GrantSerializer

    def act(self, incident: Incident, told: dict[str, Any]) -> Any:
        """Name one of them."""
        team = Team.objects.filter(slug=told.get("team", "")).first()
        if told.get("team") and team is None:
            raise ValidationError({"team": [_("There is no such team.")]})
        return lifecycle.grant(incident, actor=self.request.user, person=person_named(told.get("person")), team=team, source="api")


class BreakGlass(IdempotentMixin, IncidentAPI):
    """See a private incident without being named."""

    serializer_class = shapes.GlassSerializer

    @extend_schema(responses=shapes.IncidentDetailSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Needs *audit* and a reason, and leaves an entry on timeline and audit trail."""
        incident = search.named(self.kwargs["reference"], Incident.objects.all())
        lifecycle.break_glass(incident, actor=request.user, reason=self.told()["reason"], request=request)
        return self.answer(incident)


class Timeline(IdempotentMixin, IncidentAPI):
    """The story."""

    serializer_class = shapes.NoteSerializer

    @extend_schema(
        responses=shapes.LineSerializer(many=True), parameters=[OpenApiParameter("after", OpenApiTypes.INT), OpenApiParameter("limit", OpenApiTypes.INT)]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Entries in ascending order after a sequence; `next` is the address of the following ones."""
        incident = self.get_incident()
        after, limit = _whole(request, "after", 0), min(max(_whole(request, "limit", 50), 1), 200)
        lines = timeline.lines(incident, after=after, limit=limit)
        more = bool(lines) and lines[-1].seq < incident.last_seq
        following = request.build_absolute_uri(f"{request.path}?after={lines[-1].seq}&limit={limit}") if more else None
        return Response({"results": [shapes.line_of(line) for line in lines], "next": following, "previous": None})

    @extend_schema(request=shapes.NoteSerializer, responses={201: shapes.LineSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write a note."""
        told = self.told()
        entry = lifecycle.note(self.get_incident(), told["text"], actor=request.user, at=told.get("at"), source="api")
        return Response(shapes.line_of(timeline.read([entry])[0]), status=201)


def _whole(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    if value and not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise ValidationError({name: [_("This is a whole number.")]})
    return int(value) if value else default


class Steps(IncidentAPI):
    """What must be done."""

    @extend_schema(responses=shapes.StepSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All steps of the incident, done, due and cancelled."""
        rows = Step.objects.filter(incident=self.get_incident()).select_related("done_by")
        return Response({"results": shapes.StepSerializer(rows, many=True).data, "next": None, "previous": None})


class StepDone(IdempotentMixin, IncidentAPI):
    """Tick a step."""

    serializer_class = shapes.serializers.Serializer

    @extend_schema(responses=shapes.StepSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Done; a second time changes nothing."""
        step = Step.objects.filter(incident=self.get_incident(), pk=self.kwargs["pk"]).first()
        if step is None:
            raise NotFound(_("There is no such step."))
        return Response(shapes.StepSerializer(steps.complete(step, actor=request.user, source="api")).data)


class Clocks(IncidentAPI):
    """What runs."""

    @extend_schema(responses=shapes.ClockSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """RTO, RPO and watch."""
        rows = self.get_incident().clocks.all()
        return Response({"results": shapes.ClockSerializer(rows, many=True).data, "next": None, "previous": None})


BELOW = "incidents/<str:reference>/"
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
    path(f"{BELOW}grants/", Grants.as_view(), name="incident-grants"),
    path(f"{BELOW}break-glass/", BreakGlass.as_view(), name="incident-break-glass"),
    path(f"{BELOW}timeline/", Timeline.as_view(), name="incident-timeline"),
    path(f"{BELOW}steps/", Steps.as_view(), name="incident-steps"),
    path(f"{BELOW}steps/<int:pk>/done/", StepDone.as_view(), name="incident-step-done"),
    path(f"{BELOW}clocks/", Clocks.as_view(), name="incident-clocks"),
    *playbook_api_urls,
]
