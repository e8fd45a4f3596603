"""Walks over what already came when a label got another meaning: claimed by lease, in batches, taken up again where a killed worker left it."""

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from detection import rules, setting_right
from detection.models import Alert, AlertGroup, Candidate, Mapping, Restatement
from detection.placing import REOPENS
from incidents.models import State
from incidents.models.incident import OPEN_STATES
from lib import clock, leases
from lib.failpoints import hit
from lib.nudge import nudge

logger = logging.getLogger(__name__)
SWEEP = "detection.restate"
BATCH = 200  # alerts between two marks of how far it is
AT_ONCE = 5  # mappings
LEASE_SECONDS = 30.0  # from mark to mark: so long what a killed worker held waits
TURN_SECONDS = 0.05  # between two batches, where writers wait for each other
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0  # seconds


@dataclass(frozen=True)
class Progress:
    """How far one is."""

    mapping: Mapping
    looked: int
    total: int


def ask(mapping: Mapping, *, actor: Any) -> Restatement:
    """Have what the mapping concerns set right, from the beginning, in the caller's transaction; the sweep is woken by its commit."""
    now = clock.now()
    total = sum(found.count() for found in _concerned(mapping))
    anew = {"asked_by": actor, "asked_at": now, "not_before": now, "position": 0, "total": total, "looked": 0, "error": "", "done_at": None}
    # Whoever is at it loses the lease, and with it the right to say how far it is.
    row, _is_new = Restatement.objects.update_or_create(mapping=mapping, defaults={**anew, "lease_until": None, "lease_token": "", "attempts": 0})
    row.mapping = mapping  # which now knows of it, too
    nudge(SWEEP)
    return row


def under_way() -> list[Progress]:
    """What is being set right now, the oldest first."""
    rows = Restatement.objects.filter(done_at=None).select_related("mapping__service", "mapping__source").order_by("not_before", "pk")
    return [Progress(row.mapping, min(row.looked, row.total), row.total) for row in rows]


def work() -> int:
    """Set right what waits; returns how many alerts were looked at. Twice at once, late or after a crash: harmless."""
    waiting = Restatement.objects.filter(done_at=None, not_before__lte=clock.now()).order_by("not_before", "pk")
    looked = 0
    for row in leases.claim(waiting, seconds=LEASE_SECONDS, limit=AT_ONCE):
        looked += _walk(row)
    return looked


def _walk(row: Restatement) -> int:
    """From where it stands to the end, or until another holds the lease."""
    mapping = Mapping.objects.select_related("service", "source").filter(pk=row.mapping_id).first()
    looked = 0
    if mapping is None:  # taken back just now
        return looked
    if row.position == 0:
        row.error = ""  # of the round before
    while alerts := _next(mapping, row.position):
        failed = _batch(row, mapping, alerts)
        hit("detection.restated")
        looked += len(alerts)
        if not _mark(row, position=alerts[-1].pk, looked=row.looked + len(alerts), error=failed or row.error):
            return looked
        if connection.vendor == "sqlite" and len(alerts) == BATCH:
            time.sleep(TURN_SECONDS)
    _finish(row)
    return looked


def _batch(row: Restatement, mapping: Mapping, alerts: list[Alert]) -> str:
    """One transaction for each source and group. What went wrong, or "": one group's trouble holds up no other."""
    failed = ""
    for source, group_id, keys in setting_right.units(mapping, alerts):
        try:
            setting_right.unit(row, mapping, source, group_id, keys)
        except Exception as error:
            logger.exception("alerts of mapping %s cannot be set right", mapping.pk)
            failed = repr(error)[:500]
    return failed


def _mark(row: Restatement, **values: Any) -> bool:
    """Write how far it is and keep the lease; False when it is another's."""
    values["lease_until"] = clock.now() + timedelta(seconds=LEASE_SECONDS)
    written = Restatement.objects.filter(pk=row.pk, lease_token=row.lease_token).update(**values)
    for name, value in values.items():
        setattr(row, name, value)
    return written == 1


def _finish(row: Restatement) -> None:
    """The end; where something went wrong a new beginning, later each time: what is right already stays as it is."""
    if not row.error:
        leases.settle(row, done_at=clock.now())
        return
    pause = min(FIRST_PAUSE * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
    leases.settle(row, position=0, looked=0, not_before=clock.now() + timedelta(seconds=pause))


def _next(mapping: Mapping, position: int) -> list[Alert]:
    """The next alerts that it may concern, by key."""
    found: dict[int, Alert] = {}
    for alerts in _concerned(mapping):
        rows = alerts.filter(pk__gt=position).select_related("source__default_service").order_by("pk")
        found |= {row.pk: row for row in rows[:BATCH]}
    return [found[key] for key in sorted(found)][:BATCH]


def _concerned(mapping: Mapping) -> tuple[QuerySet[Alert], QuerySet[Alert]]:
    """What fires, and what ended in a group that is not done with yet (docs/decisions/0016): two questions, each with its index.

    The text of labels is cut and may hold the same words elsewhere: `setting_right` looks again, and what stands beyond the cut is set
    right when it is heard of again.
    """
    of_it = Alert.objects.filter(name=mapping.value) if mapping.label == rules.NAME else Alert.objects.filter(label_text__contains=str(mapping))
    if mapping.source_id:
        of_it = of_it.filter(source=mapping.source_id)
    return of_it.firing(), of_it.filter(status=Alert.Status.RESOLVED, group__in=list(_live_groups()))


def _live_groups() -> QuerySet[AlertGroup, int]:
    """Groups that an alert which comes now would join: of an open incident, or one resolved within the hour, or of a candidate likewise."""
    lately = clock.now() - REOPENS
    incident = Q(incident__state__in=OPEN_STATES) | Q(incident__state=State.RESOLVED, incident__resolved_at__gte=lately)
    candidate = Q(candidate__status=Candidate.Status.WAITING) | Q(candidate__status=Candidate.Status.WITHDRAWN, candidate__settled_at__gte=lately)
    return AlertGroup.objects.open().filter(incident | Q(candidate, incident=None)).values_list("pk", flat=True)
