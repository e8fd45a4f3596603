"""How the REST API reads, pages, answers twice and checks what changed meanwhile."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

from django.db import transaction
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException, NotAcceptable, ParseError, ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import BasePagination
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from accounts import idempotency
from lib import db, jsonio, keyset
from lib.failpoints import hit

BODY_LIMIT = 1024 * 1024  # bytes; a view with more to take sets body_limit


class TooLarge(APIException):
    """413: more than this address takes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class Changed(APIException):
    """412: somebody was faster."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "changed"


class StrictJSONParser(BaseParser):
    """JSON objects and lists without NaN, doubled keys or bottomless nesting."""

    media_type = "application/json"
    renderer_class = JSONRenderer  # the schema's word for what fits

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The body. Raises TooLarge (413) and ParseError (400), never more."""
        context = parser_context or {}
        limit = getattr(context.get("view"), "body_limit", BODY_LIMIT)
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(_("The body is larger than %(limit)s KiB.") % {"limit": limit // 1024})
        if request := context.get("request"):
            request._request.raw_body = raw  # what idempotency compares
        try:
            value = jsonio.loads(raw)
        except jsonio.BadJSON as error:
            raise ParseError(str(error)) from error
        if not isinstance(value, dict | list):
            raise ParseError(_("The body must be a JSON object."))
        return value


class AlwaysJSON(DefaultContentNegotiation):
    """A caller who asks for something else gets JSON all the same: an answer that can be read beats a 406."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The renderer asked for, else the first."""
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type


class CursorPages(BasePagination):
    """`{results, next, previous}` with `?limit=` 50 (≤ 200). The view sets `ordering`, a tuple that ends in a unique field."""

    default_limit = 50
    max_limit = 200
    ordering: tuple[str, ...] = ("-id",)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of the page asked for. Raises ValidationError (400) for a limit or cursor that is none."""
        ordering = getattr(view, "ordering", None) or self.ordering
        self.request = request
        try:
            self.page = keyset.page(
                queryset,
                order=(ordering,) if isinstance(ordering, str) else tuple(ordering),
                cursor=request.query_params.get("cursor") or None,
                limit=self.limit(request),
            )
        except ValueError as error:
            raise ValidationError({"cursor": [_("This cursor belongs to another list.")]}) from error
        return list(self.page.rows)

    def limit(self, request: Request) -> int:
        """How many rows: 1 to 200, more is cut."""
        word = request.query_params.get("limit", "")
        if not word:
            return self.default_limit
        if not (word.isascii() and word.isdecimal()) or not int(word[:9]):
            raise ValidationError({"limit": [_("A limit is a whole number from 1 to 200.")]})
        return min(int(word[:9]), self.max_limit)

    def address(self, cursor: str | None) -> str | None:
        """The address of the page at `cursor`."""
        if not cursor:
            return None
        return replace_query_param(remove_query_param(self.request.build_absolute_uri(), "cursor"), "cursor", cursor)

    def get_paginated_response(self, data: Any) -> Response:
        """The page."""
        return Response({"results": data, "next": self.address(self.page.next), "previous": self.address(self.page.previous)})

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        """Its shape."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {"type": "object", "required": ["results", "next", "previous"], "properties": {"results": schema, "next": link, "previous": link}}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Its parameters."""
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit}
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}, "description": "From `next` or `previous`."},
            {"name": "limit", "in": "query", "required": False, "schema": limit, "description": "Rows a page."},
        ]


def once(request: Any, handler: Callable[[], Response]) -> Response:
    """Run `handler` at most once per Idempotency-Key; without the header just run it.

    What it writes and the kept answer are one transaction: after a crash neither is there, and the key is free. Only success is
    kept; a refusal changed nothing and frees the key.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key or request.method != "POST":
        return handler()
    request.data  # noqa: B018 - reads the body, whose bytes are compared
    raw = getattr(request._request, "raw_body", b"")
    print_ = idempotency.fingerprint("POST", request.get_full_path(), raw)

    @db.retried
    def attempt() -> Response:
        with idempotency.running(request.user, key):
            first = idempotency.first_answer(request.user, key, print_)
            if first is not None:
                headers = {**first.headers, "Idempotent-Replayed": "true"}
                return Response(json.loads(first.body) if first.body else None, status=first.status, headers=headers)
            response = handler()
            if isinstance(response, Response) and response.status_code < 300:
                body = "" if response.data is None else JSONRenderer().render(response.data).decode()
                idempotency.keep(request.user, key, print_, idempotency.Answer(response.status_code, idempotency.kept_headers(response.headers), body))
                hit("accounts.before_commit")
        return response

    return attempt()


def idempotent(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a POST handler (method or function) that honours Idempotency-Key."""

    @wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        request = next(part for part in args if isinstance(part, Request))
        return once(request, partial(handler, *args, **kwargs))

    return wrapped


class IdempotentMixin:
    """A view all of whose POSTs honour Idempotency-Key."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After authentication and rights, wraps the handler that will answer."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        handler = getattr(self, "post", None)
        if request.method == "POST" and handler is not None and "Idempotency-Key" in request.headers:
            self.post = idempotent(handler)


def etag_of(data: Any) -> str:
    """The strong entity tag of a representation."""
    digest = hashlib.sha256(JSONRenderer().render(data)).digest()
    return f'"{base64.urlsafe_b64encode(digest[:15]).decode()}"'


def _names(header: str, etag: str) -> bool:
    tags = [word.strip().removeprefix("W/") for word in header.split(",")]
    return "*" in tags or etag in tags


class ETagMixin:
    """Detail views: GET carries an ETag and answers If-None-Match with 304; PATCH, PUT and DELETE obey If-Match with 412.

    The tag is of the body, so it differs by language; send If-Match in the language the tag was read in.
    """

    def etag_data(self, instance: Any) -> Any:
        """The representation that GET shows of `instance`."""
        return self.get_serializer(instance).data  # type: ignore[attr-defined]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After authentication and rights, puts the check and the change into one transaction."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        method = (request.method or "").lower()
        handler = getattr(self, method, None)
        if method in {"patch", "put", "delete"} and handler is not None and "If-Match" in request.headers:
            setattr(self, method, partial(self._matched, handler))

    @transaction.atomic
    def _matched(self, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object()  # type: ignore[attr-defined]
        db.lock(type(instance)._base_manager.filter(pk=instance.pk)).first()
        if not _names(request.headers["If-Match"], etag_of(self.etag_data(self.get_object()))):  # type: ignore[attr-defined]
            raise Changed(_("It was changed meanwhile. Read it again, then repeat your change."))
        return handler(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds the tag, or empties what the caller has already."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        if request.method in {"GET", "HEAD"} and isinstance(response, Response) and response.status_code == 200:
            etag = etag_of(response.data)
            response["ETag"] = etag
            response["Cache-Control"] = "private, no-cache"
            patch_vary_headers(response, ["Accept-Language", "Authorization", "Cookie"])
            if _names(request.headers.get("If-None-Match", ""), etag):
                response.status_code = 304
                response.data = None
        return response
