"""The shapes of ASGI that the front door works with, and the answers it gives by itself."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import translation
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
    """The first language that the caller's browser asks for and we have."""
    for code, _quality in parse_accept_lang_header(request.header("accept-language")):
        with suppress(LookupError):
            return translation.get_supported_language_variant(code)
    return settings.LANGUAGE_CODE


async def answer(send: Send, request: Request, status: int, body: bytes, content_type: bytes, headers: list[Header] | None = None) -> None:
    """A whole answer."""
    content = b"" if request.scope["method"] == "HEAD" else body
    all_headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *(headers or []), *request.security_headers()]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})


async def refuse(send: Send, request: Request, status: int, error: str, detail: str, headers: list[Header] | None = None) -> None:
    """`{"error", "detail", "request_id"}`, the detail in the caller's language where it is one of ours (`gettext_noop`)."""
    with translation.override(language_of(request)):
        body = json.dumps({"error": error, "detail": _(detail), "request_id": request.request_id}, ensure_ascii=False).encode()
    await answer(send, request, status, body, b"application/json", [(b"cache-control", b"no-store"), *(headers or [])])
