"""REST: post-mortems, their sections and acts."""

from typing import Any

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from incidents.api_below import BELOW, IncidentAPI
from lib.errors import NotFound, Refused
from postmortems import document, lifecycle, opening, printing, search, sections, story
from postmortems import serializers as shapes
from postmortems.api_actions import action_urls
from postmortems.api_public import public_urls
from postmortems.exporting import as_markdown
from postmortems.holding import find
from postmortems.models import ActionItem, Postmortem, Review, Section, SectionVersion
from postmortems.views.paper import as_file

ONE = "postmortems/<str:reference>/"


def with_parts(rows: QuerySet[Postmortem]) -> Any:
    """Everything that one serialized post-mortem needs."""
    return rows.select_related("incident", "author").prefetch_related(
        "sections",
        Prefetch("reviews", Review.objects.select_related("person")),
        Prefetch("actions", ActionItem.objects.select_related("owner", "team", "postmortem__incident")),
    )


class PostmortemAPI(GenericAPIView):
    """What the addresses of one post-mortem share."""

    serializer_class: Any = shapes.PostmortemDetailSerializer
    queryset = Postmortem.objects.none()

    def found(self) -> Postmortem:
        """The post-mortem of the address, or NotFound."""
        return find(self.request.user, self.kwargs["reference"], with_parts(Postmortem.objects.all()))

    def told(self) -> dict[str, Any]:
        """The request's body, checked by this view's serializer."""
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def shown(self, status: int = 200) -> Response:
        """As it now stands."""
        return Response(shapes.PostmortemDetailSerializer(self.found()).data, status=status)


class Pages(CursorPages):
    """The newest first."""

    ordering = search.ORDER


class PostmortemList(PostmortemAPI):
    """Post-mortems."""

    serializer_class = shapes.PostmortemSerializer
    pagination_class = Pages

    @extend_schema(
        responses=shapes.PostmortemSerializer(many=True),
        parameters=[OpenApiParameter("state", enum=list(search.STATES)), OpenApiParameter("severity"), OpenApiParameter("q")],
    )
    def get(self, request: Request) -> Response:
        """Those of incidents that the caller may see, by state, severity and words."""
        rows = search.with_row_parts(search.postmortems(request.user, request.query_params))
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)


class PostmortemDetail(ETagMixin, PostmortemAPI):
    """One post-mortem, by its incident's reference."""

    serializer_class = shapes.AuthorSerializer

    @extend_schema(responses=shapes.PostmortemDetailSerializer)
    def get(self, request: Request, reference: str) -> Response:
        """Words, figures, reviews and action items."""
        return self.shown()

    @extend_schema(request=shapes.AuthorSerializer, responses=shapes.PostmortemDetailSerializer)
    def patch(self, request: Request, reference: str) -> Response:
        """Name its author."""
        lifecycle.set_author(self.found(), self.told()["author"], actor=request.user)
        return self.shown()

    def get_object(self) -> Postmortem:
        """What `If-Match` is checked against."""
        return self.found()

    def etag_data(self, instance: Postmortem) -> Any:
        """What GET shows."""
        return shapes.PostmortemDetailSerializer(instance).data


class IncidentPostmortem(IdempotentMixin, IncidentAPI):
    """The post-mortem of an incident."""

    serializer_class = shapes.PostmortemDetailSerializer

    @extend_schema(responses=shapes.PostmortemDetailSerializer)
    def get(self, request: Request, reference: str) -> Response:
        """As it stands; 404 while there is none."""
        return self.one()

    @extend_schema(request=None, responses={201: shapes.PostmortemDetailSerializer})
    def post(self, request: Request, reference: str) -> Response:
        """Open one by hand, for what owes none."""
        opening.open_by_hand(self.get_incident(), actor=request.user, source="api")
        return self.one(201)

    def one(self, status: int = 200) -> Response:
        """The whole of it."""
        found = find(self.request.user, self.kwargs["reference"], with_parts(Postmortem.objects.all()))
        return Response(shapes.PostmortemDetailSerializer(found).data, status=status)


