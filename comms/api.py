"""REST: deliveries, obligations, channels."""

from datetime import timedelta
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from comms import channel_states, channels, obligations, resend, search, trials
from comms import serializers as shapes
from comms.api_alarms import alarms_api_urls
from comms.api_announcements import announcements_api_urls
from comms.api_contacts import contacts_api_urls
from comms.api_held import held_api_urls
from comms.api_subscribers import subscribers_api_urls
from comms.models import Delivery, Obligation
from comms.views.channels import rows as channel_rows
from incidents.models import Incident
from incidents.search import named
from incidents.serializers_story import LineSerializer, line_of
from incidents.timeline import read
from lib.errors import NotFound


def _text(name: str, about: str, enum: list[str] | None = None) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=about, enum=enum)


def _incident(user: Any, reference: str) -> Incident:
    return named(reference, Incident.objects.visible_to(user))


class DeliveryPages(CursorPages):
    """The newest first."""

    ordering = search.ORDER


class DeliveryList(GenericAPIView):
    """Deliveries that the caller may see."""

    serializer_class = shapes.DeliverySerializer
    pagination_class = DeliveryPages

    @extend_schema(
        parameters=[
            _text("state", "How it ended, or due", Delivery.State.values),
            _text("channel", "By which way", list(channels.CHANNELS)),
            _text("incident", "An incident's reference"),
            _text("person", "A reader's user name"),
        ]
    )
    def get(self, request: Request) -> Response:
        """The newest first."""
        found = search.deliveries(request.user, request.query_params).defer(*search.LIST_ONLY)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class DeliveryAPI(GenericAPIView):
    """One delivery."""

    serializer_class = shapes.DeliveryDetailSerializer

    def find(self, pk: int) -> Delivery:
        """It, if the caller may see it. Raises NotFound."""
        delivery = search.deliveries(self.request.user, {}).prefetch_related("tries").filter(pk=pk).first()
        if delivery is None:
            raise NotFound(_("There is no such message."))
        return delivery


class DeliveryDetail(ETagMixin, DeliveryAPI):
    """One delivery with every attempt."""

    def get(self, request: Request, pk: int) -> Response:
        """As it stands."""
        return Response(self.get_serializer(self.find(pk)).data)


class DeliveryResend(IdempotentMixin, DeliveryAPI):
    """Sending again."""

    @extend_schema(request=None, responses={201: shapes.DeliveryDetailSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """A new delivery that names the old one."""
        made = resend.send_again(self.find(pk), actor=request.user, request=request)
        return Response(self.get_serializer(self.find(made.pk)).data, status=201)


class ObligationPages(CursorPages):
    """The soonest first."""

    ordering = ("due_at", "id")


class ObligationList(GenericAPIView):
    """Updates that are owed."""

    serializer_class = shapes.ObligationSerializer
    pagination_class = ObligationPages

    @extend_schema(parameters=[_text("state", "open unless said otherwise", ["open", "kept", "missed", "all"])])
    def get(self, request: Request) -> Response:
        """The soonest first."""
        found = search.obligations(request.user, request.query_params)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class IncidentObligations(GenericAPIView):
    """What one incident owes and owed."""

    serializer_class = shapes.ObligationSerializer
    pagination_class = ObligationPages

    def get(self, request: Request, reference: str) -> Response:
        """In order of their due times."""
        found = Obligation.objects.filter(incident=_incident(request.user, reference)).select_related("incident", "kept_by")
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class IncidentMessages(GenericAPIView):
    """What went out about one incident."""

    serializer_class = shapes.DeliverySerializer
    pagination_class = DeliveryPages

    def get(self, request: Request, reference: str) -> Response:
        """The newest first."""
        incident = _incident(request.user, reference)
        found = search.deliveries(request.user, {}).filter(incident=incident).defer(*search.LIST_ONLY)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)


class IncidentUpdates(IdempotentMixin, GenericAPIView):
    """Telling an audience how it stands."""

    serializer_class = shapes.UpdateSerializer

    @extend_schema(responses={201: LineSerializer})
    def post(self, request: Request, reference: str) -> Response:
        """The update as an entry of the timeline; it keeps what was owed."""
        told = self.get_serializer(data=request.data)
        told.is_valid(raise_exception=True)
        data = told.validated_data
        promise = timedelta(minutes=data["next_update_minutes"]) if data.get("next_update_minutes") else None
        incident = _incident(request.user, reference)
        entry = obligations.update(incident, data["text"], actor=request.user, audience=data["audience"], promise=promise, source="api")
        return Response(line_of(read([entry])[0]), status=201)


def _channel(row: dict[str, Any]) -> dict[str, Any]:
    state = "off" if row["is_off"] else "paused" if row["is_paused"] else "ok" if row["is_configured"] else "not_configured"
    stored = row["state"]
    return {"kind": row["kind"], "label": row["label"], "state": state, "reason": stored.last_error if stored else "", "waiting": row["waiting"]}


class ChannelList(GenericAPIView):
    """The channels."""

    serializer_class = shapes.ChannelSerializer
    pagination_class = None

    @extend_schema(responses=shapes.ChannelSerializer(many=True))
    def get(self, request: Request) -> Response:
        """How each stands."""
        return Response({"results": [_channel(row) for row in channel_rows()], "next": None, "previous": None})


class ChannelTest(IdempotentMixin, GenericAPIView):
    """A test to oneself."""

    serializer_class = shapes.DeliverySerializer

    @extend_schema(request=None, responses={201: shapes.DeliverySerializer})
    def post(self, request: Request, kind: str) -> Response:
        """The delivery to watch."""
        return Response(self.get_serializer(trials.send_test(_kind(kind), actor=request.user)).data, status=201)


class ChannelOn(IdempotentMixin, GenericAPIView):
    """Using one again."""

    serializer_class = shapes.ChannelSerializer

    @extend_schema(request=None)
    def post(self, request: Request, kind: str) -> Response:
        """How it stands now."""
        channel_states.turn_on(_kind(kind), actor=request.user, request=request)
        return Response(next(_channel(row) for row in channel_rows() if row["kind"] == kind))


def _kind(kind: str) -> str:
    if kind not in channels.CHANNELS:
        raise NotFound(_("There is no such channel."))
    return kind


BELOW = "incidents/<str:reference>/"
api_urls = [
    *contacts_api_urls,
    *alarms_api_urls,
    *held_api_urls,
    *subscribers_api_urls,
    *announcements_api_urls,
    path("deliveries/", DeliveryList.as_view(), name="delivery-list"),
    path("deliveries/<int:pk>/", DeliveryDetail.as_view(), name="delivery-detail"),
    path("deliveries/<int:pk>/resend/", DeliveryResend.as_view(), name="delivery-resend"),
    path("obligations/", ObligationList.as_view(), name="obligation-list"),
    path(f"{BELOW}obligations/", IncidentObligations.as_view(), name="incident-obligations"),
    path(f"{BELOW}messages/", IncidentMessages.as_view(), name="incident-messages"),
    path(f"{BELOW}updates/", IncidentUpdates.as_view(), name="incident-updates"),
    path("channels/", ChannelList.as_view(), name="channel-list"),
    path("channels/<slug:kind>/test/", ChannelTest.as_view(), name="channel-test"),
    path("channels/<slug:kind>/on/", ChannelOn.as_view(), name="channel-on"),
]
