"""What the machines' own recovery means: a mark and a suggestion, never a resolution."""

from typing import Any

from django.db import transaction

from accounts import calendars
from incidents import clocks, timeline
from incidents.lifecycle.holding import hold
from incidents.models import Incident, State
from lib import clock
from lib.db import retried


@retried
def mark_recovered(incident: Incident, *, source: str = "") -> Incident:
    """All alerts of an incident that nobody touched have ended: it waits for a look by the next working morning."""
    with transaction.atomic():
        incident = hold(incident.pk)
        if incident.state != State.DECLARED or incident.acknowledged_at or incident.recovered_at:
            return incident
        now = clock.now()
        incident.recovered_at, incident.look_due_at = now, calendars.next_morning(now)
        incident.save(update_fields=["recovered_at", "look_due_at"])
        timeline.record(incident, "incidents.recovered", source=source, data={"look_due": incident.look_due_at.isoformat()})
    return incident


@retried
def suggest_watch(incident: Incident, *, source: str = "", data: dict[str, Any] | None = None) -> Incident:
    """All alerts of a confirmed incident have ended: the portal suggests the watch, a person decides."""
    with transaction.atomic():
        incident = hold(incident.pk)
        if incident.state in (State.CONFIRMED, State.DIAGNOSING, State.FIXING, State.ROLLING_BACK, State.VERIFYING):
            timeline.record(incident, "incidents.watch_suggested", source=source, data=data or {})
    return incident


@retried
def fires_again(incident: Incident, *, source: str = "", data: dict[str, Any] | None = None) -> Incident:
    """An incident that had recovered by itself fires again: it is as open as before, and whoever was told is told."""
    with transaction.atomic():
        incident = hold(incident.pk)
        if incident.recovered_at is not None:
            incident.recovered_at = incident.look_due_at = None
            incident.save(update_fields=["recovered_at", "look_due_at"])
            timeline.record(incident, "incidents.fires_again", source=source, data=data or {})
    return incident


@retried
def restart_watch(incident: Incident, *, source: str = "", data: dict[str, Any] | None = None) -> Incident:
    """An alert came back while watching: the watch begins anew (design.md "Recovered by itself")."""
    with transaction.atomic():
        incident = hold(incident.pk)
        if incident.state == State.WATCHING:
            clocks.on_state(incident, State.WATCHING, State.WATCHING, now=clock.now())
            timeline.record(incident, "incidents.watch_restarted", source=source, data=data or {})
    return incident
