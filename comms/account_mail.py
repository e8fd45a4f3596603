"""Mail about accounts: rooms below reach `send` by the dotted path in settings.ACCOUNTS_MAILER (design.md "Outbox")."""

from datetime import timedelta
from typing import Any

from comms import channels, outbox
from comms.models import Delivery
from lib import clock

# What the rooms below call it → the kind of the catalogue, and how long it is worth sending.
KINDS = {
    "invitation": ("account.invitation", timedelta(days=7)),
    "password_reset": ("account.password_reset", timedelta(hours=1)),
    "account_changed": ("account.changed", timedelta(days=7)),
}


def send(kind: str, to: Any, params: dict[str, Any], key: str) -> Delivery | None:
    """Send mail about an account to a person or an address; None when the key exists or the person has no address.

    It goes to the address of the account, which proves who they are, not to their contact methods. `params["language"]`
    is the language of a reader without an account. Raises LookupError for an unknown kind.
    """
    name, worth = KINDS[kind]
    person = None if isinstance(to, str) else to
    address = to if isinstance(to, str) else to.email
    if not address:
        return None
    return outbox.enqueue(
        name,
        channel=channels.for_mail(),
        person=person,
        address=address,
        params=params,
        key=f"account:{key}",
        language=str(params.get("language", "")),
        expires_at=clock.now() + worth,
    )
