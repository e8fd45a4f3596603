"""The pages of a refusal or a failure, in the caller's shape; none of them needs the database."""

import logging
import sys
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.translation import gettext as _

from accounts.problems import plain_problem
from lib import db
from lib.errors import Refused

log = logging.getLogger(__name__)
MACHINES = ("/ingest/", "/v2/", "/heartbeat/", "/hooks/", "/live/", "/readyz", "/metrics", "/version")


def titles() -> dict[int, tuple[str, str]]:
    """Heading and sentence by status."""
    return {
        400: (_("This request cannot be read"), _("Something in it is not as it should be. Nothing was changed.")),
        403: (_("This is not open to you"), _("Ask an administrator if you need it.")),
        404: (_("There is nothing here"), _("The page does not exist, or it is not yours to see.")),
        413: (_("That is too large"), _("Send less at once.")),
        500: (_("Something of ours broke"), _("It was noted. Nothing was half-written; try again.")),
        503: (_("The database is away for a moment"), _("What was accepted is safe. Nothing was changed; try again in a few seconds.")),
    }


def respond(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """The answer for `status` as page, problem or plain JSON."""
    title, sentence = titles().get(status, (_("This cannot be done"), ""))
    detail = detail or sentence
    number = str(getattr(request, "request_id", "") or request.headers.get("X-Request-Id", ""))
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = plain_problem(request, status, detail)
    elif request.path.startswith(MACHINES) or "application/json" in request.headers.get("Accept", ""):
        response = JsonResponse({"error": {503: "away", 404: "not_found"}.get(status, "error"), "detail": detail, "request_id": number}, status=status)
    elif request.headers.get("HX-Request") == "true":
        response = HttpResponse(format_html('<div class="notice bad" role="alert"><div>{}</div></div>', detail), status=status)
    else:
        response = HttpResponse(page({"status": status, "title": title, "detail": detail, "request_id": number}), status=status)
    if status == 503:
        response.headers["Retry-After"] = "5"
    response.headers["Cache-Control"] = "no-store"
    return response


def page(context: dict[str, Any]) -> str:
    """The error page, without the request, so that nothing in it asks the database; a bare one where even that fails."""
    try:
        return render_to_string("portal/error.html", context)
    except Exception:  # the last page there is: whatever breaks in it must not hide what broke first
        log.exception("the error page cannot be rendered")
        return (
            f"<!doctype html><meta charset=utf-8><title>{escape(context['title'])}</title><h1>{escape(context['title'])}</h1><p>{escape(context['detail'])}</p>"
        )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return respond(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return respond(request, 403, str(exception.args[0]) if exception.args else "")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return respond(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a database that is away is no fault of the code, wherever between door and view it was noticed."""
    error = sys.exc_info()[1]
    return respond(request, 503 if error is not None and db.is_away(error) else 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW."""
    return respond(request, 403, _("The form is too old or came from another page. Load the page again and repeat."))


class RefusalMiddleware:
    """A refusal of the domain that no view answered is its status: a sentence for HTMX, a page or a problem for the others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """None for what is no refusal."""
        if not isinstance(exception, Refused):
            return None
        return respond(request, exception.status, str(exception.detail))
