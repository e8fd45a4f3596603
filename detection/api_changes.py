"""REST: what was changed about services."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.rest import CursorPages, IdempotentMixin
from detection import changes
from detection import serializers_changes as shapes
from detection.models import Change
from incidents.models import Service
from lib.text import clean


class ChangePages(CursorPages):
    """Newest first."""

    ordering = ("-at", "-id")


class ChangeAPI(GenericAPIView):
    """What the addresses of changes share."""

    serializer_class: type[BaseSerializer] = shapes.ChangeSerializer
    pagination_class = ChangePages

    def rows(self, **wanted: Any) -> QuerySet[Change]:
        """Changes with everything their shape needs."""
        return Change.objects.filter(**wanted).select_related("service", "source", "told_by")

    def listed(self, rows: QuerySet[Change]) -> Response:
        """A page of them."""
        return self.get_paginated_response(shapes.ChangeSerializer(self.paginate_queryset(rows), many=True).data)


class ChangeList(ChangeAPI):
    """Changes of all services."""

    @extend_schema(parameters=[OpenApiParameter("service", OpenApiTypes.STR, description="A service's slug")])
    def get(self, request: Request) -> Response:
        """Newest first."""
        slug = clean(request.query_params.get("service"), 60)
        return self.listed(self.rows(service__slug=slug) if slug else self.rows())


class ServiceChanges(IdempotentMixin, ChangeAPI):
    """Changes of one service."""

    serializer_class = shapes.ChangeMakeSerializer

    @extend_schema(responses=shapes.ChangeSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Newest first."""
        return self.listed(self.rows(service=get_object_or_404(Service, slug=slug)))

    @extend_schema(responses={201: shapes.ChangeSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Tell of one (a pipeline's token has the scope `deploy`)."""
        service = get_object_or_404(Service.objects.current(), slug=slug)
        said = self.get_serializer(data=request.data)
        said.is_valid(raise_exception=True)
        change = changes.report(service, **said.validated_data, actor=request.user)
        return Response(shapes.ChangeSerializer(change).data, status=201)


change_urls = [
    path("changes/", ChangeList.as_view(), name="change-list"),
    path("services/<slug:slug>/changes/", ServiceChanges.as_view(), name="service-changes"),
]
