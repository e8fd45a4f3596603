"""Doing a POST once: the first answer is kept for 48 hours under the caller's Idempotency-Key."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import IdempotencyKey, User
from lib import clock, db
from lib.errors import Refused

KEPT = timedelta(hours=48)
RUNNING = timedelta(seconds=60)  # longer than any request lives; a crash in between frees the key after it
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


@db.retried
def claim(user: User, key: str, print_: str) -> tuple[IdempotencyKey, Answer | None]:
    """Take `key` for a request: the row to settle or release, and the first answer where there is one.

    Raises Refused: 422 for another request under the same key, 409 while the first one runs, 400 for a key too long.
    """
    if not key.isprintable() or not 1 <= len(key) <= 255:
        raise Refused(_("An Idempotency-Key takes 1 to 255 printable characters."), status=400)
    now = clock.now()
    fresh: dict[str, Any] = {
        "fingerprint": print_,
        "claim": secrets.token_hex(16),
        "claimed_until": now + RUNNING,
        "created_at": now,
        "status": None,
        "headers": {},
        "body": "",
    }
    with transaction.atomic():
        row = db.lock(IdempotencyKey.objects.filter(user=user, key=key)).first()
        if row is None:
            try:
                with transaction.atomic():
                    return IdempotencyKey.objects.create(user=user, key=key, **fresh), None
            except IntegrityError:
                row = db.lock(IdempotencyKey.objects.filter(user=user, key=key)).get()
        if row.created_at > now - KEPT:
            if row.fingerprint != print_:
                raise Refused(_("This Idempotency-Key was used for another request."), status=422)
            if row.status is not None:
                return row, Answer(row.status, row.headers, row.body)
            if row.claimed_until > now:
                raise Refused(_("The first request with this Idempotency-Key is still running."), status=409)
        if not IdempotencyKey.objects.filter(pk=row.pk, claim=row.claim).update(**fresh):
            raise Refused(_("The first request with this Idempotency-Key is still running."), status=409)
        row.claim = fresh["claim"]
        return row, None


def settle(row: IdempotencyKey, answer: Answer) -> None:
    """Keep the answer, in the transaction of what it tells of. Raises Refused (409) when the claim ran out and another took it."""
    if not IdempotencyKey.objects.filter(pk=row.pk, claim=row.claim, status=None).update(status=answer.status, headers=answer.headers, body=answer.body):
        raise Refused(_("Another request with this Idempotency-Key was faster."), status=409)


def release(row: IdempotencyKey) -> None:
    """Free the key after a request that changed nothing."""
    IdempotencyKey.objects.filter(pk=row.pk, claim=row.claim, status=None).delete()


def kept_headers(headers: Any) -> dict[str, str]:
    """The headers worth repeating."""
    return {name: str(headers[name]) for name in KEPT_HEADERS if name in headers}
