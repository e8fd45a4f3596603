"""Runs what an entry owes to its receivers, keeps what failed and tries it again."""

import logging
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from incidents.models import Incident, Reaction, TimelineEntry
from incidents.signals import Receiver, entry_recorded
from lib import clock, leases
from lib.db import StaleHead, lock
from lib.jsonio import loads

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
LEASE_SECONDS = 30


def announce(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> None:
    """Run every interested receiver, each in its own savepoint, and note in one insert how it went."""
    done = [_react(receiver, entry, incident, data) for receiver in entry_recorded.interested(entry.kind)]
    if done:
        Reaction.objects.bulk_create(done)


def _react(receiver: Receiver, entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> Reaction:
    reaction = Reaction(entry=entry, receiver=receiver.name, status=Reaction.Status.DONE, attempts=1)
    try:
        with transaction.atomic():
            receiver.react(entry, incident, data)
    except (OperationalError, InterfaceError, StaleHead):
        raise  # the whole transaction is lost or must be tried again; nothing was promised yet
    except Exception as error:  # one bad receiver never loses an alert
        logger.exception("%s: %s failed for entry %s", incident.reference, receiver.name, entry.seq)
        incident.refresh_from_db()  # what the receiver changed in memory was rolled back
        reaction.status, reaction.error = Reaction.Status.FAILED, repr(error)[:2000]
        reaction.not_before = clock.now() + timedelta(seconds=5)
    return reaction


def retry(*, limit: int = 50) -> int:
    """Try failed reactions that are due again; returns how many were tried. After 8 attempts one is dead, and audited."""
    due = Reaction.objects.filter(status=Reaction.Status.FAILED, not_before__lte=clock.now()).order_by("not_before")
    claimed = leases.claim(due, seconds=LEASE_SECONDS, limit=limit)
    for reaction in claimed:
        _retry_one(reaction)
    return len(claimed)


def _retry_one(reaction: Reaction) -> None:
    receiver = entry_recorded.receivers.get(reaction.receiver)
    if receiver is None:
        leases.settle(reaction, status=Reaction.Status.DEAD, error="this receiver is gone")
        return
    try:
        with transaction.atomic():
            entry = TimelineEntry.objects.select_related("body").get(pk=reaction.entry_id)
            incident = lock(Incident.objects.filter(pk=entry.incident_id)).get()
            content = loads(entry.body.content.encode()) if entry.body.content else {"data": {}}
            receiver.react(entry, incident, content["data"])
            if not leases.settle(reaction, status=Reaction.Status.DONE, error="", not_before=None):
                transaction.set_rollback(True)  # another worker took it over; its result counts
    except Exception as error:  # kept, counted and audited
        logger.exception("retry of %s for entry %s failed", reaction.receiver, reaction.entry_id)
        dead = reaction.attempts >= MOST_ATTEMPTS
        leases.settle(
            reaction,
            status=Reaction.Status.DEAD if dead else Reaction.Status.FAILED,
            error=repr(error)[:2000],
            not_before=None if dead else clock.now() + timedelta(seconds=5 * 2**reaction.attempts),
        )
