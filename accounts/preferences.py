"""Language, zone and theme: what a person or a device chose."""

from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts import people
from accounts.models import User

ZONE_COOKIE, THEME_COOKIE = "time_zone", "theme"
COOKIE_SECONDS = 365 * 24 * 3600


@cache
def zones() -> frozenset[str]:
    """The zones that this machine knows; read from its disk once."""
    return frozenset(available_timezones())


def language(request: HttpRequest) -> str:
    """The code of the language to answer in: what was chosen on this device, else the person's, else what the browser asks for."""
    for code in (request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""), getattr(request.user, "language", "")):
        if code in people.LANGUAGES:
            return code
    return translation.get_language_from_request(request)


def time_zone(request: HttpRequest) -> str:
    """The zone to show times in."""
    for name in (getattr(request.user, "time_zone", ""), request.COOKIES.get(ZONE_COOKIE, "")):
        if name and name in zones():
            return name
    return settings.DEFAULT_TIME_ZONE


def theme(request: HttpRequest) -> str:
    """ "light", "dark", or "" to follow the device: what was chosen on it, else the person's."""
    word = request.COOKIES.get(THEME_COOKIE)
    word = getattr(request.user, "theme", "") if word is None else word
    return word if word in people.THEMES else ""


def choose(request: HttpRequest, response: HttpResponse, chosen: dict[str, str]) -> None:
    """Keep `chosen` (language, time_zone, theme) on this device, and with the person when there is one. Raises Refused (422)."""
    chosen = people.checked(chosen)
    if isinstance(request.user, User) and chosen:
        # A matter of taste, no privilege: it leaves no entry in the audit trail.
        User.objects.filter(pk=request.user.pk).update(**chosen)
    for field, cookie in (("language", settings.LANGUAGE_COOKIE_NAME), ("time_zone", ZONE_COOKIE), ("theme", THEME_COOKIE)):
        if field in chosen:
            response.set_cookie(cookie, chosen[field], max_age=COOKIE_SECONDS, secure=settings.SECURE, samesite="Lax", httponly=True)
