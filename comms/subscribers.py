"""Subscribers: added with their consent, ended by themselves or a person, erased on demand."""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from comms.channels.base import ChannelError
from comms.channels.email import wire_address
from comms.models import Alarm, ChannelState, Consent, Delivery, DeliveryAttempt, Subscriber
from incidents.models import Service
from lib import clock
from lib.db import lock, retried
from lib.errors import NotFound, Refused
from lib.i18n import LANGUAGES
from lib.text import clean

OVERLAP = timedelta(hours=24)  # both secrets of a webhook sign for so long
Channel, Kind, Source = Subscriber.Channel, Consent.Kind, Consent.Source


@dataclass(frozen=True)
class Wish:
    """What somebody wants to hear and where; `services` are slugs, none means all."""

    address: str
    language: str = "en"
    services: tuple[str, ...] = ()
    channel: str = Channel.EMAIL


def checked(wish: Wish, known: set[str] | None = None) -> Wish:
    """The wish as it may be stored; `known` saves the look for services. Raises Refused (422) that says what does not fit."""
    channel = wish.channel or Channel.EMAIL
    if channel not in Channel.values:
        raise Refused(_("There is no such channel."), status=422)
    language = (wish.language or "en").lower().replace("_", "-")
    language = {"zh": "zh-hans", "zh-cn": "zh-hans"}.get(language, language)
    if language not in LANGUAGES:
        raise Refused(_("The language is “en” or “zh-hans”."), status=422)
    services = tuple(dict.fromkeys(slug.strip() for slug in wish.services if slug.strip()))
    if unknown := set(services) - (known_services() if known is None and services else known or set()):
        raise Refused(_("There is no service “%(name)s”.") % {"name": min(unknown)[:60]}, status=422)
    return Wish(_mailbox(wish.address) if channel == Channel.EMAIL else _webhook(wish.address), language, services, channel)


def known_services() -> set[str]:
    """What one may choose, by slug."""
    return set(Service.objects.filter(archived=False).values_list("slug", flat=True))


def _mailbox(address: str) -> str:
    address = clean(address, 255)
    try:
        validate_email(address)
        wire_address(address)
    except (ValidationError, ChannelError) as error:
        raise Refused(_("This is no e-mail address."), status=422) from error
    return address


def _webhook(address: str) -> str:
    address = address.strip()
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises when the port is no number
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"https", "http"} or not parts.hostname or len(address) > 254 or not address.isprintable() or " " in address or parts.username:
        raise Refused(_("A webhook takes an address that begins with https:// or http://, at most 254 characters, without a login."), status=422)
    return address


@retried
def add(wish: Wish, *, source: str, words: str, actor: Any, request: Any = None) -> tuple[Subscriber, bool]:
    """A subscriber with their consent, and whether anything is new; one who ended it before agrees anew.

    `words` say how they agreed, and to what. Raises Refused (422). A webhook's secret is on the row (`secret`), to be shown this once.
    """
    wish = checked(wish)
    words = clean(words, 200)
    if not words:
        raise Refused(_("Say how they agreed."), status=422)
    with transaction.atomic():
        subscriber, is_new = _found_or_made(wish)
        if not is_new:
            if subscriber.ended_at is None and subscriber.language == wish.language and _slugs(subscriber) == set(wish.services):
                return subscriber, False
            Subscriber.objects.filter(pk=subscriber.pk).update(language=wish.language, ended_at=None)
        subscriber.services.set(Service.objects.filter(slug__in=wish.services))
        _consent(subscriber, Kind.GIVEN, source, words, actor)
        after = {"channel": wish.channel, "language": wish.language, "services": list(wish.services), "source": source, "words": words}
        audit.record("comms.subscriber_added", actor=actor, target=str(subscriber), after=after, request=request)
    subscriber.refresh_from_db()
    return subscriber, is_new


def _found_or_made(wish: Wish) -> tuple[Subscriber, bool]:
    """The one of this address, locked, and whether it is new."""
    known = Subscriber.objects.known().filter(channel=wish.channel, address__iexact=wish.address)
    found = lock(known).first()
    if found is not None:
        return found, False
    try:
        with transaction.atomic():
            return Subscriber.objects.create(**fields_of(wish)), True
    except IntegrityError:  # another request was faster
        return lock(known).get(), False


def fields_of(wish: Wish) -> dict[str, Any]:
    """What a new row holds."""
    secret = new_secret() if wish.channel == Channel.WEBHOOK else ""
    return {"channel": wish.channel, "address": wish.address, "language": wish.language, "created_at": clock.now(), "secret": secret}


