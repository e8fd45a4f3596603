"""REST: subscribers. Their addresses are personal: reading takes *publish*, too."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from comms import serializers_subscribers as shapes
from comms import subscribers
from comms.models import Consent, Subscriber
from comms.subscribers import Wish

API = Consent.Source.API


class SubscriberPages(CursorPages):
    """The newest first."""

    ordering = ("-created_at", "-id")


class SubscriberAPI(GenericAPIView):
    """What the addresses of subscribers share."""

    serializer_class: type[BaseSerializer] = shapes.SubscriberSerializer

    def rows(self) -> QuerySet[Subscriber]:
        """All but the erased."""
        return Subscriber.objects.known().prefetch_related("services", "consents")

    def answer(self, pk: int, status: int = 200) -> Response:
        """One as it stands."""
        return Response(shapes.SubscriberSerializer(self.rows().get(pk=pk)).data, status=status)

    def get_object(self) -> Subscriber:
        """What If-Match is held against."""
        subscribers.find(self.kwargs["pk"])
        return self.rows().get(pk=self.kwargs["pk"])


class SubscriberList(SubscriberAPI):
    """Subscribers. Making one takes no Idempotency-Key: the same address is the same subscriber, and a webhook's first answer holds its secret."""

    serializer_class = shapes.SubscriberMakeSerializer
    pagination_class = SubscriberPages

    @extend_schema(parameters=[OpenApiParameter("q", OpenApiTypes.STR, description="Part of an address")], responses=shapes.SubscriberSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The newest first."""
        found = self.rows().searched(request.query_params.get("q", ""))  # type: ignore[attr-defined]
        return self.get_paginated_response(shapes.SubscriberSerializer(self.paginate_queryset(found), many=True).data)

    @extend_schema(responses={200: shapes.SubscriberSerializer, 201: shapes.SubscriberSecretSerializer})
    def post(self, request: Request) -> Response:
        """Add one with their consent: 201 with a webhook's secret, this once; 200 for one that is known."""
        said = self.get_serializer(data=request.data)
        said.is_valid(raise_exception=True)
        data: dict[str, Any] = said.validated_data
        wish = Wish(data["address"], data["language"], tuple(data["services"]), data["channel"])
        made, is_new = subscribers.add(wish, source=API, words=data["consent"], actor=request.user, request=request)
        if not is_new:
            return self.answer(made.pk)
        shape = shapes.SubscriberSecretSerializer(self.rows().get(pk=made.pk))
        return Response(shape.data, status=201, headers={"Cache-Control": "no-store"})


class SubscriberDetail(ETagMixin, SubscriberAPI):
    """One subscriber."""

    def get(self, request: Request, pk: int) -> Response:
        """As it stands, with every consent."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=shapes.SubscriberChangeSerializer(partial=True), responses=shapes.SubscriberSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Another language or choice of services."""
        row = self.get_object()
        said = shapes.SubscriberChangeSerializer(data=request.data, partial=True)
        said.is_valid(raise_exception=True)
        now = {"language": row.language, "services": [service.slug for service in row.services.all()], **said.validated_data}
        subscribers.change(row, language=now["language"], services=now["services"], actor=request.user, request=request)
        return self.answer(pk)

    def delete(self, request: Request, pk: int) -> Response:
        """Erase: who it was is forgotten everywhere."""
        subscribers.erase(self.get_object(), source=API, actor=request.user, request=request)
        return Response(status=204)


class SubscriberEnd(IdempotentMixin, SubscriberAPI):
    """Ending a subscription."""

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        """They want no more; a second time changes nothing."""
        subscribers.withdraw(self.get_object(), source=API, actor=request.user, request=request)
        return self.answer(pk)


class SubscriberLift(IdempotentMixin, SubscriberAPI):
    """Using an address again."""

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        """The provider said that nobody is there; a person knows better."""
        subscribers.lift(self.get_object(), actor=request.user, request=request)
        return self.answer(pk)


class SubscriberRotate(SubscriberAPI):
    """A new secret for a webhook. Takes no Idempotency-Key: the answer holds a secret and is not kept."""

    serializer_class = shapes.SubscriberSecretSerializer

    @extend_schema(request=None)
    def post(self, request: Request, pk: int) -> Response:
        """The answer holds it, this once; the old one signs beside it for 24 h."""
        subscribers.rotate(self.get_object(), actor=request.user, request=request)
        return Response(self.get_serializer(self.get_object()).data, headers={"Cache-Control": "no-store"})


subscribers_api_urls = [
    path("subscribers/", SubscriberList.as_view(), name="subscriber-list"),
    path("subscribers/<int:pk>/", SubscriberDetail.as_view(), name="subscriber-detail"),
    path("subscribers/<int:pk>/end/", SubscriberEnd.as_view(), name="subscriber-end"),
    path("subscribers/<int:pk>/lift/", SubscriberLift.as_view(), name="subscriber-lift"),
    path("subscribers/<int:pk>/rotate/", SubscriberRotate.as_view(), name="subscriber-rotate"),
]
