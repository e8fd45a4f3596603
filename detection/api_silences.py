"""REST: silences, and holding a source."""

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from detection import serializers_silences as shapes
from detection import silences
from detection.foresight import foresee
from detection.matchers import checked
from detection.models import Silence, Source
from lib import clock
from lib.errors import NotFound, Refused


class SilenceAPI(GenericAPIView):
    """What the addresses of silences share."""

    serializer_class: type[BaseSerializer] = shapes.SilenceSerializer

    def rows(self) -> QuerySet[Silence]:
        """All of them, with everything their shape needs."""
        return Silence.objects.with_parts(self.request.user)

    def find(self, pk: int) -> Silence:
        """One of them. Raises NotFound."""
        silence = self.rows().filter(pk=pk).first()
        if silence is None:
            raise NotFound(_("There is no such silence."))
        return silence

    def shown(self, silence: Silence, status: int = 200) -> Response:
        """As it now stands."""
        return Response(shapes.SilenceSerializer(self.find(silence.pk)).data, status=status)


class SilencePages(CursorPages):
    """By end, the latest first."""

    ordering = ("-ends_at", "-id")


class SilenceList(IdempotentMixin, SilenceAPI):
    """Silences."""

    pagination_class = SilencePages

    @extend_schema(parameters=[OpenApiParameter("state", OpenApiTypes.STR, description="All unless said otherwise", enum=Silence.State.values)])
    def get(self, request: Request) -> Response:
        """The one that ends last first."""
        state = request.query_params.get("state", "")
        if state and state not in Silence.State.values:
            raise Refused(_("There is no such state."), status=400)
        found = self.rows().in_state(state, clock.now()) if state else self.rows()  # type: ignore[attr-defined]
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)

    @extend_schema(request=shapes.SilenceMakeSerializer, responses={201: shapes.SilenceSerializer})
    def post(self, request: Request) -> Response:
        """Keep matching alerts quiet; without matchers all that a source sends, for which you need to command."""
        said = shapes.SilenceMakeSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        told = said.validated_data
        silence = silences.create(
            told["matchers"],
            source=told.get("source"),
            starts=told.get("starts_at"),
            ends=told["ends_at"],
            comment=told.get("comment", ""),
            actor=request.user,
            request=request,
        )
        return self.shown(silence, 201)


class SilenceDetail(ETagMixin, SilenceAPI):
    """One silence."""

    def get(self, request: Request, pk: int) -> Response:
        """As it stands."""
        return self.shown(self.find(pk))


class SilenceEnd(IdempotentMixin, SilenceAPI):
    """Ending a silence."""

    @extend_schema(request=None, responses=shapes.SilenceSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """What still fires is placed at once; one that is over stays as it is."""
        return self.shown(silences.end(self.find(pk), actor=request.user, request=request))


class SilenceExtend(IdempotentMixin, SilenceAPI):
    """Another end for a silence."""

    @extend_schema(request=shapes.SilenceExtendSerializer, responses=shapes.SilenceSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Let it last until then, later or earlier; for a hold you need to command. 409 for one that is over."""
        said = shapes.SilenceExtendSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        return self.shown(silences.extend(self.find(pk), said.validated_data["ends_at"], actor=request.user, request=request))


class SilencesForesee(IdempotentMixin, GenericAPIView):
    """What a silence would hide."""

    serializer_class = shapes.ForeseeSerializer

    @extend_schema(responses=shapes.ForesightSerializer)
    def post(self, request: Request) -> Response:
        """How many of the alerts that you may see these matchers meet; nothing is made."""
        said = self.get_serializer(data=request.data)
        said.is_valid(raise_exception=True)
        source = said.validated_data.get("source")
        found = foresee(request.user, checked(said.validated_data["matchers"], has_source=source is not None), source)
        return Response(shapes.ForesightSerializer(found).data)


class SourceHold(IdempotentMixin, SilenceAPI):
    """Holding a source."""

    @extend_schema(request=None, responses={201: shapes.SilenceSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Keep all that it sends quiet for 15 minutes, P1s too; nothing is lost."""
        source = Source.objects.filter(slug=slug).first()
        if source is None:
            raise NotFound(_("There is no such source."))
        return self.shown(silences.hold(source, actor=request.user, request=request), 201)


silence_urls = [
    path("silences/", SilenceList.as_view(), name="silence-list"),
    path("silences/<int:pk>/", SilenceDetail.as_view(), name="silence-detail"),
    path("silences/<int:pk>/end/", SilenceEnd.as_view(), name="silence-end"),
    path("silences/<int:pk>/extend/", SilenceExtend.as_view(), name="silence-extend"),
    path("silences/foresee/", SilencesForesee.as_view(), name="foresight"),
    path("sources/<slug:slug>/hold/", SourceHold.as_view(), name="source-hold"),
]
