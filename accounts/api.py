"""People, calendars and the audit trail over REST."""

from typing import Any

from django.http import Http404
from django.urls import path
from django.utils.timezone import get_current_timezone_name
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import calendars, invitations, people, trail
from accounts.api_own import own_api_urls
from accounts.models import AuditEntry, Calendar, Invitation, User
from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from accounts.serializers import (
    AuditSerializer,
    CalendarPutSerializer,
    CalendarSerializer,
    InvitationSerializer,
    InvitedSerializer,
    PersonChangeSerializer,
    PersonSerializer,
)


def words(invitation: Invitation, link: str, sent: bool) -> dict[str, Any]:
    """The way in, as JSON."""
    return dict(InvitationSerializer({"url": link, "expires_at": invitation.expires_at, "mailed": sent}).data)


class PersonList(IdempotentMixin, generics.GenericAPIView):
    """Everybody."""

    serializer_class = PersonSerializer
    pagination_class = CursorPages
    ordering = ("username", "id")
    queryset = User.objects.all()

    @extend_schema(
        parameters=[OpenApiParameter("q"), OpenApiParameter("role"), OpenApiParameter("active", bool)],
        responses=PersonSerializer(many=True),
        operation_id="people_list",
    )
    def get(self, request: Request) -> Response:
        """People by user name."""
        rows = User.objects.all()
        if query := request.query_params.get("q", "").strip():
            rows = rows.filter(username__icontains=query) | rows.filter(name__icontains=query)
        if role := request.query_params.get("role"):
            rows = rows.with_role(role)
        if (active := request.query_params.get("active")) in {"true", "false"}:
            rows = rows.filter(is_active=active == "true")
        return self.get_paginated_response(PersonSerializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(request=PersonSerializer, responses={201: InvitedSerializer})
    def post(self, request: Any) -> Response:
        """Invite somebody; `invitation.url` is shown this once."""
        serializer = PersonSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        fields.pop("is_active", None)
        invitation, link, sent = invitations.invite(fields.pop("username"), actor=request.user, request=request, **fields)
        data = {**PersonSerializer(invitation.person).data, "invitation": words(invitation, link, sent)}
        return Response(data, status=status.HTTP_201_CREATED)


class PersonDetail(ETagMixin, generics.GenericAPIView):
    """One person."""

    serializer_class = PersonSerializer
    queryset = User.objects.all()
    lookup_field = "username"

    @extend_schema(responses=PersonSerializer)
    def get(self, request: Request, username: str) -> Response:
        """The person."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=PersonChangeSerializer(partial=True), responses=PersonSerializer)
    def patch(self, request: Any, username: str) -> Response:
        """Change name, e-mail, roles, extra abilities, language, zone; `is_active` false deactivates."""
        row = self.get_object()
        serializer = PersonChangeSerializer(row, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        row = people.change(row, actor=request.user, request=request, **serializer.validated_data)
        return Response(PersonSerializer(row).data)


class PersonInvite(IdempotentMixin, APIView):
    """A fresh invitation."""

    @extend_schema(request=None, responses={201: InvitationSerializer}, operation_id="people_invite")
    def post(self, request: Any, username: str) -> Response:
        """A fresh link for somebody who lost the first; earlier ones end."""
        row = generics.get_object_or_404(User, username=username)
        return Response(words(*invitations.invite_again(row, actor=request.user, request=request)), status=status.HTTP_201_CREATED)


class CalendarList(IdempotentMixin, generics.GenericAPIView):
    """Working time."""

    serializer_class = CalendarSerializer
    pagination_class = CursorPages
    ordering = ("slug", "id")
    queryset = Calendar.objects.all()

    @extend_schema(responses=CalendarSerializer(many=True), operation_id="calendars_list")
    def get(self, request: Request) -> Response:
        """All calendars."""
        return self.get_paginated_response(CalendarSerializer(self.paginate_queryset(Calendar.objects.all()), many=True).data)

    @extend_schema(request=CalendarSerializer, responses={201: CalendarSerializer})
    def post(self, request: Any) -> Response:
        """A new calendar."""
        serializer = CalendarSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        row = calendars.add(serializer.validated_data["slug"], wanted(serializer.validated_data), actor=request.user, request=request)
        return Response(CalendarSerializer(row).data, status=status.HTTP_201_CREATED)


class CalendarDetail(ETagMixin, generics.GenericAPIView):
    """One calendar."""

    serializer_class = CalendarSerializer
    queryset = Calendar.objects.all()
    lookup_field = "slug"

    @extend_schema(responses=CalendarSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The calendar."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=CalendarPutSerializer, responses={200: CalendarSerializer, 201: CalendarSerializer})
    def put(self, request: Any, slug: str) -> Response:
        """Create or replace it."""
        serializer = CalendarPutSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        row, is_new = calendars.save(slug, wanted(serializer.validated_data), actor=request.user, request=request)
        return Response(CalendarSerializer(row).data, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(responses={204: None})
    def delete(self, request: Any, slug: str) -> Response:
        """Remove it; the default one stays."""
        calendars.remove(self.get_object(), actor=request.user, request=request)
        return Response(status=status.HTTP_204_NO_CONTENT)


def wanted(data: dict[str, Any]) -> calendars.Wanted:
    """A checked calendar from what a serializer took."""
    return calendars.check(data["name"], data["time_zone"], data["hours"], data["days"], data["is_default"])


class AuditList(generics.GenericAPIView):
    """The audit trail."""

    serializer_class = AuditSerializer
    pagination_class = CursorPages
    ordering = ("-seq",)
    queryset = AuditEntry.objects.all()

    @extend_schema(parameters=[OpenApiParameter(name) for name in trail.FILTERS], responses=AuditSerializer(many=True), operation_id="audit_list")
    def get(self, request: Request) -> Response:
        """Newest first."""
        asked = {name: request.query_params.get(name, "").strip() for name in trail.FILTERS}
        rows = trail.entries(asked, get_current_timezone_name()).select_related("actor")
        return self.get_paginated_response(AuditSerializer(self.paginate_queryset(rows), many=True).data)


class AuditDetail(generics.GenericAPIView):
    """One entry."""

    serializer_class = AuditSerializer
    queryset = AuditEntry.objects.select_related("actor")
    lookup_field = "seq"

    @extend_schema(responses=AuditSerializer)
    def get(self, request: Request, seq: int) -> Response:
        """The entry with that number."""
        if seq > 2**62:
            raise Http404
        return Response(self.get_serializer(self.get_object()).data)


api_urls = [
    *own_api_urls,
    path("people/", PersonList.as_view(), name="person-list"),
    path("people/<str:username>/", PersonDetail.as_view(), name="person-detail"),
    path("people/<str:username>/invite/", PersonInvite.as_view(), name="person-invite"),
    path("calendars/", CalendarList.as_view(), name="calendar-list"),
    path("calendars/<slug:slug>/", CalendarDetail.as_view(), name="calendar-detail"),
    path("audit/", AuditList.as_view(), name="audit-list"),
    path("audit/<int:seq>/", AuditDetail.as_view(), name="audit-detail"),
]
