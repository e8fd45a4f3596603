"""How a REST call proves who it is: a bearer token or the browser's session."""

from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import tokens
from accounts.models import ApiToken, User


class BrowserSessionAuthentication(SessionAuthentication):
    """The console's own calls, with CSRF."""


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer`. Acts as the token's person, in that person's language."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The person and the token; None without a bearer header; AuthenticationFailed (401) for one that does not hold."""
        kind, _blank, secret = request.headers.get("Authorization", "").strip().partition(" ")
        if kind.lower() != "bearer":
            return None
        token = tokens.find(secret.strip())
        if token is None:
            raise AuthenticationFailed(_("This token is unknown, expired or withdrawn."))
        if "Accept-Language" not in request.headers:
            translation.activate(token.user.language)
        return token.user, token

    def authenticate_header(self, request: Any) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="portal"'
