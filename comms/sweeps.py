"""What comms does by itself: send, fan out, watch what is owed, forget old bodies."""

from datetime import datetime, timedelta

from comms import broadcast, channel_states, fanout, holding, lanes, obligations, reasons
from comms.drain import Lane
from comms.models import Delivery
from lib import clock
from lib.leases import free

BODIES_KEPT = timedelta(days=90)  # design.md "Retention"
FORGOTTEN_AT_ONCE = 1000


def drain_outbox(*, now: datetime | None = None) -> int:
    """Send what is due, each channel and priority in a lane of its own; returns how many rows were worked, at least 1 while a lane runs."""
    now = now or clock.now()
    # One that was interrupted is looked at by its lane first: it may have been sent.
    late = Delivery.objects.filter(free(now), state=Delivery.State.DUE, expires_at__lte=now).exclude(tries__outcome="started")
    expired = late.update(state=Delivery.State.EXPIRED, settled_at=now, answer=reasons.EXPIRED, secret="")
    usable = channel_states.usable(now)
    waiting = holding.sendable(Delivery.objects.due(now)).filter(free(now), channel__in=usable).order_by().values_list("channel", "priority").distinct()
    return expired + lanes.run(Lane(channel, priority) for channel, priority in waiting)


def fan_out(*, now: datetime | None = None) -> int:
    """Turn what must be told to many into deliveries; returns how many were turned."""
    return fanout.work(now or clock.now())


def release_announcements(*, now: datetime | None = None) -> int:
    """Let mails to the users leave whose minute is over; returns how many."""
    return broadcast.work(now or clock.now())


def sweep_obligations(*, now: datetime | None = None) -> int:
    """Record each missed update once and plan the next; returns how many were missed."""
    return obligations.sweep(now or clock.now())


def forget_bodies(*, now: datetime | None = None) -> int:
    """Empty subject, body and parameters of deliveries that were settled 90 days ago; their headers stay."""
    old = Delivery.objects.filter(settled_at__lt=(now or clock.now()) - BODIES_KEPT).exclude(body="")
    keys = list(old.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    return Delivery.objects.filter(pk__in=keys).update(subject="", body="", params={}) if keys else 0
