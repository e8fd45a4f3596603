"""A person's own ways to be reached: added, proved by a code, put in order, taken away."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from accounts import audit
from comms import channels, outbox
from comms.channels.base import ChannelError
from comms.channels.email import wire_address
from comms.models import ContactMethod
from lib import clock
from lib.db import lock, retried
from lib.errors import NotFound, Refused
from lib.text import clean

CODE_LIFE = timedelta(minutes=30)
MOST_TRIES = 5  # wrong codes before a new one is needed
PAUSE = timedelta(seconds=60)  # between two codes
MOST_CODES = 10  # codes to one address
MOST_METHODS = 10
KINDS = (channels.EMAIL,)


@retried
def add(person: Any, channel: str, address: str, *, request: Any = None) -> ContactMethod:
    """A new way to reach `person`, and a code to it; an unverified one is sent a new code. Raises Refused (422, 409)."""
    if channel not in KINDS:
        raise Refused(_("Messages to people go by e-mail only, so far."), status=422)
    address = _checked(address)
    with transaction.atomic():
        known = ContactMethod.objects.filter(person=person, channel=channel, address__iexact=address).first()
        if known is None:
            if ContactMethod.objects.filter(person=person).count() >= MOST_METHODS:
                raise Refused(_("That is the most one person can have. Remove one first."))
            last = ContactMethod.objects.filter(person=person).aggregate(last=Max("order"))["last"]
            known = ContactMethod.objects.create(
                person=person, channel=channel, address=address, order=0 if last is None else min(last + 1, 30_000), created_at=clock.now()
            )
            send_code(known)
            audit.record("comms.contact_added", actor=person, target=person.username, after={"channel": channel, "address": address}, request=request)
        elif not known.is_usable:
            send_code(known)
    return known


def _checked(address: str) -> str:
    address = clean(address, 254)
    try:
        validate_email(address)
        wire_address(address)
    except (ValidationError, ChannelError) as error:
        raise Refused(_("This is no e-mail address."), status=422) from error
    return address


@retried
def send_code(method: ContactMethod) -> None:
    """A fresh code to the address; the earlier one ends. Raises Refused (429) when asked too often."""
    with transaction.atomic():
        method = lock(ContactMethod.objects.filter(pk=method.pk)).get()
        now = clock.now()
        if method.code_sent_at is not None and now - method.code_sent_at < PAUSE:
            raise Refused(_("A code is on its way. Ask again in a minute."), status=429)
        if method.codes_sent >= MOST_CODES:
            raise Refused(_("Too many codes were sent to this address. Remove it and add it again, or take another."), status=429)
        code = f"{secrets.randbelow(1_000_000):06d}"
        number = method.codes_sent + 1
        ContactMethod.objects.filter(pk=method.pk).update(code_hash=_digest(method.pk, code), code_sent_at=now, code_tries=0, codes_sent=number)
        outbox.enqueue(
            "contact.code",
            channel=channels.for_mail() if method.channel == channels.EMAIL else method.channel,
            person=method.person,
            contact_method=method,
            address=method.address,
            params={"code": code},
            key=f"contact.code:{method.pk}:{number}",
            expires_at=now + CODE_LIFE,
        )


@retried
def verify(method: ContactMethod, code: str, *, request: Any = None) -> ContactMethod:
    """The code proves that the address reaches its person; a suppressed one is used again. Raises Refused (422)."""
    with transaction.atomic():
        method = lock(ContactMethod.objects.filter(pk=method.pk)).get()
        now = clock.now()
        is_spent = not method.code_hash or method.code_tries >= MOST_TRIES or method.code_sent_at is None or now - method.code_sent_at > CODE_LIFE
        is_right = not is_spent and hmac.compare_digest(method.code_hash, _digest(method.pk, clean(code, 20).replace(" ", "")))
        if is_right:
            values = {"verified_at": now, "suppressed_at": None, "suppressed_reason": "", "code_hash": "", "codes_sent": 0}
            ContactMethod.objects.filter(pk=method.pk).update(**values)
            audit.record("comms.contact_verified", actor=method.person, target=method.person.username, after={"address": method.address}, request=request)
        elif not is_spent:
            ContactMethod.objects.filter(pk=method.pk).update(code_tries=F("code_tries") + 1)
    if is_spent:
        raise Refused(_("This code works no more. Ask for a new one."), status=422)
    if not is_right:
        raise Refused(_("This is not the code that was sent."), status=422)
    method.refresh_from_db()
    return method


@retried
def remove(method: ContactMethod, *, actor: Any, request: Any = None) -> None:
    """Nothing goes there any more."""
    with transaction.atomic():
        if ContactMethod.objects.filter(pk=method.pk).delete()[0]:
            before = {"channel": method.channel, "address": method.address}
            audit.record("comms.contact_removed", actor=actor, target=method.person.username, before=before, request=request)


@retried
def put_first(method: ContactMethod) -> None:
    """Move it to the top of its person's list."""
    with transaction.atomic():
        ids = list(lock(ContactMethod.objects.filter(person=method.person_id)).order_by("order", "id").values_list("pk", flat=True))
        for position, pk in enumerate([method.pk, *(pk for pk in ids if pk != method.pk)]):
            ContactMethod.objects.filter(pk=pk).update(order=position)


def own(person: Any, pk: int) -> ContactMethod:
    """A person's own method; raises NotFound for anybody else's."""
    method = ContactMethod.objects.filter(person=person, pk=pk).first()
    if method is None:
        raise NotFound()
    return method


def _digest(pk: int, code: str) -> str:
    return hashlib.sha256(f"comms.code\0{pk}\0{code}".encode()).hexdigest()
