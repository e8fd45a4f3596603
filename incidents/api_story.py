"""REST: the story of an incident, and the pictures in it."""

from typing import Any

from django.db.models.functions import Length
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, IdempotentMixin
from incidents import lifecycle, pictures, timeline
from incidents import serializers_story as shapes
from incidents.api_below import BELOW, IncidentAPI
from incidents.models import Picture

NOTE_LIMIT = 12 * 1024 * 1024  # bytes: as many pictures as a note may have, in Base64, and its words


class Timeline(IdempotentMixin, IncidentAPI):
    """The story."""

    serializer_class = shapes.NoteSerializer
    body_limit = NOTE_LIMIT

    @extend_schema(
        responses=shapes.LineSerializer(many=True), parameters=[OpenApiParameter("after", OpenApiTypes.INT), OpenApiParameter("limit", OpenApiTypes.INT)]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Entries in ascending order after a sequence; `next` is the address of the following ones."""
        incident = self.get_incident()
        after, limit = _whole(request, "after", 0), CursorPages().limit(request)
        lines = timeline.lines(incident, after=after, limit=limit)
        more = bool(lines) and lines[-1].seq < incident.last_seq
        following = request.build_absolute_uri(f"{request.path}?after={lines[-1].seq}&limit={limit}") if more else None
        return Response({"results": [shapes.line_of(line) for line in lines], "next": following, "previous": None})

    @extend_schema(request=shapes.NoteSerializer, responses={201: shapes.LineSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write a note, with up to four pictures."""
        incident, told = self.get_incident(), self.told()
        shown = told.get("pictures", ())
        entry = lifecycle.note(incident, told.get("text", ""), actor=request.user, at=told.get("at"), source="api", shown=shown)
        return Response(shapes.line_of(timeline.read([entry])[0]), status=201)


class PictureParser(BaseParser):
    """The bytes of a picture as they are; what they are is told by the content, not by the header."""

    media_type = "image/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """The body, and one byte too many of what is too large."""
        raw = bytes(stream.read(pictures.LARGEST + 1))
        parser_context["request"]._request.raw_body = raw  # what idempotency compares
        return raw


class PictureList(IdempotentMixin, IncidentAPI):
    """The pictures of the story, and putting another one into it."""

    serializer_class = shapes.PictureSerializer
    pagination_class = CursorPages
    parser_classes = [PictureParser]
    queryset = Picture.objects.none()

    @extend_schema(responses=shapes.PictureSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The newest first; an entry of the timeline names its own in `pictures`."""
        incident = self.get_incident()
        rows = self.paginate_queryset(incident.pictures.select_related("added_by").defer("content").annotate(size=Length("content")))
        context = {"request": request, "reference": incident.reference}
        return self.get_paginated_response(shapes.PictureSerializer(rows, many=True, context=context).data)

    @extend_schema(request={"image/*": OpenApiTypes.BINARY}, responses={201: shapes.LineSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write a note that is this picture: PNG, JPEG, GIF or WebP, up to 2 MB. For words with pictures post to the timeline."""
        content: Any = request.data or b""
        entry = lifecycle.note(self.get_incident(), "", actor=request.user, source="api", shown=[content])
        return Response(shapes.line_of(timeline.read([entry])[0]), status=201)


class PictureDetail(IncidentAPI):
    """One picture."""

    serializer_class = shapes.PictureSerializer

    @extend_schema(responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Its bytes, without what it told of place and camera; gone once its entry is redacted."""
        return pictures.sent(get_object_or_404(Picture, incident=self.get_incident(), digest=self.kwargs["digest"]))


def _whole(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    if value and not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise ValidationError({name: [_("This is a whole number.")]})
    return int(value) if value else default


story_api_urls = [
    path(f"{BELOW}timeline/", Timeline.as_view(), name="incident-timeline"),
    path(f"{BELOW}pictures/", PictureList.as_view(), name="incident-pictures"),
    path(f"{BELOW}pictures/<str:digest>/", PictureDetail.as_view(), name="incident-picture"),
]
