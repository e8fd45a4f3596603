"""Tickets for live streams, and how an event is written on the wire (`/live/`, Server-Sent Events)."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

TICKET_SECONDS = 60
MOST_KEYS = 50
BOARD = "board"
RETRY = b"retry: 2000\n\n"
BEAT = b": beat\n\n"


@dataclass(frozen=True)
class Ticket:
    """Who listens, in which language; `session` or `token` is what must stay valid while the stream lives."""

    user: int
    language: str
    session: str = ""
    token: int = 0
    is_api: bool = False


class BadTicket(Exception):
    """Forged, expired or unreadable."""


@cache
def sealer() -> Fernet:
    """A session's key must not be readable in an address, so tickets are encrypted, not only signed."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"live ticket\0" + settings.SECRET_KEY.encode()).digest()))


def seal(ticket: Ticket) -> str:
    """The ticket as text for an address; good for 60 s."""
    return sealer().encrypt(json.dumps([ticket.user, ticket.language, ticket.session]).encode()).decode()


def unseal(text: str) -> Ticket:
    """The ticket back; raises BadTicket."""
    try:
        user, language, session = json.loads(sealer().decrypt(text.encode(), ttl=TICKET_SECONDS))
    except (InvalidToken, ValueError) as error:
        raise BadTicket from error
    return Ticket(user=user, language=language, session=session)


@require_POST
@never_cache
def ticket(request: HttpRequest) -> JsonResponse:
    """A ticket for this session, in the language of the page that asks."""
    sealed = seal(Ticket(user=request.user.pk or 0, language=translation.get_language() or settings.LANGUAGE_CODE, session=request.session.session_key or ""))
    return JsonResponse({"ticket": sealed, "expires_in": TICKET_SECONDS})


def parse_at(text: str) -> dict[str, int]:
    """`INC-2026-001:17,board:0` as a dictionary; raises ValueError for anything else, or for more than 50 keys."""
    found: dict[str, int] = {}
    for word in text.split(","):
        if not word:
            continue
        key, colon, number = word.rpartition(":")
        if not colon or not key or len(key) > 40 or not number.isdecimal() or len(number) > 15:
            raise ValueError(word)
        found[key] = int(number)
    if len(found) > MOST_KEYS:
        raise ValueError("too many keys")
    return found


def frame(event: str, data: dict[str, Any], identity: str = "") -> bytes:
    """One event; its data is one line of JSON."""
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {event}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
