"""A test message to oneself over any channel."""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from comms import channels, outbox
from comms.models import Delivery
from lib import clock
from lib.errors import Refused


def send_test(kind: str, *, actor: Any) -> Delivery:
    """Send one to the account's address. Raises Refused (409) where the channel or the account lacks what it needs."""
    if kind == channels.EMAIL and not settings.EMAIL_URL:
        raise Refused(_("No mail server is configured: set EMAIL_URL."))
    if kind == channels.WEBHOOK:
        raise Refused(_("Webhooks go to their subscribers only."))
    if not actor.email:
        raise Refused(_("Your account has no e-mail address."))
    made = outbox.enqueue(
        "channel.test",
        channel=kind,
        person=actor,
        address=actor.email,
        params={"asked_by": str(actor)},
        key=f"channel.test:{secrets.token_hex(8)}",
        expires_at=clock.now() + timedelta(hours=1),
    )
    if made is None:
        raise Refused(_("The test could not be sent."))
    return made
