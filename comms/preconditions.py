"""What is read again just before a message is sent: has the world moved on?"""

from collections.abc import Callable

from django.db.models import Q

from comms import reasons
from comms.models import Announcement, ContactMethod, Delivery, Subscriber
from incidents.models import Incident, State

Precondition = Callable[[Delivery], str | None]


def _still_open(delivery: Delivery) -> str | None:
    incident = delivery.incident
    return reasons.OVER if incident is not None and not incident.is_open else None


def _worth_waking(delivery: Delivery) -> str | None:
    incident = delivery.incident
    if incident is not None and incident.recovered_at is not None:
        return reasons.RECOVERED
    return _still_open(delivery)


def _was_told(delivery: Delivery) -> str | None:
    # One under way counts: whether it arrives is not known yet.
    told = Q(state=Delivery.State.SENT) | Q(state=Delivery.State.DUE, tries__isnull=False)
    others = Delivery.objects.filter(told, incident=delivery.incident, person=delivery.person).exclude(kind=delivery.kind)
    return None if others.exists() else reasons.NEVER_TOLD


def _is_gone(delivery: Delivery) -> bool:
    """Whether the address was suppressed after the message was asked for; a code is what brings it back."""
    gone = ContactMethod.objects.filter(person=delivery.person, channel=delivery.channel, suppressed_at__isnull=False)
    return gone.filter(address__iexact=delivery.address).exists()


def _may_know(delivery: Delivery) -> bool:
    if delivery.person is None or delivery.incident_id is None:
        return False
    return Incident.objects.visible_to(delivery.person).filter(pk=delivery.incident_id).exists()


def _is_against(delivery: Delivery) -> str | None:
    """Why a mail to a subscriber must not go out: stopped, unwanted, nobody there, or private by now."""
    letters = Announcement.objects.filter(deliveries=delivery)
    state, is_own_words, is_private, incident_state = letters.values_list("state", "is_own_words", "incident__is_private", "incident__state").get()
    if state == Announcement.State.WITHDRAWN:
        return reasons.STOPPED
    if is_private and not is_own_words:
        return reasons.NOT_NAMED
    if incident_state in (State.DISMISSED, State.MERGED) and delivery.sent_at is None and not is_own_words and _says_it_goes_on(delivery):
        return reasons.OVER
    reader = Subscriber.objects.filter(deliveries=delivery).values_list("ended_at", "erased_at", "suppressed_at").first()
    if reader is None or reader[0] is not None or reader[1] is not None:
        return reasons.UNSUBSCRIBED
    return reasons.ADDRESS_GONE if reader[2] is not None else None


def _says_it_goes_on(delivery: Delivery) -> bool:
    words = delivery.announcement.words if delivery.announcement is not None else {}
    return words.get("state") in ("investigating", "identified", "monitoring")


PRECONDITIONS: dict[str, Precondition] = {
    "still_open": _still_open,
    "worth_waking": _worth_waking,
    "was_told": _was_told,
}


def objection(delivery: Delivery) -> str | None:
    """Why `delivery` must not go out now (one of `reasons`), or None. Beside its own precondition: its reader may still know, and is still here."""
    if delivery.announcement_id is not None:
        return _is_against(delivery)
    if delivery.person is not None and not delivery.person.is_active:
        return reasons.CLOSED_ACCOUNT
    if delivery.incident is not None and delivery.incident.is_private and not _may_know(delivery):
        return reasons.NOT_NAMED
    if delivery.person is not None and delivery.kind != "contact.code" and _is_gone(delivery):
        return reasons.ADDRESS_GONE
    check = PRECONDITIONS.get(delivery.precondition)
    return check(delivery) if check else None
