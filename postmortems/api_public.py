"""REST: the redacted public version."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import IdempotentMixin
from postmortems import outside
from postmortems import serializers as shapes
from postmortems.holding import find
from postmortems.models import Postmortem


class Public(IdempotentMixin, GenericAPIView):
    """The public version of a post-mortem."""

    serializer_class: Any = shapes.PublicSerializer
    queryset = Postmortem.objects.none()

    @extend_schema(responses=shapes.PublicShownSerializer)
    def get(self, request: Request, reference: str) -> Response:
        """What is public, or what a draft for it begins with."""
        return self.shown(find(request.user, reference))

    @extend_schema(request=shapes.PublicSerializer, responses=shapes.PublicShownSerializer)
    def post(self, request: Request, reference: str) -> Response:
        """Publish it; 409 with `words` for what should stay inside, unless `all_the_same`."""
        told = self.get_serializer(data=request.data)
        told.is_valid(raise_exception=True)
        said, found = told.validated_data, find(request.user, reference)
        checks = {"is_confirmed": said["confirmed"], "is_insisted": said["all_the_same"]}
        outside.publish(found, said["document"], actor=request.user, request=request, source="api", **checks)
        return self.shown(find(request.user, reference))

    def shown(self, found: Postmortem) -> Response:
        """The texts with what should not stand in them."""
        texts = outside.draft(found)
        words = [hit.word for hit in outside.hits(found, texts)]
        return Response(shapes.PublicShownSerializer({"document": texts, "published_at": found.published_outside_at, "words": words}).data)


public_urls = [path("postmortems/<str:reference>/public/", Public.as_view(), name="postmortem-public")]
