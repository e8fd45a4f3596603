"""REST: what is public of an incident, and the components of the public page."""

from typing import Any

from django.db import transaction
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from comms import word_list
from incidents.api_below import BELOW, IncidentAPI
from incidents.models import Incident
from lib import clock
from lib.db import retried
from lib.errors import NotFound
from statuspage import components, drafts, publishing, rules, standard, states
from statuspage import serializers as shapes
from statuspage.models import Component, Draft, Post
from statuspage.telling import Telling, checked


class PublicAPI(IncidentAPI):
    """What the addresses of an incident's public side share."""

    serializer_class = shapes.PublicSerializer

    def side(self, incident: Incident, status: int = 200) -> Response:
        """The public side as it now is."""
        post = Post.objects.filter(incident=incident).first()
        draft = Draft.objects.filter(incident=incident).select_related("edited_by").first()
        return Response(shapes.PublicSerializer(shapes.public_side(post, draft, rules.kinds(incident, post))).data, status=status)

    def telling(self, incident: Incident, shape: type[serializers.Serializer]) -> tuple[Telling, dict[str, Any]]:
        """What the body tells, the rest from the standard words; and the body itself."""
        body = shape(data=self.request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        plain = standard.left_out(incident, said["kind"], Post.objects.filter(incident=incident).first())
        return Telling.load({**plain.dump(), **{name: said[name] for name in Telling.__dataclass_fields__ if name in said}}), said


class Public(IdempotentMixin, PublicAPI):
    """The public side of an incident."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What is published, what lies ready, what may be published now."""
        return self.side(self.get_incident())

    @extend_schema(request=shapes.PublishSerializer, responses={201: shapes.PublicSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Publish an update, a correction or a withdrawal."""
        incident = self.get_incident()
        told, said = self.telling(incident, shapes.PublishSerializer)
        asked = {name: said[name] for name in ("seen", "all_the_same", "shows_reference") if name in said}
        publishing.publish(incident, told, actor=request.user, source="api", **asked)
        return self.side(incident, 201)


class PublicDraft(PublicAPI):
    """What lies ready to be published."""

    @extend_schema(request=shapes.TellingSerializer, responses=shapes.PublicSerializer)
    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Keep an update for later; nothing of it is public."""
        incident = self.get_incident()
        drafts.save(incident, self.telling(incident, shapes.TellingSerializer)[0], actor=request.user)
        return self.side(incident)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Throw it away."""
        if not drafts.drop(self.get_incident(), actor=request.user, source="api"):
            raise NotFound(_("There is no draft."))
        return Response(status=204)


class PublicPreview(PublicAPI):
    """What would be read."""

    @extend_schema(request=shapes.TellingSerializer, responses=shapes.OutcomeSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The text of an update in each language and the words that would stop it; nothing is published or kept."""
        incident = self.get_incident()
        told, hits = checked(self.telling(incident, shapes.TellingSerializer)[0], all_the_same=True)
        post = Post.objects.filter(incident=incident).first()
        shown = {
            "title": {**(post.title if post else {}), **told.title},
            "paragraphs": publishing.paragraphs(told.words(clock.now())),
            "found": [word_list.as_data(hit) for hit in hits],
        }
        return Response(shapes.OutcomeSerializer(shown).data)


class ComponentPages(CursorPages):
    """In the order of their making."""

    ordering = ("id",)
    default_limit = 200


class ComponentAPI(GenericAPIView):
    """What the addresses of components share."""

    serializer_class: Any = shapes.ComponentSerializer
    queryset = Component.objects.filter(service__archived=False).select_related("service", "group")

    def get_object(self) -> Component:
        """The component of the address. Raises NotFound."""
        found = self.get_queryset().filter(service__slug=self.kwargs["slug"]).first()
        if found is None:
            raise NotFound(_("There is no such component."))
        return found


class ComponentList(ComponentAPI):
    """The components of the public page."""

    pagination_class = ComponentPages

    def get(self, request: Request) -> Response:
        """All services in use, hidden ones too."""
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(self.get_queryset()), many=True).data)


class ComponentDetail(ETagMixin, ComponentAPI):
    """One component."""

    def get(self, request: Request, slug: str) -> Response:
        """As it stands."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=shapes.ComponentPatchSerializer, responses=shapes.ComponentSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Set its state by hand, or change how it is shown."""
        component = self.get_object()
        body = shapes.ComponentPatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        state = said.pop("state", None)
        _change(component, said, state, request)
        return Response(self.get_serializer(self.get_object()).data)


@retried
def _change(component: Component, said: dict[str, Any], state: str | None, request: Request) -> None:
    """Both or neither: who may do only one of them is refused the whole."""
    with transaction.atomic():
        if said:
            components.edit(component, said, actor=request.user)
        if state is not None:
            states.set_by_hand(component, state, actor=request.user, request=request)


api_urls = [
    path(f"{BELOW}public/", Public.as_view(), name="incident-public"),
    path(f"{BELOW}public/draft/", PublicDraft.as_view(), name="incident-public-draft"),
    path(f"{BELOW}public/preview/", PublicPreview.as_view(), name="incident-public-preview"),
    path("components/", ComponentList.as_view(), name="component-list"),
    path("components/<slug:slug>/", ComponentDetail.as_view(), name="component-detail"),
]
