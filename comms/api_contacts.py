"""REST: one's own contact methods."""

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import CursorPages, IdempotentMixin
from comms import methods
from comms import serializers as shapes
from comms.models import ContactMethod


class ContactPages(CursorPages):
    """In the order of making."""

    ordering = ("id",)


class ContactMethodList(IdempotentMixin, GenericAPIView):
    """One's own contact methods."""

    serializer_class = shapes.ContactMethodSerializer
    pagination_class = ContactPages

    def get(self, request: Request) -> Response:
        """All of them."""
        found = ContactMethod.objects.filter(person_id=request.user.pk)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)

    def post(self, request: Request) -> Response:
        """Add one; a code goes there."""
        told = self.get_serializer(data=request.data)
        told.is_valid(raise_exception=True)
        method = methods.add(request.user, told.validated_data["channel"], told.validated_data["address"], request=request)
        return Response(self.get_serializer(method).data, status=201)


class ContactMethodDetail(GenericAPIView):
    """One of one's own."""

    serializer_class = shapes.ContactMethodSerializer

    def get(self, request: Request, pk: int) -> Response:
        """As it stands."""
        return Response(self.get_serializer(methods.own(request.user, pk)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Remove it."""
        methods.remove(methods.own(request.user, pk), actor=request.user, request=request)
        return Response(status=204)


class ContactMethodVerify(IdempotentMixin, GenericAPIView):
    """Proving one."""

    serializer_class = shapes.CodeSerializer

    @extend_schema(responses=shapes.ContactMethodSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """With the code that was sent."""
        told = self.get_serializer(data=request.data)
        told.is_valid(raise_exception=True)
        method = methods.verify(methods.own(request.user, pk), told.validated_data["code"], request=request)
        return Response(shapes.ContactMethodSerializer(method).data)


class ContactMethodCode(IdempotentMixin, GenericAPIView):
    """Another code."""

    serializer_class = shapes.ContactMethodSerializer

    @extend_schema(request=None, responses={202: shapes.ContactMethodSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """The earlier one ends."""
        method = methods.own(request.user, pk)
        methods.send_code(method)
        return Response(self.get_serializer(method).data, status=202)


class ContactMethodFirst(IdempotentMixin, GenericAPIView):
    """What is tried first."""

    serializer_class = shapes.ContactMethodSerializer

    @extend_schema(request=None, responses=shapes.ContactMethodSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Put it at the top of the list."""
        methods.put_first(methods.own(request.user, pk))
        return Response(self.get_serializer(methods.own(request.user, pk)).data)


contacts_api_urls = [
    path("contact-methods/", ContactMethodList.as_view(), name="contact-method-list"),
    path("contact-methods/<int:pk>/", ContactMethodDetail.as_view(), name="contact-method-detail"),
    path("contact-methods/<int:pk>/verify/", ContactMethodVerify.as_view(), name="contact-method-verify"),
    path("contact-methods/<int:pk>/code/", ContactMethodCode.as_view(), name="contact-method-code"),
    path("contact-methods/<int:pk>/first/", ContactMethodFirst.as_view(), name="contact-method-first"),
]