class Markdown(PostmortemAPI):
    """The document as Markdown."""

    @extend_schema(responses={(200, "text/markdown"): OpenApiTypes.STR})
    def get(self, request: Request, reference: str) -> HttpResponse:
        """In the caller's language."""
        said = as_markdown(document.of(self.found(), get_language() or "en"))
        return HttpResponse(said, content_type="text/markdown; charset=utf-8")


class Pdf(PostmortemAPI):
    """The document on paper."""

    @extend_schema(
        parameters=[OpenApiParameter("language", enum=list(dict(settings.LANGUAGES)), description="the caller's unless said otherwise")],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, 202: shapes.DrawingSerializer, 503: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, reference: str) -> HttpResponse | Response:
        """PDF; 202 with `Retry-After` while it is drawn; 503 with what to install, or why it cannot be drawn."""
        language = request.query_params.get("language") or get_language() or "en"
        if language not in dict(settings.LANGUAGES):
            raise Refused(_("There is no such language."), status=400)
        row = printing.drawing(self.found(), language)
        if row.content is None:
            return Response(shapes.DrawingSerializer({"state": "drawing"}).data, status=202, headers={"Retry-After": "2"})
        return as_file(row, reference)


class SectionAPI(PostmortemAPI):
    """What the addresses of one section share."""

    def section(self) -> Section:
        """The section of the address, or NotFound."""
        found = self.found()
        section = sections.named(found, self.kwargs["name"])
        section.postmortem = found
        return section


class SectionDetail(SectionAPI):
    """One section."""

    serializer_class = shapes.SectionSaveSerializer

    @extend_schema(responses=shapes.SectionSerializer)
    def get(self, request: Request, reference: str, name: str) -> Response:
        """Its words, and the version that the next save is written on."""
        return Response(shapes.SectionSerializer(self.section()).data)

    @extend_schema(request=shapes.SectionSaveSerializer, responses=shapes.SectionSerializer)
    def put(self, request: Request, reference: str, name: str) -> Response:
        """Save the next version; 409 with `current` where somebody was faster."""
        told = self.told()
        sections.save(self.section(), told["text"], base=told["base"], actor=request.user, note=told.get("note", ""), source="api")
        return Response(shapes.SectionSerializer(self.section()).data)


class SectionVersions(SectionAPI):
    """The versions of a section."""

    serializer_class = shapes.SectionVersionSerializer
    pagination_class = type("VersionPages", (CursorPages,), {"ordering": ("-number", "-id")})

    @extend_schema(responses=shapes.SectionVersionSerializer(many=True))
    def get(self, request: Request, reference: str, name: str) -> Response:
        """The newest first."""
        rows = SectionVersion.objects.filter(section=self.section()).select_related("author")
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)


class TimelineTable(PostmortemAPI):
    """The timeline table."""

    serializer_class = shapes.RowSerializer
    pagination_class = None

    @extend_schema(responses=shapes.RowSerializer(many=True))
    def get(self, request: Request, reference: str) -> Response:
        """Every entry in the order of time, those left out too."""
        return Response(self.get_serializer(story.rows(self.found(), everything=True), many=True).data)


class TimelineRow(PostmortemAPI):
    """One row of the table."""

    serializer_class = shapes.ChooseSerializer

    @extend_schema(request=shapes.ChooseSerializer, responses=shapes.RowSerializer)
    def put(self, request: Request, reference: str, seq: int) -> Response:
        """Show or hide it, or say it in other words."""
        told, found = self.told(), self.found()
        story.choose(found, seq, actor=request.user, is_shown=told["shown"], text=told.get("text", ""))
        row = next((row for row in story.rows(found, everything=True) if row.seq == seq), None)
        if row is None:
            raise NotFound
        return Response(shapes.RowSerializer(row).data)


