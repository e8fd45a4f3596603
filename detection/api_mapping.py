"""REST: what labels mean here, and acts on many alerts at once."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from detection import acknowledging, mapping
from detection import serializers as shapes
from detection.models import Alert, Mapping
from lib.errors import NotFound


class AlertsAct(IdempotentMixin, GenericAPIView):
    """A POST that does one thing to what many alerts belong to; ids that the caller may not see are passed over."""

    serializer_class = shapes.ChosenSerializer

    def act(self, alerts: list[Alert]) -> acknowledging.Done:
        """Do it."""
        raise TypeError("each act says what it does")

    @extend_schema(responses=shapes.DoneSerializer)
    def post(self, request: Request) -> Response:
        """How many it was done to, and what was refused in whose words."""
        told = self.get_serializer(data=request.data)
        told.is_valid(raise_exception=True)
        done = self.act(acknowledging.chosen(request.user, told.validated_data["alerts"]))
        return Response(shapes.DoneSerializer(done).data)


class AlertsAcknowledge(AlertsAct):
    """I'm on it."""

    def act(self, alerts: list[Alert]) -> acknowledging.Done:
        """Take on every open incident that these alerts belong to."""
        return acknowledging.acknowledge(alerts, actor=self.request.user, source="api")


class AlertsDismiss(AlertsAct):
    """No incident."""

    def act(self, alerts: list[Alert]) -> acknowledging.Done:
        """Dismiss every waiting candidate that these alerts wait in."""
        return acknowledging.dismiss(alerts, actor=self.request.user, request=self.request)


class AlertMap(IdempotentMixin, GenericAPIView):
    """What a label of an alert means."""

    serializer_class = shapes.MapSerializer

    @extend_schema(responses={201: shapes.MappingSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Its value means this service or severity from now on; `service: null` makes a service of that name. What came before follows soon."""
        told = self.get_serializer(data=request.data)
        told.is_valid(raise_exception=True)
        alert = Alert.objects.visible_to(request.user).select_related("source").filter(pk=pk).first()
        if alert is None:
            raise NotFound(_("There is no such alert."))
        said: dict[str, Any] = told.validated_data
        by: dict[str, Any] = {"label": said["label"], "only_source": said["only_source"]}
        if means := {name: said[name] for name in mapping.MEANINGS if said.get(name)}:
            made = mapping.map_alert(alert, means, **by, actor=request.user, request=request)
        else:
            made = mapping.make_service(alert, **by, actor=request.user, request=request)
        return Response(shapes.MappingSerializer(made).data, status=201)


class MappingAPI(GenericAPIView):
    """What the addresses of mappings share."""

    serializer_class = shapes.MappingSerializer

    def rows(self) -> QuerySet[Mapping]:
        """All, with everything their shape needs."""
        return Mapping.objects.select_related("service", "source", "created_by", "restatement")

    def get_object(self) -> Mapping:
        """The one of the address. Raises NotFound."""
        found = self.rows().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise NotFound(_("There is no such mapping."))
        return found


class MappingPages(CursorPages):
    """By label and value."""

    ordering = ("label", "value", "id")


class MappingList(IdempotentMixin, MappingAPI):
    """What values of labels mean here."""

    pagination_class = MappingPages

    @extend_schema(responses=shapes.MappingSerializer(many=True))
    def get(self, request: Request) -> Response:
        """By label and value."""
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(self.rows()), many=True).data)

    @extend_schema(responses={200: shapes.MappingSerializer, 201: shapes.MappingSerializer})
    def post(self, request: Request) -> Response:
        """Say what a value of a label means from now on, what is not said stays; 200 where it meant something already. What came before follows soon."""
        told = self.get_serializer(data=request.data)
        told.is_valid(raise_exception=True)
        data: dict[str, Any] = told.validated_data
        means = {name: data[name] for name in mapping.MEANINGS if name in data}
        made, is_new = mapping.put(data["label"], data["value"], means, source=data.get("source"), actor=request.user, request=request)
        return Response(self.get_serializer(made).data, status=201 if is_new else 200)


class MappingDetail(ETagMixin, MappingAPI):
    """One mapping."""

    @extend_schema(responses=shapes.MappingSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """As it stands."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=shapes.MeansSerializer, responses=shapes.MappingSerializer)
    def put(self, request: Request, pk: int) -> Response:
        """Exactly this from now on; what is not said is taken back. What came before follows soon."""
        found = self.get_object()
        told = shapes.MeansSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        means = dict(told.validated_data)
        made, _is_new = mapping.put(found.label, found.value, means, source=found.source, replaces=True, actor=request.user, request=request)
        return Response(self.get_serializer(made).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Take it back; what was sorted by it stays where it is."""
        mapping.forget(self.get_object(), actor=request.user, request=request)
        return Response(status=204)


mapping_api_urls = [
    path("alerts/acknowledge/", AlertsAcknowledge.as_view(), name="alerts-acknowledge"),
    path("alerts/dismiss/", AlertsDismiss.as_view(), name="alerts-dismiss"),
    path("alerts/<int:pk>/map/", AlertMap.as_view(), name="alert-map"),
    path("mappings/", MappingList.as_view(), name="mapping-list"),
    path("mappings/<int:pk>/", MappingDetail.as_view(), name="mapping-detail"),
]
