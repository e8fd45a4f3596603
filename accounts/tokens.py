"""API tokens: a shown prefix and 256 random bits, kept as a hash, bound to a person, scopes and an end."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import ApiToken, User
from lib import clock, db, text
from lib.errors import Refused

SCOPES = ("read", "write", "ingest", "deploy", "recovery", "publish", "admin")
# What a scope brings along (interface.md, REST API).
INCLUDES = {"admin": frozenset(SCOPES), "write": frozenset({"read", "write"})}
LONGEST_DAYS = 365
RESOLUTION = timedelta(minutes=1)


def allows(token: ApiToken, scope: str) -> bool:
    """Whether `token` carries `scope`, itself or through a wider one."""
    return any(scope in INCLUDES.get(held, {held}) for held in token.scopes)


def covers(token: ApiToken, services: Iterable[str]) -> bool:
    """Whether `token` may speak for all these service slugs; an untied token may for any."""
    return not token.services or set(services) <= set(token.services)


@db.retried
def issue(
    name: str, user: User, scopes: Iterable[str], *, days: int = LONGEST_DAYS, services: Iterable[str] = (), actor: User | None, request: Any = None
) -> tuple[ApiToken, str]:
    """Make a token for `user`; returns it with its secret, which is shown this once.

    `days` until it ends: 1 to 365. Raises Refused (422) for an unknown scope, none at all, or another span.
    """
    wanted = sorted(set(scopes), key=lambda scope: SCOPES.index(scope) if scope in SCOPES else -1)
    if not wanted or not set(wanted) <= set(SCOPES):
        raise Refused(_("A token takes at least one scope of: %(scopes)s.") % {"scopes": ", ".join(SCOPES)}, status=422)
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(_("A token lives from 1 to %(days)s days.") % {"days": LONGEST_DAYS}, status=422)
    name = text.clean(name, 80)
    if not name:
        raise Refused(_("Give the token a name that says what uses it."), status=422)
    prefix = f"portal_{secrets.token_hex(4)}"
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    now = clock.now()
    with transaction.atomic():
        token = ApiToken.objects.create(
            name=name,
            user=user,
            prefix=prefix,
            digest=_digest(secret),
            scopes=wanted,
            services=sorted(set(services)),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        after = {"name": name, "scopes": wanted, "services": token.services, "expires_at": token.expires_at}
        audit.record("accounts.token_issued", actor=actor, target=f"{user.username} {prefix}", after=after, request=request)
    return token, secret


def find(secret: str) -> ApiToken | None:
    """The valid token that `secret` is, with its person; None for an unknown, ended or withdrawn one. Notes its use, to the minute."""
    if not secret.isascii() or not 20 < len(secret) < 200:
        return None
    now = clock.now()
    # The index finds a SHA-256 of 256 random bits: comparing its time tells nothing about the secret.
    token = ApiToken.objects.select_related("user").filter(digest=_digest(secret), revoked_at=None, expires_at__gt=now, user__is_active=True).first()
    if token and (token.last_used_at is None or now - token.last_used_at >= RESOLUTION):
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - RESOLUTION)
        minute = now.replace(second=0, microsecond=0)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=minute)
        token.last_used_at = minute
    return token


@db.retried
def revoke(token: ApiToken, *, actor: User | None, request: Any = None) -> bool:
    """End `token` at once; False when it had ended already."""
    with transaction.atomic():
        if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now()):
            return False
        audit.record("accounts.token_revoked", actor=actor, target=f"{token.user.username} {token.prefix}", before={"name": token.name}, request=request)
    return True


def revoke_all(user: User, *, actor: User | None, request: Any = None) -> int:
    """End every token of `user`, each with its entry; how many."""
    return sum(revoke(token, actor=actor, request=request) for token in ApiToken.objects.filter(user=user, revoked_at=None).select_related("user"))


def end_all(user: User) -> int:
    """Withdraw every token of `user`; how many. The caller's transaction and audit entry."""
    return ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=clock.now())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
