"""REST: severities, teams, services, recovery points and the playbook itself."""

from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from incidents import playbook, services, teams
from incidents import serializers_playbook as shapes
from incidents.models import Membership, PlaybookVersion, RecoveryPoint, Service, Team
from lib.errors import NotFound


def whole(rows: list[Any]) -> Response:
    """A list that always fits one page."""
    return Response({"results": rows, "next": None, "previous": None})


class Severities(GenericAPIView):
    """The four severities."""

    serializer_class = shapes.SeveritySerializer
    queryset = PlaybookVersion.objects.none()

    @extend_schema(responses=shapes.SeveritySerializer(many=True))
    def get(self, request: Request) -> Response:
        """What each means in the playbook in force."""
        rules = playbook.current()
        return whole([shapes.severity_of(rule, rules.cadence("war_room", rule.code)) for rule in rules.severities.values()])


class Severity(ETagMixin, GenericAPIView):
    """One severity."""

    serializer_class = shapes.SeveritySerializer
    queryset = PlaybookVersion.objects.none()

    @extend_schema(responses=shapes.SeveritySerializer)
    def get(self, request: Request, code: str) -> Response:
        """What it means in the playbook in force."""
        rules = playbook.current()
        if code not in rules.severities:
            raise NotFound(_("There is no such severity."))
        return Response(shapes.severity_of(rules.severity(code), rules.cadence("war_room", code)))


class SluggedPages(CursorPages):
    """In the order of pages."""

    ordering = ("position", "slug")


class Teams(GenericAPIView):
    """All teams."""

    serializer_class = shapes.TeamSerializer
    pagination_class = SluggedPages
    queryset = Team.objects.filter(archived=False).prefetch_related(
        Prefetch("memberships", Membership.objects.select_related("person").order_by("-is_lead", "person__username")),
        Prefetch("services", Service.objects.current().order_by("slug")),
    )

    def get_serializer_context(self) -> dict[str, Any]:
        """With the playbook in force."""
        return {**super().get_serializer_context(), "playbook": playbook.current()}

    def get(self, request: Request) -> Response:
        """Teams with their members and services."""
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(self.get_queryset()), many=True).data)


class TeamDetail(ETagMixin, Teams):
    """One team."""

    lookup_field = "slug"
    pagination_class = None  # type: ignore[assignment]

    def get(self, request: Request, slug: str) -> Response:  # type: ignore[override]
        """The team with its members and services."""
        return Response(self.get_serializer(self.get_object()).data)

    def put(self, request: Request, slug: str) -> Response:
        """Create or replace the team; people come and go by `members`."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        told = dict(serializer.validated_data)
        members = told.pop("memberships", None)
        is_new = not Team.objects.filter(slug=slug, archived=False).exists()
        with transaction.atomic():
            playbook.edit("teams", slug, shapes.item_of(told), actor=request.user)
            if members is not None:
                row = Team.objects.get(slug=slug)
                teams.set_members(row, {one["person"]: one["is_lead"] for one in members}, actor=request.user, request=request)
        return Response(self.get_serializer(self.get_object()).data, status=201 if is_new else 200)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Take the team out of the playbook; refused while a service names it as owner."""
        playbook.edit("teams", slug, None, actor=request.user)
        return Response(status=204)


def with_parts(rows: QuerySet[Service]) -> QuerySet[Service]:
    """What a serialized service needs in a constant number of queries."""
    return rows.select_related("group", "owner").prefetch_related("depends_on")


class Services(GenericAPIView):
    """All services."""

    serializer_class = shapes.ServiceSerializer
    pagination_class = SluggedPages
    queryset = with_parts(Service.objects.current())

    def get_serializer_context(self) -> dict[str, Any]:
        """With how each service is doing."""
        context = super().get_serializer_context()
        return {**context, "health": services.health(self.request.user) if getattr(self, "request", None) else {}}

    def get(self, request: Request) -> Response:
        """Services with their objectives and health."""
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(self.get_queryset()), many=True).data)


class ServiceDetail(ETagMixin, Services):
    """One service."""

    lookup_field = "slug"
    pagination_class = None  # type: ignore[assignment]

    def get(self, request: Request, slug: str) -> Response:  # type: ignore[override]
        """The service."""
        return Response(self.get_serializer(self.get_object()).data)

    def put(self, request: Request, slug: str) -> Response:
        """Create or replace the service."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        is_new = not Service.objects.current().filter(slug=slug).exists()
        playbook.edit("services", slug, shapes.item_of(dict(serializer.validated_data)), actor=request.user)
        return Response(self.get_serializer(self.get_object()).data, status=201 if is_new else 200)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Take the service out of use; its incidents keep it."""
        playbook.edit("services", slug, None, actor=request.user)
        return Response(status=204)


