"""How a REST call proves who it is: a bearer token or the browser's session."""

from rest_framework.authentication import BaseAuthentication, SessionAuthentication


class BrowserSessionAuthentication(SessionAuthentication):
    """The console's own calls, with CSRF."""


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer`."""

    def authenticate(self, request):
        return None