@retried
def change(subscriber: Subscriber, *, language: str, services: Iterable[str], actor: Any, request: Any = None) -> Subscriber:
    """Another language or choice of services. Raises Refused (422)."""
    wish = checked(Wish(subscriber.address, language, tuple(services), subscriber.channel))
    with transaction.atomic():
        subscriber = held(subscriber)
        before = {"language": subscriber.language, "services": sorted(_slugs(subscriber))}
        Subscriber.objects.filter(pk=subscriber.pk).update(language=wish.language)
        subscriber.services.set(Service.objects.filter(slug__in=wish.services))
        after = {"language": wish.language, "services": sorted(wish.services)}
        if after != before:
            audit.record("comms.subscriber_changed", actor=actor, target=str(subscriber), before=before, after=after, request=request)
    subscriber.refresh_from_db()
    return subscriber


@retried
def withdraw(subscriber: Subscriber, *, source: str, words: str = "", actor: Any = None, request: Any = None) -> bool:
    """They want no more; a second time changes nothing. Returns whether it ended now."""
    with transaction.atomic():
        if not Subscriber.objects.filter(pk=subscriber.pk, ended_at=None, erased_at=None).update(ended_at=clock.now()):
            return False
        _consent(subscriber, Kind.WITHDRAWN, source, clean(words, 200), actor)
        if actor is not None:
            audit.record("comms.subscriber_ended", actor=actor, target=str(subscriber), after={"source": source}, request=request)
    return True


def withdraw_by(code: str) -> bool:
    """The link in a mail was pressed. An unknown code changes nothing, and nobody is told which it was."""
    subscriber = Subscriber.objects.known().filter(code=code).first() if 20 <= len(code) <= 40 else None
    return subscriber is not None and withdraw(subscriber, source=Source.LINK)


@retried
def lift(subscriber: Subscriber, *, actor: Any, request: Any = None) -> None:
    """A person says that the address works again."""
    with transaction.atomic():
        if Subscriber.objects.filter(pk=subscriber.pk, suppressed_at__isnull=False).update(suppressed_at=None, suppressed_reason=""):
            before = {"suppressed_at": subscriber.suppressed_at}  # not the reason: providers name the address in it, and the trail forgets nothing
            audit.record("comms.subscriber_lifted", actor=actor, target=str(subscriber), before=before, request=request)


@retried
def erase(subscriber: Subscriber, *, source: str, actor: Any, request: Any = None) -> None:
    """Forget who it was: the address goes here and from every message. That somebody agreed, and withdrew, stays without a name."""
    with transaction.atomic():
        subscriber = held(subscriber)
        withdraw(subscriber, source=source, words="erasure", actor=actor, request=request)
        now = clock.now()
        gone = {"address": "", "secret": "", "old_secret": "", "old_secret_until": None, "suppressed_reason": "", "erased_at": now}
        Subscriber.objects.filter(pk=subscriber.pk).update(**gone, code=secrets.token_urlsafe(24))
        subscriber.services.clear()
        sent = Delivery.objects.filter(subscriber=subscriber)
        DeliveryAttempt.objects.filter(delivery__in=sent).update(answer="")
        sent.update(address="", answer="", body="")
        Alarm.objects.filter(words__icontains=subscriber.address).update(words="")
        ChannelState.objects.filter(last_error__icontains=subscriber.address).update(last_error="")
        audit.record("comms.subscriber_erased", actor=actor, target=str(subscriber), request=request)


@retried
def rotate(subscriber: Subscriber, *, actor: Any, request: Any = None) -> str:
    """A new secret for a webhook, shown this once; the old one signs beside it for a day. Raises Refused (422)."""
    if subscriber.channel != Channel.WEBHOOK:
        raise Refused(_("Only a webhook has a secret."), status=422)
    made = new_secret()
    with transaction.atomic():
        subscriber = held(subscriber)
        subscriber.old_secret, subscriber.old_secret_until, subscriber.secret = subscriber.secret, clock.now() + OVERLAP, made
        subscriber.save(update_fields=["secret", "old_secret", "old_secret_until"])
        audit.record("comms.subscriber_secret", actor=actor, target=str(subscriber), request=request)
    return made


def suppress(subscriber_id: int, reason: str) -> None:
    """The provider says that nobody is there: nothing more goes there until a person lifts it."""
    Subscriber.objects.filter(pk=subscriber_id, suppressed_at=None).update(suppressed_at=clock.now(), suppressed_reason=clean(reason, 200))


def find(pk: int) -> Subscriber:
    """One that is known. Raises NotFound."""
    subscriber = Subscriber.objects.known().filter(pk=pk).first()
    if subscriber is None:
        raise NotFound(_("There is no such subscriber."))
    return subscriber


def held(subscriber: Subscriber) -> Subscriber:
    """The row, locked. Raises NotFound once erased."""
    row = lock(Subscriber.objects.known().filter(pk=subscriber.pk)).first()
    if row is None:
        raise NotFound(_("There is no such subscriber."))
    return row


def new_secret() -> str:
    """A webhook's secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _slugs(subscriber: Subscriber) -> set[str]:
    return set(subscriber.services.values_list("slug", flat=True))


def _consent(subscriber: Subscriber, kind: str, source: str, words: str, actor: Any) -> None:
    Consent.objects.create(subscriber=subscriber, kind=kind, source=source, words=words, by=actor, at=clock.now())
