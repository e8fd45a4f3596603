"""How people are reached: their verified addresses, else the one of their account."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from comms import channels, subscribers
from comms.models import ContactMethod, Delivery
from lib import clock


class Address(NamedTuple):
    """One place where messages for a person go."""

    person: Any
    channel: str
    address: str
    method: ContactMethod | None


def mail_addresses(people: Iterable[Any]) -> list[Address]:
    """Where mail for `people` goes, in two queries at most: every verified method, else the account's e-mail, unless suppressed."""
    people = list(people)
    methods: dict[int, list[ContactMethod]] = {}
    for method in ContactMethod.objects.filter(person__in=people, channel=channels.EMAIL):
        methods.setdefault(method.person_id, []).append(method)
    channel, found = channels.for_mail(), []
    for person in people:
        own = methods.get(person.pk, [])
        usable = [method for method in own if method.is_usable]
        found += [Address(person, channel, method.address, method) for method in usable]
        gone = {method.address.lower() for method in own if method.suppressed_at}
        if not usable and person.email and person.email.lower() not in gone:
            found.append(Address(person, channel, person.email, None))
    return found


def suppress(delivery: Delivery, reason: str) -> None:
    """The provider says that the address is gone (5.1.1): nothing more goes there until it is verified again."""
    if delivery.subscriber_id is not None:
        subscribers.suppress(delivery.subscriber_id, reason)
        return
    if delivery.person is None:
        return
    now = clock.now()
    method, _is_new = ContactMethod.objects.get_or_create(
        person=delivery.person, channel=delivery.channel, address=delivery.address, defaults={"created_at": now, "order": 1000}
    )
    ContactMethod.objects.filter(pk=method.pk, suppressed_at=None).update(suppressed_at=now, suppressed_reason=reason[:200])
