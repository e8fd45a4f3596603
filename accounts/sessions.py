"""Where a person is signed in, and how that ends."""

from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts import audit
from accounts.models import User
from lib import clock, db

# A session ends at the latest this long after it was last seen (it is saved anew only when something in it changes).
FORGOTTEN_AFTER = timedelta(seconds=2 * settings.SESSION_COOKIE_AGE)


def of(user: User) -> list[UserSession]:
    """The living sessions of `user`, last seen first."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))
    alive = set(Session.objects.filter(session_key__in=[row.session_key for row in rows], expire_date__gt=clock.now()).values_list("session_key", flat=True))
    return [row for row in rows if row.session_key in alive]


@db.retried
def end(user: User, ids: list[int], *, actor: User | None, request: Any = None) -> int:
    """End those sessions of `user` at once, by the id of their row; how many there were. Somebody else's are left alone."""
    with transaction.atomic():
        ended = end_rows(user, UserSession.objects.filter(user=user, pk__in=ids))
        if ended:
            audit.record("accounts.sessions_ended", actor=actor, target=user.username, after={"sessions": ended}, request=request)
    return ended


@db.retried
def end_others(user: User, keep: str, *, actor: User | None, request: Any = None) -> int:
    """End every session of `user` but the one with the key `keep`."""
    with transaction.atomic():
        ended = end_rows(user, UserSession.objects.filter(user=user).exclude(session_key=keep))
        if ended:
            audit.record("accounts.sessions_ended", actor=actor, target=user.username, after={"sessions": ended}, request=request)
    return ended


def end_rows(user: User, rows: Any) -> int:
    """End the sessions in `rows`; the caller's transaction and audit entry."""
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user=user, session_key__in=keys).delete()
    return len(keys)
