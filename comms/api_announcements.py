"""REST: mails to the users."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from comms import announcements
from comms import serializers_announcements as shapes
from comms.letter_promises import PLAYBOOKS
from comms.models import Announcement
from comms.public_words import Words
from comms.views.announcements import find
from incidents.models import Incident
from incidents.search import named


class AnnouncementPages(CursorPages):
    """The newest first."""

    ordering = ("-created_at", "-id")


class AnnouncementAPI(GenericAPIView):
    """What the addresses of announcements share."""

    serializer_class: type[BaseSerializer] = shapes.AnnouncementSerializer

    def answer(self, row: Announcement, status: int = 200) -> Response:
        """One as it stands."""
        return Response(shapes.AnnouncementSerializer(find(self.request.user, row.pk)).data, status=status)

    def get_object(self) -> Announcement:
        """What If-Match is held against."""
        return find(self.request.user, self.kwargs["pk"])

    def kept(self, incident: Incident) -> Announcement:
        """The incident's open letter with the words of the request."""
        said = shapes.AnnouncementMakeSerializer(data=self.request.data)
        said.is_valid(raise_exception=True)
        data: dict[str, Any] = said.validated_data
        own = data.get("services")
        services, hears = announcements.affected(incident, data["state"]) if own is None else (own, ())
        words = Words(data["state"], data["symptom"], data["advice"], None, data["free"], services, hears)
        minutes = data.get("next_minutes", -1)
        seconds = -1 if minutes == -1 else minutes * 60 if minutes else None
        return announcements.prepare(
            incident,
            words,
            actor=self.request.user,
            promise_seconds=seconds,
            recovery_seconds=data["recovery_minutes"] * 60 if "recovery_minutes" in data else PLAYBOOKS,
            all_the_same=data["all_the_same"],
            source="api",
        )


class AnnouncementList(IdempotentMixin, AnnouncementAPI):
    """Mails to the users."""

    pagination_class = AnnouncementPages

    @extend_schema(responses=shapes.AnnouncementSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The newest first."""
        found = Announcement.objects.visible_to(request.user).select_related("incident", "sent_by")
        return self.get_paginated_response(shapes.AnnouncementSerializer(self.paginate_queryset(found), many=True).data)

    @extend_schema(request=shapes.AnnouncementMakeSerializer, responses={201: shapes.AnnouncementSerializer})
    def post(self, request: Request) -> Response:
        """The open letter of an incident with these words: a draft until it is sent."""
        said = shapes.AnnouncementMakeSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        return self.answer(self.kept(named(said.validated_data["incident"], Incident.objects.visible_to(request.user))), 201)


class AnnouncementDetail(ETagMixin, AnnouncementAPI):
    """One mail to the users."""

    def get(self, request: Request, pk: int) -> Response:
        """As it stands, with its readers."""
        return Response(shapes.AnnouncementDetailSerializer(self.get_object()).data)


class AnnouncementAct(IdempotentMixin, AnnouncementAPI):
    """Something done with one."""


class AnnouncementSend(AnnouncementAct):
    """Sending."""

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        """It leaves in a minute."""
        return self.answer(announcements.send(self.get_object(), actor=request.user, source="api", request=request))


class AnnouncementUndo(AnnouncementAct):
    """Taking back."""

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        """Before it leaves: a draft again."""
        return self.answer(announcements.undo(self.get_object(), actor=request.user, source="api"))


class AnnouncementStop(AnnouncementAct):
    """Stopping."""

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        """What has not reached its reader yet is dropped."""
        return self.answer(announcements.stop(self.get_object(), actor=request.user, source="api", request=request))


announcements_api_urls = [
    path("announcements/", AnnouncementList.as_view(), name="announcement-list"),
    path("announcements/<int:pk>/", AnnouncementDetail.as_view(), name="announcement-detail"),
    path("announcements/<int:pk>/send/", AnnouncementSend.as_view(), name="announcement-send"),
    path("announcements/<int:pk>/undo/", AnnouncementUndo.as_view(), name="announcement-undo"),
    path("announcements/<int:pk>/stop/", AnnouncementStop.as_view(), name="announcement-stop"),
]
