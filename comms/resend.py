"""Sending once more what failed or may be lost: a new delivery with a new key that names the old one."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from comms import catalogue, channels, outbox
from comms.models import Delivery, Priority
from lib import clock
from lib.db import lock, retried
from lib.errors import Refused


@retried
def send_again(delivery: Delivery, *, actor: Any, request: Any = None) -> Delivery:
    """A person sends it again, by the way that mail goes now. A second press before the first went out gives the same row.

    Raises Refused (409) for one that still waits, or whose content is not kept (links and codes are asked for anew).
    """
    with transaction.atomic():
        old = lock(Delivery.objects.filter(pk=delivery.pk)).get()
        if old.state == Delivery.State.DUE:
            raise Refused(_("It still waits to be sent."))
        if catalogue.kind(old.kind).is_secret:
            raise Refused(_("Links and codes are not sent twice; ask for a new one."))
        if old.settled_at is not None and not old.body and not old.params:
            raise Refused(_("Its content is no longer kept."))
        waiting = Delivery.objects.filter(again_of=old, state=Delivery.State.DUE).first()
        if waiting is not None:
            return waiting
        number = Delivery.objects.filter(again_of=old).count() + 1
        made = outbox.enqueue(
            old.kind,
            channel=channels.for_mail() if old.channel in (channels.EMAIL, channels.CONSOLE) else old.channel,
            person=old.person,
            address=old.address,
            contact_method=old.contact_method,
            params=old.params,
            key=f"again:{old.pk}:{number}",
            priority=Priority(old.priority),
            incident=old.incident,
            language=old.language,
            again_of=old,
        )
        if made is None:
            raise Refused(_("This incident is imported history; nothing is sent about it."))
        audit.record("comms.sent_again", actor=actor, target=f"delivery {old.pk}", after={"delivery": made.pk, "at": clock.now()}, request=request)
    return made


def may_be_sent_again(delivery: Delivery) -> bool:
    """Whether the button is offered."""
    if delivery.state == Delivery.State.DUE or delivery.kind not in catalogue.kinds():
        return False
    return not catalogue.kind(delivery.kind).is_secret and bool(delivery.params or delivery.body)
