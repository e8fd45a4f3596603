"""Doing a POST once: the first answer is kept for 48 hours under the caller's Idempotency-Key."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import IdempotencyKey, User
from lib import clock, db
from lib.errors import Refused

KEPT = timedelta(hours=48)
KEPT_HEADERS = ("Location", "ETag", "Retry-After", "Content-Language")


@dataclass(frozen=True)
class Answer:
    """What the first request was told."""

    status: int
    headers: dict[str, str]
    body: str


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same one."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode(), body])).hexdigest()


@contextmanager
def running(user: User, key: str) -> Iterator[None]:
    """The transaction of the request that `key` stands for; a crash ends it and frees the key at once.

    Raises Refused: 409 while another request with this key runs, 400 for a key too long.
    """
    if not key.isprintable() or not 1 <= len(key) <= 255:
        raise Refused(_("An Idempotency-Key takes 1 to 255 printable characters."), status=400)
    try:
        with db.alone(f"accounts.idempotency {user.pk} {key}"):
            yield
    except db.Taken:
        raise Refused(_("The first request with this Idempotency-Key is still running."), status=409) from None


def first_answer(user: User, key: str, print_: str) -> Answer | None:
    """What the first request was told, or None where this is the first. Raises Refused (422) for another request under the same key."""
    row = IdempotencyKey.objects.filter(user=user, key=key, created_at__gt=clock.now() - KEPT).first()
    if row is None:
        return None
    if row.fingerprint != print_:
        raise Refused(_("This Idempotency-Key was used for another request."), status=422)
    return Answer(row.status, row.headers, row.body)


def keep(user: User, key: str, print_: str, answer: Answer) -> None:
    """Keep the answer, in the transaction of what it tells of."""
    values = {"fingerprint": print_, "created_at": clock.now(), "status": answer.status, "headers": answer.headers, "body": answer.body}
    IdempotencyKey.objects.update_or_create(user=user, key=key, defaults=values)


def kept_headers(headers: Any) -> dict[str, str]:
    """The headers worth repeating."""
    return {name: str(headers[name]) for name in KEPT_HEADERS if name in headers}