class RecoveryPoints(IdempotentMixin, GenericAPIView):
    """Up to when a service's data could be brought back."""

    serializer_class = shapes.RecoveryPointSerializer
    queryset = RecoveryPoint.objects.select_related("service", "reported_by")

    class pagination_class(CursorPages):
        """Newest first."""

        ordering = ("-at", "-id")

    def get(self, request: Request, slug: str) -> Response:
        """Reported points, newest first."""
        service = get_object_or_404(Service, slug=slug)
        rows = self.paginate_queryset(self.get_queryset().filter(service=service))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(responses={201: shapes.RecoveryPointSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Report one (a backup job's token has the scope `recovery`)."""
        service = get_object_or_404(Service.objects.current(), slug=slug)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        point = services.report_recovery_point(service, serializer.validated_data["at"], actor=request.user)
        return Response(self.get_serializer(point).data, status=201)


class PlaybookView(ETagMixin, GenericAPIView):
    """The playbook in force."""

    serializer_class = shapes.PlaybookSerializer
    queryset = PlaybookVersion.objects.select_related("author")

    def get_object(self) -> PlaybookVersion:
        """The newest version."""
        return self.queryset.get(pk=playbook.current_version().pk)

    def get(self, request: Request) -> Response:
        """All rules."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=shapes.ContentSerializer)
    def put(self, request: Request) -> Response:
        """Put a whole content in force: `{"content": {section: {key: item}}}`; 422 names every problem."""
        serializer = shapes.ContentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        playbook.replace(serializer.validated_data["content"], actor=request.user, note="api")
        return Response(self.get_serializer(self.get_object()).data)


class Versions(GenericAPIView):
    """All versions."""

    serializer_class = shapes.VersionSerializer
    queryset = PlaybookVersion.objects.select_related("author").defer("content", "shipped")

    class pagination_class(CursorPages):
        """Newest first."""

        ordering = ("-number",)

    def get(self, request: Request) -> Response:
        """Newest first, without their content."""
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(self.get_queryset()), many=True).data)


class VersionDetail(GenericAPIView):
    """One version."""

    serializer_class = shapes.PlaybookSerializer
    queryset = PlaybookVersion.objects.select_related("author")
    lookup_field = "number"

    def get(self, request: Request, number: int) -> Response:
        """With its content."""
        return Response(self.get_serializer(self.get_object()).data)


class Diff(GenericAPIView):
    """What is not as shipped."""

    serializer_class = shapes.DiffSerializer
    queryset = PlaybookVersion.objects.none()

    def get(self, request: Request) -> Response:
        """Every item that the team added, removed or changed."""
        version = playbook.current_version()
        return Response({"number": version.number, "differences": [shapes.difference_of(one) for one in playbook.diff(version)]})


class Item(GenericAPIView):
    """One item of a section."""

    serializer_class = shapes.ItemSerializer
    queryset = PlaybookVersion.objects.none()

    def found(self) -> dict[str, Any]:
        """The item in force, or NotFound."""
        item = playbook.current().items(self.kwargs["section"]).get(self.kwargs["key"])
        if item is None:
            raise NotFound(_("There is no such item in the playbook."))
        return item

    def get(self, request: Request, section: str, key: str) -> Response:
        """The item in force."""
        return Response(self.found())

    def put(self, request: Request, section: str, key: str) -> Response:
        """Create or replace it; 422 names every problem."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        is_new = key not in playbook.current().items(section)
        playbook.edit(section, key, serializer.validated_data, actor=request.user)
        return Response(self.found(), status=201 if is_new else 200)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, section: str, key: str) -> Response:
        """Remove it."""
        playbook.edit(section, key, None, actor=request.user)
        return Response(status=204)


playbook_api_urls = [
    path("severities/", Severities.as_view(), name="severity-list"),
    path("severities/<str:code>/", Severity.as_view(), name="severity-detail"),
    path("teams/", Teams.as_view(), name="team-list"),
    path("teams/<slug:slug>/", TeamDetail.as_view(), name="team-detail"),
    path("services/", Services.as_view(), name="service-list"),
    path("services/<slug:slug>/", ServiceDetail.as_view(), name="service-detail"),
    path("services/<slug:slug>/recovery-points/", RecoveryPoints.as_view(), name="service-recovery-points"),
    path("playbook/", PlaybookView.as_view(), name="playbook"),
    path("playbook/versions/", Versions.as_view(), name="playbook-versions"),
    path("playbook/versions/<int:number>/", VersionDetail.as_view(), name="playbook-version"),
    path("playbook/diff/", Diff.as_view(), name="playbook-diff"),
    path("playbook/<str:section>/<str:key>/", Item.as_view(), name="playbook-item"),
]
