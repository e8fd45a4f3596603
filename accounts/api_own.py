"""REST about oneself, and ending what others hold: profile, sessions, tokens, second factor."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import people, sessions, tokens
from accounts.models import ApiToken, User
from accounts.rest import CursorPages, ETagMixin
from accounts.serializers import OwnSerializer, SessionSerializer, TokenSerializer


class Own(ETagMixin, generics.GenericAPIView):
    """Oneself."""

    serializer_class = OwnSerializer

    def get_object(self) -> User:
        """Who calls, as stored."""
        return User.objects.get(pk=self.request.user.pk)

    @extend_schema(responses=OwnSerializer)
    def get(self, request: Request) -> Response:
        """One's profile and what one may do."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=OwnSerializer(partial=True), responses=OwnSerializer)
    def patch(self, request: Any) -> Response:
        """Change name, language, zone, theme, single-letter keys."""
        row = self.get_object()
        serializer = self.get_serializer(row, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        row = people.change(row, actor=request.user, request=request, **serializer.validated_data)
        return Response(self.get_serializer(row).data)


class SessionList(generics.GenericAPIView):
    """Where one is signed in."""

    serializer_class = SessionSerializer

    @extend_schema(responses=SessionSerializer(many=True))
    def get(self, request: Any) -> Response:
        """The living sessions, last seen first."""
        return Response({"results": self.get_serializer(sessions.of(request.user), many=True).data, "next": None, "previous": None})

    @extend_schema(responses={204: None})
    def delete(self, request: Any) -> Response:
        """End all but the one that asks; with a token, all."""
        sessions.end_others(request.user, here(request), actor=request.user, request=request)
        return Response(status=204)


class SessionDetail(APIView):
    """One of one's own sessions."""

    @extend_schema(responses={204: None})
    def delete(self, request: Any, pk: int) -> Response:
        """End it."""
        if pk not in {row.pk for row in sessions.of(request.user)}:
            raise Http404
        sessions.end(request.user, [pk], actor=request.user, request=request)
        return Response(status=204)


class TokenList(generics.GenericAPIView):
    """One's own API tokens. Making one asks for the password again, so only the page does it."""

    serializer_class = TokenSerializer
    pagination_class = CursorPages
    ordering = ("-id",)

    def get(self, request: Any) -> Response:
        """Those that were not withdrawn."""
        rows = ApiToken.objects.filter(user=request.user, revoked_at=None)
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)


class TokenDetail(APIView):
    """One of one's own tokens."""

    @extend_schema(responses={204: None})
    def delete(self, request: Any, pk: int) -> Response:
        """End it at once; a token may end itself."""
        tokens.revoke(get_object_or_404(ApiToken, pk=pk, user=request.user, revoked_at=None), actor=request.user, request=request)
        return Response(status=204)


class PersonPart(APIView):
    """What an administrator ends for somebody."""

    def end(self, person: User, request: Any) -> None:
        """End it."""
        raise TypeError("each part says what it ends")

    @extend_schema(responses={204: None})
    def delete(self, request: Any, username: str) -> Response:
        """End it; a second time changes nothing."""
        self.end(get_object_or_404(User, username=username), request)
        return Response(status=204)


class PersonSessions(PersonPart):
    """A person's sessions in browsers."""

    def end(self, person: User, request: Any) -> None:
        """All; one's own stays."""
        sessions.end_others(person, here(request) if person == request.user else "", actor=request.user, request=request)


class PersonTokens(PersonPart):
    """A person's API tokens."""

    def end(self, person: User, request: Any) -> None:
        """All."""
        tokens.revoke_all(person, actor=request.user, request=request)


class PersonSecondFactor(PersonPart):
    """A person's second factor."""

    def end(self, person: User, request: Any) -> None:
        """For somebody who lost phone and recovery codes; every session ends too."""
        people.remove_second_factor(person, actor=request.user, request=request)


def here(request: Any) -> str:
    """The key of the session that asks; "" with a token."""
    return "" if isinstance(request.auth, ApiToken) else request.session.session_key or ""


own_api_urls = [
    path("me/", Own.as_view(), name="me"),
    path("sessions/", SessionList.as_view(), name="session-list"),
    path("sessions/<int:pk>/", SessionDetail.as_view(), name="session-detail"),
    path("tokens/", TokenList.as_view(), name="token-list"),
    path("tokens/<int:pk>/", TokenDetail.as_view(), name="token-detail"),
    path("people/<str:username>/sessions/", PersonSessions.as_view(), name="person-sessions"),
    path("people/<str:username>/tokens/", PersonTokens.as_view(), name="person-tokens"),
    path("people/<str:username>/second-factor/", PersonSecondFactor.as_view(), name="person-second-factor"),
]
