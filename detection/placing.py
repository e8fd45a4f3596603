"""Where an alert belongs: its group's key, and what a group's state means for a new alert. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from detection.models import Alert, AlertGroup, Candidate
from incidents.models import Incident, Severity, State

REOPENS = timedelta(minutes=60)  # after resolving, or after a candidate recovered (design.md "Recovered by itself")
DECLARES = (Severity.P1, Severity.P2)
GROUPS = (Severity.P1, Severity.P2, Severity.P3)
SPLIT = "split:"  # begins the key of a group that was split off: no alert's own key does


class Standing(Enum):
    """What a new alert finds at its key."""

    NEW = "new"  # nothing yet
    WAITS = "waits"  # a candidate, waiting or just recovered
    OPEN = "open"  # an incident before resolved
    REOPENS = "reopens"  # one resolved less than an hour ago
    OVER = "over"  # something that is done with


@dataclass(frozen=True, slots=True)
class Home:
    """The split-off group that a fingerprint belongs to since, and whether that is done with."""

    key: str
    is_over: bool


def key_of(alert: Alert, homes: Mapping[str, Home]) -> str:
    """The split-off group of its fingerprint (`homes`), else the service, else source and alert name – never the sender's own group."""
    home = homes.get(alert.fingerprint) if alert.group_id is None else None
    if home is not None and not (home.is_over and alert.is_firing):
        return home.key
    return f"service:{alert.service_id}" if alert.service_id else f"alert:{alert.source_id}:{alert.name[:200]}"


def standing(group: AlertGroup, incident: Incident | None, candidate: Candidate | None, now: datetime) -> Standing:
    """What the group means for an alert that comes now."""
    if incident is not None:
        if incident.is_drill:
            return Standing.OVER  # a real alert never joins an exercise
        if incident.is_open:
            return Standing.OPEN
        is_fresh = incident.state == State.RESOLVED and incident.resolved_at is not None and now - incident.resolved_at <= REOPENS
        return Standing.REOPENS if is_fresh else Standing.OVER
    if candidate is None:
        return Standing.NEW
    if candidate.status == Candidate.Status.WAITING:
        return Standing.WAITS
    if candidate.status == Candidate.Status.WITHDRAWN and candidate.settled_at is not None and now - candidate.settled_at <= REOPENS:
        return Standing.WAITS
    return Standing.OVER


def needs_group(alert: Alert) -> bool:
    """Whether an alert that began looks for a group: P4 is kept alone, an end without a beginning is only noted, a silenced one waits."""
    if alert.silence_id is not None:
        return False
    if alert.group_id is None:
        return alert.fired and alert.severity in GROUPS
    return alert.incident_id is None and alert.is_firing and alert.severity in DECLARES


def gravest(alerts: list[Alert]) -> Alert:
    """The alert that speaks for the others: the gravest, of those the one that began first."""
    return min(alerts, key=lambda alert: (alert.severity, alert.starts_at, alert.fingerprint))
