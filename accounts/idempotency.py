"""Doing a POST once: the first answer is kept for 48 hours under the caller's Idempotency-Key, or under the key of a rendered form."""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import IdempotencyKey, User
from lib import clock, db
from lib.errors import Refused

KEPT = timedelta(hours=48)
FIELD = "once"  # the form field with the key of one rendering
PATIENCE = 5.0  # seconds that a form sent twice waits for its first sending
FORM_KEY = re.compile("[A-Za-z0-9_-]{8,64}")
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


def _alone(user: User, key: str) -> AbstractContextManager[None]:
    return db.alone(f"accounts.idempotency {user.pk} {key}")


@contextmanager
def running(user: User, key: str) -> Iterator[None]:
    """The transaction of the request that `key` stands for; a crash ends it and frees the key at once.

    Raises Refused: 409 while another request with this key runs, 400 for a key too long.
    """
    if not key.isprintable() or not 1 <= len(key) <= 255:
        raise Refused(_("An Idempotency-Key takes 1 to 255 printable characters."), status=400)
    try:
        with _alone(user, key):
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


def form_key() -> str:
    """A key for one rendering of a form."""
    return secrets.token_urlsafe(12)


def once(request: HttpRequest, do: Callable[[], str]) -> str:
    """What `do` tells, done at most once for a rendered form with these contents: sent again, the form is told what it was told first.

    A form whose contents changed meanwhile is another one. `do` runs in a transaction; when it refuses, nothing is kept.
    """
    key = request.POST.get(FIELD, "")
    if not FORM_KEY.fullmatch(key):  # none of ours: as without one
        return do()
    print_ = _contents(request)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return _attempt(request.user, f"{FIELD} {key} {print_}", print_, do)
        except db.Taken:
            if time.monotonic() > until:
                raise Refused(_("It is being sent already. Look whether it is there before you send it again.")) from None
            time.sleep(0.05)


@db.retried
def _attempt(user: Any, key: str, print_: str, do: Callable[[], str]) -> str:
    with _alone(user, key):
        first = first_answer(user, key, print_)
        if first is not None:
            return first.body
        told = do()
        keep(user, key, print_, Answer(200, {}, told))
    return told


def _contents(request: HttpRequest) -> str:
    """The fingerprint of what a form says, however it was wrapped up this time."""
    said = hashlib.sha256()
    for name, values in sorted(request.POST.lists()):
        if name != "csrfmiddlewaretoken":
            said.update(repr((name, values)).encode("utf-8", "backslashreplace"))
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            said.update(repr((name, file.size)).encode())
            for chunk in file.chunks():
                said.update(chunk)
            file.seek(0)
    return fingerprint(request.method or "", request.path, said.digest())
