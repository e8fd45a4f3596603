"""How the portal refuses: RFC 9457 problems for machines, a message for people."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DatabaseError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from lib import db

MEDIA_TYPE = "application/problem+json"


def title(status: int) -> str:
    """The standard phrase of a status code."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def document(status: int, detail: Any, request: Any = None, **extra: Any) -> dict[str, Any]:
    """The body of a problem. `extra` are its extension members (`allowed`, `errors`, …)."""
    number = getattr(getattr(request, "_request", request), "request_id", "") or ""
    body: dict[str, Any] = {"type": "about:blank", "title": title(status), "status": status, "detail": str(detail)}
    if number:
        body["request_id"] = str(number)
    return {**body, **extra}


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal as a problem; None for what is a fault of ours."""
    request = context.get("request")
    reading = _reading(error)
    if reading is None:
        return None
    status, detail, extra, headers = reading
    response = Response(document(status, detail, request, **extra), status=status, headers=headers)
    response.content_type = MEDIA_TYPE
    return response


def plain_problem(request: HttpRequest, status: int, detail: Any, headers: dict[str, str] | None = None, **extra: Any) -> JsonResponse:
    """A problem from outside DRF (middleware, plain views of the API)."""
    return JsonResponse(
        document(status, detail, request, **extra), status=status, content_type=MEDIA_TYPE, headers=headers, json_dumps_params={"ensure_ascii": False}
    )


def _reading(error: Exception) -> tuple[int, Any, dict[str, Any], dict[str, str]] | None:
    """Status, detail, extension members and headers of what `error` means."""
    if isinstance(error, exceptions.ValidationError):
        return 400, _("The request has mistakes."), {"errors": errors(error.detail)}, {}
    if isinstance(error, DjangoValidationError):
        return 400, _("The request has mistakes."), {"errors": errors(as_serializer_error(error))}, {}
    if isinstance(error, exceptions.APIException):
        return error.status_code, _text(error.detail), {}, _headers(error)
    if isinstance(error, Http404):
        return 404, _("There is nothing here, or it is not yours to see."), {}, {}
    if isinstance(error, PermissionDenied):
        return 403, _text(error.args[0] if error.args else "") or _("You may not do this."), {}, {}
    if isinstance(error, DatabaseError) and db.is_away(error):
        return 503, _("The database is away for a moment. Nothing was changed; try again."), {}, {"Retry-After": "5"}
    status, detail = getattr(error, "status", None), getattr(error, "detail", None)
    if isinstance(status, int) and detail is not None:
        extra = getattr(error, "extra", None) or {}
        return status, detail, dict(extra), {}
    return None


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers: dict[str, str] = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def _text(detail: Any) -> str:
    if isinstance(detail, list):
        return " ".join(_text(part) for part in detail)
    if isinstance(detail, dict):
        return " ".join(_text(part) for part in detail.values())
    return str(detail)


def errors(detail: Any, path: str = "") -> list[dict[str, str]]:
    """A serializer's errors as a flat list: `[{"pointer": "services/0", "detail": …}]`. An empty pointer means the whole."""
    if isinstance(detail, dict):
        return [
            found for name, part in detail.items() for found in errors(part, path if name == "non_field_errors" else f"{path}/{name}" if path else str(name))
        ]
    if isinstance(detail, list):
        nested = any(isinstance(part, dict | list) for part in detail)
        return [found for index, part in enumerate(detail) for found in errors(part, (f"{path}/{index}" if path else str(index)) if nested else path)]
    return [{"pointer": path, "detail": str(detail)}]
