"""One transaction from a batch of alerts to rows, groups, incidents and their story; the same few queries for 1 alert and for 500.

Lock order: incident → group → alerts. Everything is looked at once without locks to know what to lock, decided on locked rows.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection
from django.db.models import Q

from detection import acknowledgements, bulk, effects, groups, rules, setting_aside, silencing
from detection.held import Held
from detection.models import Alert, AlertGroup, Candidate, Envelope, Source
from detection.normal import Batch, NormalAlert
from detection.placing import key_of, needs_group
from detection.unfolding import Change, Notice, regraded, unfold
from incidents.models import Incident, State
from incidents.models.incident import OPEN_STATES
from lib import failpoints
from lib.db import StaleHead

REACHES_BACK = timedelta(hours=48)  # how far back rows are looked for beside those a notice names
STAMP_EVERY = timedelta(seconds=10)  # a source's last receipt is written no more often: its row would be everybody's queue
WRITTEN = (
    "status", "is_firing", "starts_at", "ends_at", "episodes", "fired", "name", "title", "summary", "url", "labels", "label_text", "annotations", "links",
    "severity", "service", "group", "incident", "silence", "why", "last_received_at", "times",
)  # fmt: skip
PLACED: Any = Alert._meta.get_field("incident")


@dataclass(frozen=True)
class Delivery:
    """A request to be stored; `alerts` are those of its batch that `part` has not stored before."""

    batch: Batch
    raw: bytes
    alerts: list[NormalAlert]


@dataclass
class Outcome:
    """What became of a request."""

    accepted: int
    references: list[str] = field(default_factory=list)  # of incidents that are not private


def take(source: Source, deliveries: list[Delivery], received: datetime) -> list[Outcome]:
    """Store requests of one source, in the order in which they came, and do all they mean as if it were one, in the caller's transaction.

    Raises StaleHead when another request was quicker: begin again.
    """
    bulk.insert([_envelope(source, delivery, received) for delivery in deliveries])
    for delivery in deliveries:
        setting_aside.keep(source, delivery.batch.rejected, received)
    alerts = [alert for delivery in deliveries for alert in delivery.alerts]
    changes = _correlate(source, alerts, received) if alerts else []
    acknowledgements.note(source, [fingerprint for delivery in deliveries for fingerprint in delivery.batch.acknowledged])
    stamp(source, received)
    failpoints.hit("detection.before_commit")
    incidents: dict[str, set[int]] = {}
    for change in changes:
        if change.row.incident_id:
            incidents.setdefault(change.row.fingerprint, set()).add(change.row.incident_id)
    references = _references(changes)
    return [
        Outcome(
            len(delivery.batch.alerts),
            [references[pk] for pk in sorted({pk for alert in delivery.alerts for pk in incidents.get(alert.fingerprint, ())}) if pk in references],
        )
        for delivery in deliveries
    ]


def part(source: Source, alerts: list[NormalAlert], received: datetime) -> list[str]:
    """Store some alerts of a batch and do all they mean, as `take`; returns the incidents."""
    return list(_references(_correlate(source, alerts, received)).values())


def _envelope(source: Source, delivery: Delivery, received: datetime) -> Envelope:
    return Envelope(
        source=source,
        received_at=received,
        body=delivery.raw.decode("utf-8", "replace").replace("\x00", ""),
        digest=hashlib.sha256(delivery.raw).hexdigest(),
        accepted=len(delivery.batch.alerts),
        rejected=len(delivery.batch.rejected),
        truncated=delivery.batch.truncated,
    )


def release(source: Source, keys: list[int], received: datetime) -> int:
    """Place those of these alerts (ids) that no silence holds any more as if they came now, in the caller's transaction; returns how many.

    Raises StaleHead.
    """
    looked = list(Alert.objects.firing().filter(pk__in=keys, silence__isnull=False).order_by("pk"))
    in_force = silencing.in_force(source, received)
    return len(_settle(source, looked, lambda rows: silencing.freed(rows, in_force), received))


def regrade(source: Source, keys: list[int], received: datetime) -> list[Change]:
    """Give these alerts (ids) the severity that the rules in force say now, and do what follows, in the caller's transaction. Raises StaleHead."""
    looked = list(Alert.objects.filter(pk__in=keys, source=source).order_by("pk"))
    said = rules.read(source, (row.labels for row in looked))
    in_force = silencing.in_force(source, received)
    of_them = Incident.objects.filter(pk__in={row.incident_id for row in looked if row.incident_id})
    over = set(of_them.exclude(state__in=OPEN_STATES).values_list("pk", flat=True))
    return _settle(source, looked, lambda rows: silencing.hush(regraded(rows, said, over), in_force), received)


def _correlate(source: Source, alerts: list[NormalAlert], received: datetime) -> list[Change]:
    notices = _notices(source, alerts, received)
    looked = _look(source, notices, received)
    in_force = silencing.in_force(source, received)
    return _settle(source, looked, lambda rows: silencing.hush(unfold(source, notices, rows, received), in_force), received)


