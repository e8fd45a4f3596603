"""How long this room keeps things (`design.md`, Retention); the audit trail stays for ever."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from accounts.idempotency import KEPT
from accounts.models import IdempotencyKey, Invitation
from accounts.sessions import FORGOTTEN_AFTER
from lib import prune

ENDED_SESSIONS, ENDED_LINKS = timedelta(0), timedelta(days=90)


def connect() -> None:
    """Tell the pruning sweep what is old."""
    prune.register("accounts.idempotency", lambda before: IdempotencyKey.objects.filter(created_at__lt=before), keep=KEPT)
    prune.register("accounts.sessions", lambda before: Session.objects.filter(expire_date__lt=before), keep=ENDED_SESSIONS)
    prune.register("accounts.seen_sessions", lambda before: UserSession.objects.filter(last_seen_at__lt=before), keep=FORGOTTEN_AFTER)
    prune.register("accounts.links", lambda before: Invitation.objects.filter(expires_at__lt=before), keep=ENDED_LINKS)
