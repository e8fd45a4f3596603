"""What every answer passes through: its lines in the log, headers for all response classes, and a calm 503 when the database is away."""

import logging
from collections.abc import Callable

import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware
from django_structlog.middlewares import RequestMiddleware

from lib import db
from portal import errors

log = logging.getLogger(__name__)


class RequestLogMiddleware(RequestMiddleware):
    """A line for each request, with its sender as the front door found it."""

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """Without looking for proxies once more."""
        structlog.contextvars.bind_contextvars(ip=request.META.get("REMOTE_ADDR"))


class SameMethodRedirect(HttpResponsePermanentRedirect):
    """308: what was posted is posted again, not fetched."""

    status_code = 308


class AddressMiddleware(CommonMiddleware):
    """The last slash that was forgotten costs a sender no alert."""

    response_redirect_class = SameMethodRedirect


class ResponseHeadersMiddleware:
    """Headers that belong on every response, whoever made it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("X-Frame-Options", "DENY")
        return response


class DatabaseAwayMiddleware:
    """Turns a lost database into 503 with Retry-After, never a bare 500. What happens outside a view ends in `errors.server_error`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """None for what is another failure."""
        if db.is_away(exception):
            log.warning("the database is away: %s %s", request.method, request.path)
            connection.close()
            return errors.respond(request, 503)
        return None
