"""The way out for mail that begins on this floor: a function of a higher one, named in settings (`design.md`, Outbox)."""

import logging
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User

logger = logging.getLogger(__name__)


def send(kind: str, to: User | str, params: dict[str, Any], key: str) -> bool:
    """Hand one message to `settings.ACCOUNTS_MAILER(kind, person_or_address, params, key)`; False where there is nobody to take it.

    Call inside the transaction of what it tells of: the mailer writes rows and sends nothing itself. Kinds: `invitation`
    {url, days, inviter}, `password_reset` {url, minutes}, `account_changed` {what: `password`, `email`, `second_factor`; language}.
    """
    try:
        mailer = import_string(settings.ACCOUNTS_MAILER)
    except ImportError:
        logger.warning("no mailer at %s; %s was not sent", settings.ACCOUNTS_MAILER, kind)
        return False
    mailer(kind, to, params, key)
    return True


def tell_changed(user: User, what: str, address: str = "") -> None:
    """Tell a person at their address, or at the one they had, that a way into their account changed; each change once."""
    send("account_changed", address or user, {"what": what, "language": user.language}, key=f"changed:{uuid4()}")
