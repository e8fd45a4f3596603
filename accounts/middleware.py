"""The person behind a request: language, zone, device, session."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from accounts import preferences, throttle
from lib import clock

SEEN_EVERY = 60  # seconds between two notes of the same session
MOST_SEEN = 10_000


class PersonMiddleware:
    """Activates the reader's language and time zone: as chosen, else what the browser asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = preferences.language(request)
        translation.activate(language)
        timezone.activate(ZoneInfo(preferences.time_zone(request)))
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or language)
        if not response.streaming and response.headers.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
        person = getattr(request, "signed_in_person", None)
        if person is not None:
            throttle.remember_device(request, response, person)
        return response


class SessionActivityMiddleware:
    """Notes where a session is used from, at most once a minute and process: a write for each request would be one too many."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response
        self.seen: dict[str, datetime] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Reading request.user opens the session; without its cookie there is none to open.
        key = request.session.session_key if settings.SESSION_COOKIE_NAME in request.COOKIES else None
        if key and request.user.is_authenticated:
            now = clock.now()
            last = self.seen.get(key)
            if last is None or not 0 <= (now - last).total_seconds() < SEEN_EVERY:
                if len(self.seen) >= MOST_SEEN:
                    self.seen.clear()
                self.seen[key] = now
                UserSession.objects.create_from_request(request)
        return self.get_response(request)
