"""REST: who sends alerts, and their keys."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from detection import keys, trial
from detection import serializers as shapes
from detection.models import Source
from lib.errors import NotFound


class SourceAPI(GenericAPIView):
    """What the addresses of sources share."""

    serializer_class: type[BaseSerializer] = shapes.SourceSerializer

    def rows(self) -> QuerySet[Source]:
        """All sources, with everything their shape needs."""
        return Source.objects.select_related("default_service", "created_by").annotate(bad=Count("set_aside", filter=Q(set_aside__taken_at=None)))

    def find(self, slug: str) -> Source:
        """One of them. Raises NotFound."""
        source = self.rows().filter(slug=slug).first()
        if source is None:
            raise NotFound(_("There is no such source."))
        return source

    def told(self) -> dict[str, Any]:
        """The request's body, checked."""
        said = self.get_serializer(data=self.request.data)
        said.is_valid(raise_exception=True)
        return dict(said.validated_data)

    def with_key(self, source: Source, key: str, status: int) -> Response:
        """The source and its key, this once."""
        shape = shapes.KeySerializer(self.find(source.slug), context={"key": key, "request": self.request})
        return Response(shape.data, status=status, headers={"Cache-Control": "no-store"})


class SourcePages(CursorPages):
    """By name."""

    ordering = ("name", "id")


class SourceList(SourceAPI):
    """Sources. Making one takes no Idempotency-Key: the first answer holds a key and is not kept."""

    serializer_class = shapes.SourceMakeSerializer
    pagination_class = SourcePages

    @extend_schema(responses=shapes.SourceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """All of them."""
        return self.get_paginated_response(shapes.SourceSerializer(self.paginate_queryset(self.rows()), many=True).data)

    @extend_schema(responses={201: shapes.KeySerializer})
    def post(self, request: Request) -> Response:
        """Make one; the answer holds its key, this once."""
        told = self.told()
        source, key = keys.create(told["kind"], told["name"], service=told.get("service"), actor=request.user, request=request)
        return self.with_key(source, key, 201)


class SourceDetail(ETagMixin, SourceAPI):
    """One source."""

    def get(self, request: Request, slug: str) -> Response:
        """As it stands."""
        return Response(self.get_serializer(self.find(slug)).data)

    @extend_schema(request=shapes.SourceChangeSerializer(partial=True), responses=shapes.SourceSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Another name or default service; kind and address stay."""
        source = self.find(slug)
        said = shapes.SourceChangeSerializer(data=request.data, partial=True)
        said.is_valid(raise_exception=True)
        keys.change(source, actor=request.user, request=request, **{"name": source.name, "service": source.default_service, **said.validated_data})
        return Response(self.get_serializer(self.find(slug)).data)

    def get_object(self) -> Source:
        """What If-Match is held against."""
        return self.find(self.kwargs["slug"])


class SourceRotate(SourceAPI):
    """A new key."""

    serializer_class = shapes.RotateSerializer

    @extend_schema(responses=shapes.KeySerializer)
    def post(self, request: Request, slug: str) -> Response:
        """The answer holds it, this once."""
        told = self.told()
        source = self.find(slug)
        return self.with_key(source, keys.rotate(source, actor=request.user, at_once=told["at_once"], request=request), 200)


class SourceTest(IdempotentMixin, SourceAPI):
    """A real alert through the whole way."""

    serializer_class = shapes.TrialSerializer

    @extend_schema(responses={201: shapes.TriedSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Sent as such a sender would send it; look at the alert for where it went."""
        alert = trial.send(self.find(slug), **self.told(), actor=request.user, request=request)
        return Response(shapes.TriedSerializer(alert).data, status=201)


source_api_urls = [
    path("sources/", SourceList.as_view(), name="source-list"),
    path("sources/<slug:slug>/", SourceDetail.as_view(), name="source-detail"),
    path("sources/<slug:slug>/rotate/", SourceRotate.as_view(), name="source-rotate"),
    path("sources/<slug:slug>/test/", SourceTest.as_view(), name="source-test"),
]
