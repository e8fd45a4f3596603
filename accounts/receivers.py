"""What allauth announces, written to the audit trail."""

from typing import Any

from allauth.account.signals import authentication_step_completed, user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_out
from django.db import transaction

from accounts import audit, mail, recent
from lib import db


@db.retried
def _record(action: str, user: Any, request: Any, **after: Any) -> None:
    with transaction.atomic():
        if after.get("type") == Authenticator.Type.TOTP:  # its recovery codes come and go with it
            mail.tell_changed(user, "second_factor")
        audit.record(action, actor=user, target=user.username, after=after or None, request=request)


def signed_in(sender: Any, *, request: Any, user: Any, **_signal: Any) -> None:
    """A new session; the device is known from now on."""
    request.signed_in_person = user.pk
    _record("accounts.signed_in", user, request)


def signed_out(sender: Any, *, request: Any, user: Any, **_signal: Any) -> None:
    """The session ends."""
    if user is not None and request is not None:
        _record("accounts.signed_out", user, request)


def step_completed(sender: Any, *, request: Any, user: Any, **_signal: Any) -> None:
    """A password or a code was right."""
    recent.note(request, user)


def authenticator_changed(sender: Any, *, signal: Any, request: Any, user: Any, authenticator: Any, **_signal: Any) -> None:
    """A second factor came, went or got new codes."""
    act = {id(authenticator_added): "added", id(authenticator_removed): "removed", id(authenticator_reset): "renewed"}[id(signal)]
    _record(f"accounts.second_factor_{act}", user, request, type=str(authenticator.type))


def connect() -> None:
    """Called once by AppConfig.ready()."""
    user_logged_in.connect(signed_in, dispatch_uid="accounts")
    user_logged_out.connect(signed_out, dispatch_uid="accounts")
    authentication_step_completed.connect(step_completed, dispatch_uid="accounts")
    for signal in (authenticator_added, authenticator_removed, authenticator_reset):
        signal.connect(authenticator_changed, dispatch_uid="accounts")
