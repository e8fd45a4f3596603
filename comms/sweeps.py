"""What comms does by itself: send, fan out, watch what is owed, forget old bodies."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import connection

from comms import channel_states, drain, fanout, obligations
from comms.drain import Lane
from comms.models import Delivery
from lib import clock
from lib.leases import free

MOST_LANES_AT_ONCE = 4
BODIES_KEPT = timedelta(days=90)  # design.md "Retention"
FORGOTTEN_AT_ONCE = 1000


def drain_outbox(*, now: datetime | None = None) -> int:
    """Send what is due, each channel and priority in a lane of its own; returns how many rows were worked."""
    now = now or clock.now()
    # One that was interrupted is looked at by its lane first: it may have been sent.
    late = Delivery.objects.filter(free(now), state=Delivery.State.DUE, expires_at__lte=now).exclude(tries__outcome="started")
    expired = late.update(state=Delivery.State.EXPIRED, settled_at=now, answer="its time had run out", secret="")
    usable = channel_states.usable(now)
    waiting = Delivery.objects.due(now).filter(free(now), channel__in=usable).order_by().values_list("channel", "priority").distinct()
    lanes = sorted((Lane(channel, priority) for channel, priority in waiting), key=lambda lane: lane.priority)
    return expired + sum(_side_by_side(lanes) if len(lanes) > 1 else map(drain.work, lanes))


def _side_by_side(lanes: list[Lane]) -> list[int]:
    """A channel that hangs holds up its own lane only."""
    with ThreadPoolExecutor(MOST_LANES_AT_ONCE, thread_name_prefix="lane") as pool:
        return list(pool.map(_work_in_thread, lanes))


def _work_in_thread(lane: Lane) -> int:
    try:
        return drain.work(lane)
    finally:
        connection.close()


def fan_out(*, now: datetime | None = None) -> int:
    """Turn what must be told to many into deliveries; returns how many were turned."""
    return fanout.work(now or clock.now())


def sweep_obligations(*, now: datetime | None = None) -> int:
    """Record each missed update once and plan the next; returns how many were missed."""
    return obligations.sweep(now or clock.now())


def forget_bodies(*, now: datetime | None = None) -> int:
    """Empty subject, body and parameters of deliveries that were settled 90 days ago; their headers stay."""
    old = Delivery.objects.filter(settled_at__lt=(now or clock.now()) - BODIES_KEPT).exclude(body="")
    keys = list(old.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    return Delivery.objects.filter(pk__in=keys).update(subject="", body="", params={}) if keys else 0
