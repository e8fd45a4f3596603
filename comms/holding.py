"""What was waiting when an archive was made is held after its restore, until a person says: send it, or drop it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit
from comms import alarms, reasons
from comms.models import Alarm, Announcement, Delivery, Fanout, Hold
from comms.querysets import DeliveryQuerySet
from lib import clock
from lib.db import lock, retried
from lib.errors import Refused
from lib.nudge import nudge

Decision = Hold.Decision
WAKES = ("comms.drain_outbox", "comms.fan_out", "comms.release_announcements", "statuspage.publish")  # what goes on once a hold ends
SUBJECT = "messages"  # of the alarm that is open while a hold is on


def current() -> Hold | None:
    """The hold that is on, if any."""
    return Hold.objects.filter(ended_at=None).first()


def held(hold: Hold) -> Q:
    """The deliveries that wait for the word: all of incidents, and what else was there before the restore. New account mail goes."""
    return Q(incident__isnull=False) | Q(created_at__lte=hold.since)


def sendable(rows: DeliveryQuerySet) -> DeliveryQuerySet:
    """Of `rows` what may go now; one query more."""
    hold = current()
    return rows if hold is None else rows.exclude(held(hold))


def waiting(hold: Hold) -> dict[str, int]:
    """How many messages, fan-outs and mails to all users wait."""
    return {
        "messages": Delivery.objects.to_be_sent().filter(held(hold)).count(),
        "notices": Fanout.objects.filter(done_at=None).count(),
        "letters": Announcement.objects.filter(state=Announcement.State.WAITING).count(),
    }


@retried
def decide(decision: str, *, actor: Any, request: Any = None) -> Hold:
    """End the hold. *send*: all goes out as if it had never been held; *drop*: nothing of it ever does.

    Raises Refused (422) for another word, (409) when nothing is held (any more).
    """
    if decision not in Decision.values:
        raise Refused(_("Say “send” or “drop”."), status=422)
    with transaction.atomic():
        hold = lock(Hold.objects.filter(ended_at=None)).first()
        if hold is None:
            raise Refused(_("Nothing is held."))
        now = clock.now()
        counts = waiting(hold)
        if decision == Decision.DROP:
            _drop(hold, now)
        hold.ended_at, hold.ended_by, hold.decision = now, actor, decision
        hold.save(update_fields=["ended_at", "ended_by", "decision"])
        alarms.clear(Alarm.Code.HELD, SUBJECT)
        audit.record("comms.hold_ended", actor=actor, target="messages", after={"decision": decision, **counts}, request=request)
    for sweep in WAKES:
        nudge(sweep)
    return hold


def _drop(hold: Hold, now: datetime) -> None:
    Fanout.objects.filter(done_at=None).update(done_at=now, people=0)
    Announcement.objects.filter(state=Announcement.State.WAITING).update(state=Announcement.State.VOID)
    Announcement.objects.filter(state=Announcement.State.SENDING).update(state=Announcement.State.WITHDRAWN)
    Delivery.objects.to_be_sent().filter(held(hold)).update(
        state=Delivery.State.DROPPED, settled_at=now, answer=reasons.HELD, secret="", lease_until=None, lease_token=""
    )