class Act(IdempotentMixin, PostmortemAPI):
    """A POST that moves a post-mortem on and answers with it."""

    def act(self, found: Postmortem, told: dict[str, Any]) -> Any:
        """Do it."""
        raise TypeError("each act says what it does")

    @extend_schema(responses=shapes.PostmortemDetailSerializer)
    def post(self, request: Request, reference: str) -> Response:
        """409 with `allowed` where its state is against it."""
        self.act(self.found(), self.told())
        return self.shown()


class Submit(Act):
    """Hand it in for review."""

    serializer_class = shapes.SubmitSerializer

    def act(self, found: Postmortem, told: dict[str, Any]) -> Any:
        """By the people named."""
        return lifecycle.submit(found, reviewers=told["reviewers"], actor=self.request.user, source="api")


class Approve(Act):
    """A reviewer's yes."""

    serializer_class = shapes.CommentSerializer

    def act(self, found: Postmortem, told: dict[str, Any]) -> Any:
        """The last one approves it."""
        return lifecycle.approve(found, actor=self.request.user, comment=told.get("comment", ""), source="api")


class Return(Act):
    """Back to draft."""

    serializer_class = shapes.CommentSerializer

    def act(self, found: Postmortem, told: dict[str, Any]) -> Any:
        """With what is missing."""
        return lifecycle.give_back(found, actor=self.request.user, comment=told.get("comment", ""), source="api")


class Publish(Act):
    """Publish inside."""

    serializer_class = shapes.PublishInsideSerializer

    def act(self, found: Postmortem, told: dict[str, Any]) -> Any:
        """What was approved."""
        return lifecycle.publish(found, actor=self.request.user, next_review_on=told.get("next_review_on"), request=self.request, source="api")


class Waive(Act):
    """Do without one."""

    serializer_class = shapes.WaiveSerializer

    def act(self, found: Postmortem, told: dict[str, Any]) -> Any:
        """With its reason."""
        return lifecycle.waive(found.incident, actor=self.request.user, reason=told["reason"], request=self.request, source="api")


class Resume(Act):
    """Take up a waived one again."""

    serializer_class = shapes.serializers.Serializer

    def act(self, found: Postmortem, told: dict[str, Any]) -> Any:
        """Back to draft."""
        return lifecycle.resume(found, actor=self.request.user, source="api")


api_urls = [
    path("postmortems/", PostmortemList.as_view(), name="postmortem-list"),
    path(ONE, PostmortemDetail.as_view(), name="postmortem-detail"),
    path(f"{ONE}markdown/", Markdown.as_view(), name="postmortem-markdown"),
    path(f"{ONE}pdf/", Pdf.as_view(), name="postmortem-pdf"),
    path(f"{ONE}sections/<str:name>/", SectionDetail.as_view(), name="postmortem-section"),
    path(f"{ONE}sections/<str:name>/versions/", SectionVersions.as_view(), name="postmortem-section-versions"),
    path(f"{ONE}timeline/", TimelineTable.as_view(), name="postmortem-timeline"),
    path(f"{ONE}timeline/<int:seq>/", TimelineRow.as_view(), name="postmortem-timeline-row"),
    path(f"{ONE}submit/", Submit.as_view(), name="postmortem-submit"),
    path(f"{ONE}approve/", Approve.as_view(), name="postmortem-approve"),
    path(f"{ONE}return/", Return.as_view(), name="postmortem-return"),
    path(f"{ONE}publish/", Publish.as_view(), name="postmortem-publish"),
    path(f"{ONE}waive/", Waive.as_view(), name="postmortem-waive"),
    path(f"{ONE}resume/", Resume.as_view(), name="postmortem-resume"),
    path(f"{BELOW}postmortem/", IncidentPostmortem.as_view(), name="incident-postmortem"),
    *public_urls,
    *action_urls,
]