def _settle(source: Source, looked: list[Alert], changes_of: Callable[[Iterable[Alert]], list[Change]], received: datetime) -> list[Change]:
    """Lock what the changes of these rows touch, make them anew of the locked rows, and carry them out."""
    glimpse = changes_of(looked)
    homeless = [change.row for change in glimpse if change.is_touched and needs_group(change.row)]
    homes = groups.homes(source, homeless, received)
    groups.open_missing(homeless, homes, received)
    held = _hold(glimpse, {key_of(row, homes) for row in homeless})
    held.homes = homes
    changes = glimpse
    if connection.features.has_select_for_update:
        changes = changes_of(bulk.read(Alert, "id", [row.pk for row in looked], is_locked=True))
        _check(held, homeless, changes)
    placed = groups.place(changes, held, source, received)
    _write(changes)
    effects.tell(changes, placed, held, source, received)
    return changes


def _notices(source: Source, alerts: list[NormalAlert], received: datetime) -> dict[str, list[Notice]]:
    in_force = rules.read(source, (alert.labels for alert in alerts))
    notices: dict[str, list[Notice]] = {}
    for alert in alerts:
        notices.setdefault(alert.fingerprint, []).append(Notice(alert, rules.meaning(alert, in_force, received)))
    return notices


def _look(source: Source, notices: dict[str, list[Notice]], received: datetime) -> list[Alert]:
    """The rows that this batch may change, not locked. The oldest start of the batch says how far back, two days at most.

    Where a notice names no start, its last row is meant, and that may have ended long before.
    """
    starts = sorted({notice.alert.starts_at for said in notices.values() for notice in said if notice.alert.starts_at})
    startless = [fingerprint for fingerprint, said in notices.items() if any(notice.alert.starts_at is None for notice in said)]
    floor = received - REACHES_BACK if startless else max(min([*starts[:1], received]), received - REACHES_BACK)
    return list(Alert.objects.touching(source, list(notices), starts, floor, startless))


def _hold(changes: Iterable[Change], keys: set[str]) -> Held:
    """Lock the incidents and then the groups that the changed rows belong to or will belong to."""
    touched = [change.row for change in changes if change.is_touched]
    wanted = Q(key__in=keys, is_open=True) | Q(pk__in={row.group_id for row in touched if row.group_id})
    if not touched or not (keys or any(row.group_id or row.incident_id for row in touched)):
        return Held()
    seen = dict(AlertGroup.objects.filter(wanted).values_list("pk", "incident_id"))
    wanted_incidents = {pk for pk in [*seen.values(), *(row.incident_id for row in touched)] if pk}
    held = Held()
    held.incidents = {incident.pk: incident for incident in bulk.read(Incident, "id", wanted_incidents, is_locked=True)}
    held.groups = {group.pk: group for group in bulk.read(AlertGroup, "id", seen, is_locked=True)}
    held.by_key = {group.key: group for group in held.groups.values() if group.is_open}
    if any(group.incident_id and group.incident_id not in held.incidents for group in held.groups.values()):
        raise StaleHead("a group got its incident in between")
    if any(incident.state == State.MERGED for incident in held.incidents.values()):
        raise StaleHead("an incident was merged in between")
    if not keys <= set(held.by_key):
        raise StaleHead("a group was closed in between")
    held.candidates = {candidate.group_id: candidate for candidate in bulk.read(Candidate, "group_id", held.groups)}
    return held


def _check(held: Held, homeless: list[Alert], changes: list[Change]) -> None:
    """What was seen without a lock must still be so: the same alerts without a group, the same groups and incidents."""
    touched = [change.row for change in changes if change.is_touched]
    if {key_of(row, held.homes) for row in touched if needs_group(row)} != {key_of(row, held.homes) for row in homeless}:
        raise StaleHead("an alert was placed in between")
    if any((row.incident_id and row.incident_id not in held.incidents) or (row.group_id and row.group_id not in held.groups) for row in touched):
        raise StaleHead("an alert was placed in between")


def _write(changes: list[Change]) -> None:
    """All rows in at most three statements; ends before beginnings, so that one row per fingerprint fires at any moment."""
    changed = [change for change in changes if not change.is_new and (change.is_touched or change.is_reworded)]
    heard = [change.row for change in changes if not change.is_new and not change.is_touched and not change.is_reworded]
    try:
        bulk.update([change.row for change in changed], WRITTEN)
        bulk.update(heard, ["last_received_at", "times"])
        bulk.insert([change.row for change in changes if change.is_new])
    except IntegrityError as error:
        raise StaleHead("the same alert was stored in between") from error


def stamp(source: Source, received: datetime) -> None:
    """Remember that the source was heard."""
    if source.last_received_at is None or received - source.last_received_at >= STAMP_EVERY:
        Source.objects.filter(pk=source.pk).update(last_received_at=received)


def _references(changes: list[Change]) -> dict[int, str]:
    """The incidents that these alerts belong to; private ones are not named."""
    rows = [(pk, change.row) for change in changes if (pk := change.row.incident_id)]
    known = {pk: row.incident for pk, row in rows if PLACED.is_cached(row)}  # locked just now
    wanted = {pk for pk, _row in rows if pk not in known}
    found = {pk: incident.reference for pk, incident in known.items() if incident and not incident.is_private}
    if wanted:
        found |= dict(Incident.objects.filter(pk__in=wanted, is_private=False).values_list("pk", "reference"))
    return dict(sorted(found.items()))
