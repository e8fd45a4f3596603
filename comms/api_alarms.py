"""REST: alarms about the portal itself, as the red strip shows them."""

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, IdempotentMixin
from comms import alarms
from comms import serializers as shapes
from comms.models import Alarm
from lib.errors import NotFound, Refused

STATES = ["open", "cleared", "all"]


class AlarmAPI(GenericAPIView):
    """What the addresses of alarms share."""

    serializer_class = shapes.AlarmSerializer

    def rows(self) -> QuerySet[Alarm]:
        """All, with everything their shape needs."""
        return Alarm.objects.select_related("cleared_by")


class AlarmPages(CursorPages):
    """The newest first."""

    ordering = ("-raised_at", "-id")


class AlarmList(AlarmAPI):
    """Alarms."""

    pagination_class = AlarmPages

    @extend_schema(parameters=[OpenApiParameter("state", OpenApiTypes.STR, description="open unless said otherwise", enum=STATES)])
    def get(self, request: Request) -> Response:
        """The newest first."""
        state = request.query_params.get("state") or "open"
        if state not in STATES:
            raise Refused(_("There is no such state."), status=400)
        found = self.rows() if state == "all" else self.rows().filter(cleared_at__isnull=state == "open")
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class AlarmSeen(IdempotentMixin, AlarmAPI):
    """A look at one."""

    @extend_schema(request=None, responses=shapes.AlarmSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Take it from the red strip; it comes back when it happens again. A second time changes nothing."""
        alarm = self.rows().filter(pk=pk).first()
        if alarm is None:
            raise NotFound()
        alarms.seen(alarm, actor=request.user, request=request)
        return Response(self.get_serializer(self.rows().get(pk=pk)).data)


alarms_api_urls = [
    path("alarms/", AlarmList.as_view(), name="alarm-list"),
    path("alarms/<int:pk>/seen/", AlarmSeen.as_view(), name="alarm-seen"),
]
