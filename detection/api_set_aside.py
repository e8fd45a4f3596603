"""REST: what could not be taken, and taking it in again."""

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, IdempotentMixin
from detection import serializers as shapes
from detection import taking
from detection.models import Alert, SetAside
from lib.errors import NotFound
from lib.text import clean


class SetAsidePages(CursorPages):
    """The newest first."""

    ordering = ("-received_at", "-id")


class SetAsideList(GenericAPIView):
    """What senders meant and we could not take."""

    serializer_class = shapes.SetAsideSerializer
    pagination_class = SetAsidePages

    @extend_schema(parameters=[OpenApiParameter("source", OpenApiTypes.STR, description="A source's slug"), OpenApiParameter("reason", OpenApiTypes.STR)])
    def get(self, request: Request) -> Response:
        """With the reason, secrets masked; kept 7 days."""
        found = _wanted(request.query_params.get("source"), request.query_params.get("reason"))
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class SetAsideTake(IdempotentMixin, GenericAPIView):
    """Taking one in again."""

    serializer_class = shapes.TakenSerializer

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        """Through the same reader and the same rules; what came of it. 409 where what was kept is not what was sent."""
        row = SetAside.objects.select_related("source").filter(pk=pk).first()
        if row is None:
            raise NotFound(_("This is gone: it was kept for 7 days."))
        done = taking.take(row, actor=request.user, request=request)
        seen = done.alert is not None and Alert.objects.visible_to(request.user).filter(pk=done.alert.pk).exists()
        return Response({"taken": done.is_taken, "alert": done.alert.pk if done.alert and seen else None, "why": done.why})


class SetAsideTakeAll(IdempotentMixin, GenericAPIView):
    """Taking many in again."""

    serializer_class = shapes.WhichSetAsideSerializer

    @extend_schema(responses=shapes.AllTakenSerializer)
    def post(self, request: Request) -> Response:
        """All of a source, of a reason, or all that is there, the oldest first, at most 200 at a time."""
        told = self.get_serializer(data=request.data)
        told.is_valid(raise_exception=True)
        rows = _wanted(told.validated_data["source"], told.validated_data["reason"]).filter(taken_at=None).order_by("received_at", "pk")
        done = taking.take_all(rows[: taking.MOST], actor=request.user, request=request)
        return Response(shapes.AllTakenSerializer(done).data)


def _wanted(source: str | None, reason: str | None) -> QuerySet[SetAside]:
    found = SetAside.objects.select_related("source")
    if slug := clean(source, 60):
        found = found.filter(source__slug=slug)
    if code := clean(reason, 40):
        found = found.filter(reason=code)
    return found


set_aside_api_urls = [
    path("alerts/set-aside/", SetAsideList.as_view(), name="alerts-set-aside"),
    path("alerts/set-aside/take/", SetAsideTakeAll.as_view(), name="alerts-set-aside-take-all"),
    path("alerts/set-aside/<int:pk>/take/", SetAsideTake.as_view(), name="alerts-set-aside-take"),
]
