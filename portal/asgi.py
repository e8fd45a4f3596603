"""The shapes of ASGI that the front door works with, and the answers it gives by itself."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import parse_cookie
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

# What every answer carries that Django did not make; Django's own go through its middleware.
PLAIN_HEADERS: list[Header] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
]


@dataclass(frozen=True)
class Request:
    """A request after the door has cleaned it."""

    scope: MutableMapping[str, Any]
    path: str
    query: str
    host: str  # without the port
    scheme: str
    request_id: str

    def header(self, name: str) -> str:
        """The first header of that name, or ""."""
        wanted = name.encode()
        return next((value.decode("latin1") for key, value in self.scope["headers"] if key == wanted), "")

    def security_headers(self) -> list[Header]:
        """The headers of an answer that Django did not make."""
        extra = [(b"strict-transport-security", f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload".encode())] if settings.SECURE else []
        return [*PLAIN_HEADERS, *extra, (b"x-request-id", self.request_id.encode())]


def language_of(request: Request) -> str:
    """The language chosen in the console, else the first that the caller's browser asks for and we have."""
    chosen = parse_cookie(request.header("cookie")).get(settings.LANGUAGE_COOKIE_NAME, "")
    for code, _quality in ((chosen, 1.0), *parse_accept_lang_header(request.header("accept-language"))):
        with suppress(LookupError):
            return translation.get_supported_language_variant(code)
    return settings.LANGUAGE_CODE


async def answer(send: Send, request: Request, status: int, body: bytes, content_type: bytes, headers: list[Header] | None = None) -> None:
    """A whole answer."""
    content = b"" if request.scope["method"] == "HEAD" else body
    all_headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *(headers or []), *request.security_headers()]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})


async def refuse(
    send: Send, request: Request, status: int, error: str, detail: str, headers: list[Header] | None = None, *, is_page: bool | None = None
) -> None:
    """`{"error", "detail", "request_id"}`, the detail in the caller's language where it is one of ours (`gettext_noop`); a page for a browser."""
    is_page = reads_pages(request) if is_page is None else is_page
    with translation.override(language_of(request)):
        told = {"error": error, "detail": _(detail), "request_id": request.request_id}
        body = page_of(request, told["detail"]) if is_page else json.dumps(told, ensure_ascii=False)
    kind = b"text/html; charset=utf-8" if is_page else b"application/json"
    await answer(send, request, status, body.encode(), kind, [(b"cache-control", b"no-store"), *(headers or [])])


def reads_pages(request: Request) -> bool:
    """Whether a person looks at the answer: a browser asks for a page, and no script of ours does."""
    first = request.header("accept").partition(",")[0].partition(";")[0].strip()
    return first in ("text/html", "application/xhtml+xml") and not request.header("hx-request")


def page_of(request: Request, detail: str) -> str:
    """A page that says what was refused and how to get back; what stands in the form stays in the browser."""
    if request.scope["method"] == "POST":
        back = _("Go back in your browser: your text is still there.")
    else:
        back = format_html('<a href="/">{}</a>', _("To the board"))
    return format_html(
        '<!doctype html><html lang="{}"><meta name="viewport" content="width=device-width"><title>{}</title><h1>{}</h1><p>{}</p></html>',
        translation.get_language(),
        detail,
        detail,
        back,
    )
