"""Turns one thing to be told into deliveries to many, outside the incident's transaction."""

import hashlib
import logging
from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction

from comms import channels, holding, notices, outbox
from comms.contacts import mail_addresses
from comms.models import Fanout
from comms.outbox import Letter
from incidents import lifecycle, timeline
from incidents.models import Incident
from lib import leases
from lib.db import retried
from lib.failpoints import hit

logger = logging.getLogger(__name__)

BATCH, LEASE_SECONDS = 20, 60.0
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0  # seconds


def work(now: datetime) -> int:
    """Fan out what waits; a failed one is tried again, longer apart each time, and shows in `audit.invariants`. Nothing while effects are held."""
    if holding.current() is not None:
        return 0
    waiting = Fanout.objects.filter(done_at=None, not_before__lte=now).order_by("not_before", "id")
    claimed = leases.claim(waiting, seconds=LEASE_SECONDS, limit=BATCH)
    for row in claimed:
        hit("comms.fan_out")
        try:
            _tell(row, now)
        except Exception as error:
            logger.exception("fan-out %s of incident %s failed", row.pk, row.incident_id)
            pause = min(FIRST_PAUSE * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
            leases.settle(row, not_before=now + timedelta(seconds=pause), error=repr(error)[:500])
    return len(claimed)


@retried
def _tell(row: Fanout, now: datetime) -> None:
    """One transaction: the deliveries (existing keys are left alone), the entry that says so, and the end of the row."""
    with transaction.atomic():
        incident = lifecycle.hold(row.incident_id)
        rule = notices.RULES[row.kind]
        readers = [] if incident.is_imported else notices.readers(rule, incident, row.params)
        letters = _letters(row, rule, readers, incident, now)
        outbox.enqueue_many(letters)
        if not leases.settle(row, done_at=now, people=len(readers), error=""):
            transaction.set_rollback(True)  # another worker has it by now
            return
        _note(row, incident, readers, letters)


def _letters(row: Fanout, rule: notices.Rule, readers: list[notices.Reader], incident: Incident, now: datetime) -> list[Letter]:
    """One per reader and address."""
    why = {reader.person.pk: reader for reader in readers}
    return [
        Letter(
            kind=row.kind,
            channel=place.channel,
            key=key_of(row, place.person.pk, f"{place.channel}:{place.address}"),
            person=place.person,
            address=place.address,
            contact_method=place.method,
            params={**row.params, "why": why[place.person.pk].why, "teams": list(why[place.person.pk].teams)},
            incident=incident,
            expires_at=now + rule.lasts,
            precondition=rule.precondition,
        )
        for place in mail_addresses(reader.person for reader in readers)
    ]


def key_of(row: Fanout, person: int, address: str) -> str:
    """The same for the same entry, kind, person and address, however often it is fanned out."""
    return f"{row.kind}:{row.entry_id}:{person}:{hashlib.sha256(address.lower().encode()).hexdigest()[:16]}"


def _note(row: Fanout, incident: Incident, readers: list[notices.Reader], letters: list[Letter]) -> None:
    people: dict[str, set[int]] = {}
    for letter in letters:
        people.setdefault(channels.RECORDER if incident.is_drill else letter.channel, set()).add(letter.person.pk)
    reasons = Counter(reader.why for reader in readers)
    for channel, told in sorted(people.items()):
        data = {"kind": row.kind, "channel": channel, "people": len(told), "why": reasons.most_common(1)[0][0]}
        timeline.record(incident, "comms.told", data=data)
