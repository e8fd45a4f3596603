"""What a batch means for incidents and candidates: one entry each in the story, severity, recovery, the watch."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from detection import groups
from detection.held import Held
from detection.models import Alert, Candidate, Source
from detection.placing import GROUPS, gravest
from detection.unfolding import Change
from incidents import lifecycle, timeline
from incidents.lifecycle.states import is_graver
from incidents.models import Incident, State

NAMED = 5  # alerts named in one entry; the rest is counted


def tell(changes: list[Change], placed: groups.Placed, held: Held, source: Source, received: datetime) -> None:
    """Carry out and record what the stored changes mean; counts are those after the write."""
    by_incident: dict[int, list[Change]] = {}
    touched_groups = set()
    for change in changes:
        if change.is_touched and (change.began or change.ended):
            if change.row.incident_id:
                by_incident.setdefault(change.row.incident_id, []).append(change)
            elif change.row.group_id:
                touched_groups.add(change.row.group_id)
    firing_in, firing_of = _firing(by_incident, touched_groups)
    for pk in sorted(by_incident):
        incident = held.incidents[pk]
        if pk not in placed.quiet or any(change.row.is_firing for change in by_incident[pk]):
            _tell_incident(incident, by_incident[pk], firing_in[pk], placed, f"detection:{source.name}")
    for group_id in sorted(touched_groups & set(held.candidates)):
        _tell_candidate(held.candidates[group_id], firing_of[group_id])


def _firing(incidents: Iterable[int], group_ids: Iterable[int]) -> tuple[Counter[int], Counter[int]]:
    """How many alerts of each incident and of each group fire now, in one query."""
    in_incident: Counter[int] = Counter()
    of_group: Counter[int] = Counter()
    if incidents or group_ids:
        counted = Alert.objects.firing().filter(Q(incident__in=incidents) | Q(group__in=group_ids)).order_by()
        for incident_id, group_id, count in counted.values_list("incident", "group").annotate(count=Count("pk")):
            in_incident[incident_id] += count
            of_group[group_id] += count
    return in_incident, of_group


def _tell_incident(incident: Incident, changes: list[Change], firing: int, placed: groups.Placed, origin: str) -> None:
    began = [change.row for change in changes if change.began]
    fires = [row for row in began if row.is_firing]
    if incident.pk in placed.reopened:
        incident = lifecycle.transition(incident, State.DIAGNOSING, actor=None, note=placed.reopened[incident.pk], source=origin)
    if fires and incident.recovered_at:
        incident = lifecycle.fires_again(incident, source=origin)
    if fires and incident.state == State.WATCHING:
        incident = lifecycle.restart_watch(incident, source=origin)
    timeline.record(incident, "detection.alerts", source=origin, data=_story(incident, changes, firing, placed))
    incident = _raise(incident, began, origin)
    if firing == 0 and incident.is_open:
        recover(incident, origin)


def recover(incident: Incident, origin: str) -> None:
    """No alert of it fires any more: an untouched one waits for a look, for a confirmed one the watch is suggested."""
    if incident.state == State.DECLARED:
        lifecycle.mark_recovered(incident, source=origin)
    elif incident.state != State.WATCHING:
        lifecycle.suggest_watch(incident, source=origin)


def _raise(incident: Incident, began: list[Alert], origin: str) -> Incident:
    """A joining alert may raise the severity, never lower it."""
    grave = [row for row in began if row.severity in GROUPS]
    if grave and is_graver(gravest(grave).severity, incident.severity):
        worst = gravest(grave)
        return lifecycle.advise_severity(incident, worst.severity, why={"alert": worst.title}, source=origin)
    return incident


def _story(incident: Incident, changes: list[Change], firing: int, placed: groups.Placed) -> dict[str, Any]:
    began = [change.row for change in changes if change.began]
    ended = [change.row for change in changes if change.ended or (change.began and not change.row.is_firing)]
    return {
        "opened": incident.pk in placed.declared,
        "reopened": incident.pk in placed.reopened,
        "began": len(began),
        "ended": len(ended),
        "firing": firing,
        "alerts": [_named(row) for row in sorted(began or ended, key=lambda row: (row.severity, row.starts_at, row.fingerprint))[:NAMED]],
    }


def _named(row: Alert) -> dict[str, Any]:
    return {
        "title": row.title,
        "name": row.name,
        "severity": row.severity,
        "rule": {key: row.why.get(key) for key in ("severity", "service")},
    }


def _tell_candidate(candidate: Candidate, firing: int) -> None:
    """It is withdrawn when it has recovered, and waits again when it fires anew."""
    if firing == 0 and candidate.status == Candidate.Status.WAITING:
        groups.settle(candidate, Candidate.Status.WITHDRAWN)
    elif firing and candidate.status == Candidate.Status.WITHDRAWN:
        groups.settle(candidate, Candidate.Status.WAITING)
