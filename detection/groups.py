"""Opens groups, declares what must be declared, makes candidates: where each alert that began goes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from detection import bulk
from detection.deciding import decide
from detection.held import Held
from detection.models import Alert, AlertGroup, Candidate, Source
from detection.placing import DECLARES, SPLIT, Home, Standing, gravest, key_of, needs_group, standing
from detection.unfolding import Change
from incidents import lifecycle
from incidents.models import Incident, State
from lib import clock
from lib.db import StaleHead

RELATED_WITHIN = timedelta(days=7)  # a recurrence names the incident before it


@dataclass
class Placed:
    """What was decided, for the story."""

    declared: set[int] = field(default_factory=set)  # incidents
    reopened: dict[int, str] = field(default_factory=dict)  # incident → title of the alert
    quiet: set[int] = field(default_factory=set)  # incidents whose alerts came and went long ago: nothing to tell


def homes(source: Source, homeless: Iterable[Alert], now: datetime) -> dict[str, Home]:
    """The fingerprints whose newest row so far was split off, with the group they have since: it is theirs until it is done with."""
    fingerprints = {row.fingerprint for row in homeless if row.group_id is None}
    if not fingerprints:
        return {}
    of_source = Alert.objects.filter(source=source).order_by("starts_at")
    apart = dict(
        of_source.filter(fingerprint__in=fingerprints, group__is_open=True, group__key__startswith=SPLIT).values_list("fingerprint", "group")
    )  # nearly always nothing
    if not apart:
        return {}
    newest = dict(of_source.filter(fingerprint__in=apart, group__isnull=False).values_list("fingerprint", "group"))
    theirs = {fingerprint: pk for fingerprint, pk in apart.items() if newest[fingerprint] == pk}
    split = AlertGroup.objects.select_related("incident").in_bulk(set(theirs.values()))
    return {fingerprint: Home(split[pk].key, standing(split[pk], split[pk].incident, None, now) is Standing.OVER) for fingerprint, pk in theirs.items()}


def open_missing(homeless: Iterable[Alert], known: Mapping[str, Home], now: datetime) -> None:
    """Insert-or-nothing: one open group per key. A request that comes second waits here for the first."""
    rows = {key: row for row in homeless if not (key := key_of(row, known)).startswith(SPLIT)}
    made = [_group(key, rows[key], now) for key in sorted(rows)]
    bulk.insert(made, conflict="ON CONFLICT DO NOTHING")


def _group(key: str, alert: Alert, now: datetime) -> AlertGroup:
    return AlertGroup(
        key=key,
        service_id=alert.service_id,
        source_id=None if alert.service_id else alert.source_id,
        name="" if alert.service_id else alert.name,
        opened_at=now,
    )


def place(changes: list[Change], held: Held, source: Source, received: datetime) -> Placed:
    """Give every alert that began its group, and its incident or candidate."""
    placed = Placed()
    by_key: dict[str, list[Alert]] = {}
    for change in changes:
        if change.is_touched:
            if needs_group(change.row):
                by_key.setdefault(key_of(change.row, held.homes), []).append(change.row)
            elif change.row.group_id is None and change.row.silence_id is None:
                decide(change.row, "kept" if change.row.fired else "end_only")
    for key in sorted(by_key):
        _place_at(held.by_key[key], by_key[key], held, placed, source, received)
    for change in changes:  # those that waited in a group which was declared just now
        group = held.groups.get(change.row.group_id) if change.row.group_id else None
        if group is not None and group.incident_id:
            change.row.incident_id = group.incident_id
    return placed


def _place_at(group: AlertGroup, rows: list[Alert], held: Held, placed: Placed, source: Source, received: datetime) -> None:
    """Place the alerts of one key."""
    now = clock.now()
    incident = held.incidents.get(group.incident_id) if group.incident_id else None
    candidate = held.candidates.get(group.pk)
    found = standing(group, incident, candidate, now)
    fires = any(row.is_firing for row in rows)
    if found is Standing.OVER and fires:
        group, incident, candidate, found = _renew(group, rows[0], held, now), None, None, Standing.NEW
    if incident is not None:
        if found is Standing.REOPENS and fires:
            placed.reopened[incident.pk] = gravest([row for row in rows if row.is_firing]).title
            act = "reopened"
        else:
            act = "joined" if found is Standing.OPEN else "late"
        if act == "late":
            placed.quiet.add(incident.pk)
    elif gravest(rows).severity in DECLARES:
        incident = _declare(group, rows, candidate, source, received)
        held.incidents[incident.pk] = incident
        placed.declared.add(incident.pk)
        act = "opened"
    else:
        act = "waits"
        if candidate is None:
            held.candidates[group.pk] = _candidate(group, rows, now)
    speaker = gravest(rows) if act == "opened" else None
    for row in rows:
        row.group, row.incident = group, incident
        decide(row, act if speaker in (None, row) else "joined")


def _renew(group: AlertGroup, alert: Alert, held: Held, now: datetime) -> AlertGroup:
    """Close a group that is done with and open the next of its key, under the lock of the old one. A split-off group has no next."""
    if group.key.startswith(SPLIT):
        raise StaleHead("what was split off was over in between")
    AlertGroup.objects.filter(pk=group.pk).update(is_open=False, closed_at=now)
    fresh = _group(group.key, alert, now)
    fresh.save(force_insert=True)
    held.groups[fresh.pk] = held.by_key[group.key] = fresh
    return fresh


def _declare(group: AlertGroup, rows: list[Alert], candidate: Candidate | None, source: Source, received: datetime) -> Incident:
    """Open the incident of a group (P1 and P2); alerts that waited in it come along."""
    speaker = gravest(rows)
    incident = lifecycle.declare(
        title=speaker.title,
        severity=speaker.severity,
        actor=None,
        services=[speaker.service.slug] if speaker.service and not speaker.service.archived else [],
        summary=speaker.summary,
        began=min([row.starts_at for row in rows if "start_future" not in row.why.get("notes", [])], default=received),
        detected=received,
        source=f"detection:{source.name}",
        related_to=previous(group),
    )
    AlertGroup.objects.filter(pk=group.pk).update(incident=incident)
    group.incident = incident
    if candidate is not None:
        Alert.objects.filter(group=group).update(incident=incident)
        settle(candidate, Candidate.Status.JOINED, incident=incident)
    return incident


def previous(group: AlertGroup) -> Incident | None:
    """The incident that the same key last led to, if that is not long ago. Drills and private ones are not named."""
    before = AlertGroup.objects.filter(key=group.key, pk__lt=group.pk, incident__isnull=False).select_related("incident").order_by("-pk").first()
    found = before.incident if before else None
    if found is None or found.is_private or found.is_drill or found.state == State.MERGED or clock.now() - found.declared_at > RELATED_WITHIN:
        return None
    return found


def _candidate(group: AlertGroup, rows: list[Alert], now: datetime) -> Candidate:
    speaker = gravest(rows)
    return Candidate.objects.create(
        group=group,
        title=speaker.title,
        severity=speaker.severity,
        service=speaker.service,
        began_at=min(row.starts_at for row in rows),
        created_at=now,
    )


def settle(candidate: Candidate, status: str, *, incident: Incident | None = None, by: object = None, why: dict[str, Any] | None = None) -> None:
    """Write what became of a candidate; WAITING takes it back. `why`: the rule, where neither a person nor its recovery settled it."""
    candidate.status = status
    candidate.settled_at = None if status == Candidate.Status.WAITING else clock.now()
    candidate.settled_by, candidate.incident, candidate.why = by, incident, why or {}  # type: ignore[assignment]
    candidate.save(update_fields=["status", "settled_at", "settled_by", "incident", "why"])
