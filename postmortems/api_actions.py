"""REST: action items."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, ETagMixin, IdempotentMixin
from postmortems import actions, search
from postmortems import serializers as shapes
from postmortems.holding import find
from postmortems.models import ActionItem


class ActionPages(CursorPages):
    """By the day they are due."""

    ordering = search.ACTION_ORDER


class ActionAPI(GenericAPIView):
    """What the addresses of action items share."""

    serializer_class: Any = shapes.ActionItemSerializer
    queryset = ActionItem.objects.none()

    def told(self, **options: Any) -> dict[str, Any]:
        """The request's body, checked by this view's serializer."""
        serializer = self.get_serializer(data=self.request.data, **options)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def shown(self, pk: int, status: int = 200) -> Response:
        """As it now stands."""
        return Response(shapes.ActionItemSerializer(actions.find(self.request.user, pk)).data, status=status)


class ActionItemList(IdempotentMixin, ActionAPI):
    """Action items."""

    serializer_class = shapes.ActionItemMakeSerializer
    pagination_class = ActionPages

    @extend_schema(
        responses=shapes.ActionItemSerializer(many=True),
        parameters=[
            OpenApiParameter("state", enum=list(search.ACTION_STATES)),
            *(OpenApiParameter(name) for name in ("horizon", "priority", "owner", "team", "incident", "q")),
            OpenApiParameter("mine", bool, description="Mine and my teams'"),
        ],
    )
    def get(self, request: Request) -> Response:
        """Those of incidents that the caller may see, by the day they are due."""
        wanted = {**request.query_params.dict(), "mine": "" if request.query_params.get("mine", "") in ("", "0", "false") else "1"}
        rows = search.actions(request.user, wanted).select_related("owner", "team", "postmortem__incident")
        return self.get_paginated_response(shapes.ActionItemSerializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(request=shapes.ActionItemMakeSerializer, responses={201: shapes.ActionItemSerializer})
    def post(self, request: Request) -> Response:
        """Add one to the post-mortem of an incident."""
        told = self.told()
        found = find(request.user, told.pop("incident"))
        return self.shown(actions.add(found, actor=request.user, **told).pk, 201)


class ActionItemDetail(ETagMixin, ActionAPI):
    """One action item."""

    serializer_class = shapes.ActionItemEditSerializer

    @extend_schema(responses=shapes.ActionItemSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """As it stands."""
        return self.shown(pk)

    @extend_schema(request=shapes.ActionItemEditSerializer, responses=shapes.ActionItemSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Change what it says; its state has an address of its own."""
        actions.change(actions.find(request.user, pk), actor=request.user, **self.told(partial=True))
        return self.shown(pk)

    def get_object(self) -> ActionItem:
        """What `If-Match` is checked against."""
        return actions.find(self.request.user, self.kwargs["pk"])

    def etag_data(self, instance: ActionItem) -> Any:
        """What GET shows."""
        return shapes.ActionItemSerializer(instance).data


class ActionItemSettle(IdempotentMixin, ActionAPI):
    """Done, dropped or open again."""

    serializer_class = shapes.SettleSerializer

    @extend_schema(request=shapes.SettleSerializer, responses=shapes.ActionItemSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Its owner may, and who responds."""
        told = self.told()
        actions.settle(actions.find(request.user, pk), told["state"], actor=request.user, reason=told.get("reason", ""), source="api")
        return self.shown(pk)


action_urls = [
    path("action-items/", ActionItemList.as_view(), name="action-item-list"),
    path("action-items/<int:pk>/", ActionItemDetail.as_view(), name="action-item-detail"),
    path("action-items/<int:pk>/settle/", ActionItemSettle.as_view(), name="action-item-settle"),
]
