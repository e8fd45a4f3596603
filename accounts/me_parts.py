"""This room's own sections of /me/."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from accounts import me
from accounts.models import ApiToken
from lib import clock


def security(request: Any) -> dict[str, Any]:
    """Password, second factor, sessions, tokens: where they stand."""
    types = set(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    return {
        "has_totp": Authenticator.Type.TOTP in types,
        "has_codes": Authenticator.Type.RECOVERY_CODES in types,
        "session_count": UserSession.objects.filter(user=request.user).count(),
        "token_count": ApiToken.objects.filter(user=request.user, revoked_at=None, expires_at__gt=clock.now()).count(),
    }


def connect() -> None:
    """Called once by AppConfig.ready()."""
    me.register("accounts/_me_security.html", security, position=80)
