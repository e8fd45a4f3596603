"""The core's sweep: what was missed, lapsed or ran out is recorded once, whoever else sweeps (design.md "Steps and clocks")."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from incidents import clocks, timeline
from incidents.lifecycle import hold
from incidents.models import Clock, Incident, Role, RoleAssignment, Severity, State, Step, TimelineEntry
from incidents.models.incident import OPEN_STATES
from incidents.playbook import incident_playbook
from lib import clock, sweeping
from lib.db import retried

MOST_INCIDENTS = 200  # per run and rule; the rest is due at the next run
DEFAULT_GRACE_SECONDS = 120


def sweep_steps(now: datetime | None = None) -> int:
    """Record everything that time brought: late steps, broken clocks, lapsed acknowledgements, missing commanders, watches
    that are over, looks that are due. Each in a transaction of its own incident; returns how many incidents were worked."""
    now = now or clock.now()
    return sum(sweeping.each(find(now), partial(_on_one, act=act, now=now), act.__name__) for find, act in RULES)


@retried
def _on_one(pk: int, act: Callable[[Incident, datetime], bool], now: datetime) -> bool:
    with transaction.atomic():
        incident = hold(pk)
        return not incident.is_imported and act(incident, now)


def _late_steps(now: datetime) -> Iterable[int]:
    chased = [*OPEN_STATES, State.RESOLVED]
    late = Step.objects.pending().filter(late_at=None, due_at__lte=now, incident__is_imported=False, incident__state__in=chased)
    return list(late.values_list("incident_id", flat=True).order_by("incident_id").distinct()[:MOST_INCIDENTS])


def _record_late(incident: Incident, now: datetime) -> bool:
    steps = list(Step.objects.pending().filter(incident=incident, late_at=None, due_at__lte=now).order_by("due_at", "position"))
    for step in steps:
        if step.due_at is None or not Step.objects.pending().filter(pk=step.pk, late_at=None).update(late_at=now):
            continue
        data = {"list": step.list, "key": step.key, "title": step.title, "due": step.due_at.isoformat(), "role": step.role}
        timeline.record(incident, "incidents.step_late", data=data)
    return bool(steps)


def _broken_clocks(now: datetime) -> Iterable[int]:
    due = Clock.objects.filter(stopped_at=None, breached_at=None, due_at__lte=now, incident__is_imported=False).exclude(kind=Clock.Kind.WATCH)
    return list(due.values_list("incident_id", flat=True).order_by("incident_id").distinct()[:MOST_INCIDENTS])


def _record_broken(incident: Incident, now: datetime) -> bool:
    due = Clock.objects.filter(incident=incident, stopped_at=None, breached_at=None, due_at__lte=now).exclude(kind=Clock.Kind.WATCH)
    rows = list(due.select_related("service"))
    for row in rows:
        values: dict[str, Any] = {"breached_at": row.due_at}
        if row.kind == Clock.Kind.RPO:
            values["stopped_at"] = incident.began_at
        if Clock.objects.filter(pk=row.pk, breached_at=None).update(**values):
            clocks.record_breach(incident, row)
    return bool(rows)


def _watches_over(now: datetime) -> Iterable[int]:
    over = Clock.objects.filter(kind=Clock.Kind.WATCH, stopped_at=None, due_at__lte=now, incident__state=State.WATCHING, incident__is_imported=False)
    return list(over.values_list("incident_id", flat=True)[:MOST_INCIDENTS])


def _record_watch_over(incident: Incident, now: datetime) -> bool:
    row = Clock.objects.filter(incident=incident, kind=Clock.Kind.WATCH, stopped_at=None, due_at__lte=now).first()
    if row is None or incident.state != State.WATCHING or not Clock.objects.filter(pk=row.pk, stopped_at=None).update(stopped_at=row.due_at):
        return False
    timeline.record(incident, "incidents.watch_over", data={"seconds": row.target_seconds})
    return True


def _lapsing(now: datetime) -> Iterable[int]:
    return list(Incident.objects.open().filter(acknowledged_until__lte=now, is_imported=False).values_list("pk", flat=True)[:MOST_INCIDENTS])


def _ask_or_lapse(incident: Incident, now: datetime) -> bool:
    """No sign of life for a whole lease: ask once; no answer in the time of grace: nobody has it, and escalation goes on."""
    if not incident.is_open or incident.acknowledged_until is None or incident.acknowledged_until > now:
        return False
    person = incident.acknowledged_by
    data = {"person": {"id": person.pk, "name": str(person)} if person else None}
    if incident.acknowledgement_asked_at is None:
        grace = incident_playbook(incident).severity(incident.severity).ack_grace_seconds or DEFAULT_GRACE_SECONDS
        incident.acknowledgement_asked_at, incident.acknowledged_until = now, now + timedelta(seconds=grace)
        incident.save(update_fields=["acknowledgement_asked_at", "acknowledged_until"])
        timeline.record(incident, "incidents.acknowledgement_asked", data={**data, "until": incident.acknowledged_until.isoformat()})
    else:
        incident.acknowledged_by = incident.acknowledged_until = incident.acknowledgement_asked_at = None
        incident.save(update_fields=["acknowledged_by", "acknowledged_until", "acknowledgement_asked_at"])
        timeline.record(incident, "incidents.acknowledgement_lapsed", data=data)
    return True


def _without_commander(now: datetime) -> Iterable[int]:
    """Candidates only: which severities need a commander by when is in the playbook of each incident."""
    commanded = RoleAssignment.objects.filter(incident=OuterRef("pk"), role=Role.COMMANDER, until=None)
    told = TimelineEntry.objects.filter(incident=OuterRef("pk"), kind="incidents.no_commander")
    waiting = Incident.objects.open().filter(~Exists(commanded), ~Exists(told), is_imported=False, recovered_at=None, declared_at__lt=now)
    return [incident.pk for incident in waiting.order_by("severity", "declared_at")[:MOST_INCIDENTS] if _needs_commander(incident, now)]


def _needs_commander(incident: Incident, now: datetime) -> bool:
    seconds = incident_playbook(incident).severity(incident.severity).commander_within_seconds
    return seconds is not None and incident.declared_at + timedelta(seconds=seconds) <= now


def _record_no_commander(incident: Incident, now: datetime) -> bool:
    """T+5 counts from the declaration, or from the raise that made a commander needed."""
    if not incident.is_open or incident.recovered_at or not _needs_commander(incident, now):
        return False
    entries = TimelineEntry.objects.filter(incident=incident)
    if entries.filter(kind="incidents.no_commander").exists():
        return False
    if RoleAssignment.objects.filter(incident=incident, role=Role.COMMANDER, until=None).exists():
        return False
    seconds = incident_playbook(incident).severity(incident.severity).commander_within_seconds or 0
    if entries.filter(kind="incidents.severity", recorded_at__gt=now - timedelta(seconds=seconds)).exists():
        return False
    timeline.record(incident, "incidents.no_commander", data={"severity": Severity(incident.severity).value, "seconds": seconds})
    return True


def _looks_due(now: datetime) -> Iterable[int]:
    told = TimelineEntry.objects.filter(incident=OuterRef("pk"), kind="incidents.look_due", recorded_at__gte=OuterRef("recovered_at"))
    due = Incident.objects.filter(~Exists(told), state=State.DECLARED, look_due_at__lte=now, is_imported=False).filter(Q(recovered_at__lte=F("look_due_at")))
    return list(due.values_list("pk", flat=True)[:MOST_INCIDENTS])


def _record_look_due(incident: Incident, now: datetime) -> bool:
    if incident.state != State.DECLARED or incident.look_due_at is None or incident.recovered_at is None or incident.look_due_at > now:
        return False
    if TimelineEntry.objects.filter(incident=incident, kind="incidents.look_due", recorded_at__gte=incident.recovered_at).exists():
        return False
    timeline.record(incident, "incidents.look_due", data={"due": incident.look_due_at.isoformat()})
    return True


RULES: tuple[tuple[Callable[[datetime], Iterable[int]], Callable[[Incident, datetime], bool]], ...] = (
    (_late_steps, _record_late),
    (_broken_clocks, _record_broken),
    (_watches_over, _record_watch_over),
    (_lapsing, _ask_or_lapse),
    (_without_commander, _record_no_commander),
    (_looks_due, _record_look_due),
)
