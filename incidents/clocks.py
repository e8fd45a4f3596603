"""Clocks that run against a target: time to recover, data that may be lost, the watch (`manual.md §§1, 4, 8`)."""

from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from incidents import timeline
from incidents.due import due_after
from incidents.models import Clock, Incident, RecoveryPoint, Service, State
from incidents.playbook import Playbook, SeverityRule, incident_playbook

OVER = (State.DISMISSED, State.MERGED)


def start(incident: Incident, *, now: datetime) -> None:
    """Start the clocks of a declared incident."""
    recompute(incident, now=now)


def on_state(incident: Incident, old: str, new: str, *, now: datetime) -> None:
    """Let the clocks follow a change of state.

    Entering *watching* stops the RTO clock and starts the watch (again, when it is entered from itself); back to
    diagnosing clears both, as `mitigated` is cleared.
    """
    recompute(incident, now=now, note_breach=True)
    if new == State.WATCHING:
        _start_watch(incident, now)
    elif old == State.WATCHING:
        Clock.objects.filter(incident=incident, kind=Clock.Kind.WATCH, stopped_at=None).update(stopped_at=now)


def recompute(incident: Incident, *, now: datetime, note_breach: bool = False) -> None:
    """Bring the clocks in line with severity, services and milestones; doing it twice changes nothing.

    Verdicts are computed anew: a clock that a corrected milestone shows as kept is no longer broken.
    """
    playbook = incident_playbook(incident)
    rule = playbook.severity(incident.severity)
    services = _services(incident)
    _recovery_time(incident, rule, services, now, note_breach)
    _data_exposure(incident, rule, services)
    _retarget_watch(incident, rule)


def target(seconds: int, services: list[Service], field: str, rule: SeverityRule) -> tuple[int, Service | None]:
    """The target in force and the service that sets it: the severity's, for P1/P2 the strictest of it and the services'."""
    best: tuple[int, Service | None] = (seconds, None)
    for service in services if rule.is_strictest_target else ():
        own = getattr(service, field)
        if own is not None and own < best[0]:
            best = (own, service)
    return best


def _recovery_time(incident: Incident, rule: SeverityRule, services: list[Service], now: datetime, note_breach: bool) -> None:
    """RTO: from `began` to `mitigated`; an incident that turned out to be none, or part of another, stops it as it ends."""
    seconds, service = target(rule.rto_seconds, services, "rto_seconds", rule)
    held = Clock.objects.filter(incident=incident, kind=Clock.Kind.RTO).first()
    stopped = incident.mitigated_at
    if stopped is None and incident.state in OVER:
        stopped = held.stopped_at if held and held.stopped_at else now
    row = held or Clock(incident=incident, kind=Clock.Kind.RTO)
    row.service, row.target_seconds, row.is_working_time = service, seconds, rule.is_working_time
    row.started_at, row.due_at, row.stopped_at = incident.began_at, due_after(incident.began_at, seconds, rule), stopped
    is_late = incident.mitigated_at is not None and incident.mitigated_at > row.due_at
    was_breached = row.breached_at is not None
    if incident.mitigated_at is not None:
        row.breached_at = row.due_at if is_late else None
    elif stopped is None:
        row.breached_at = row.breached_at if was_breached and row.due_at <= now else None
    row.save()
    if note_breach and is_late and not was_breached:
        record_breach(incident, row)


def _data_exposure(incident: Incident, rule: SeverityRule, services: list[Service]) -> None:
    """RPO per service hit: `began` minus its last recovery point before that; without one the exposure is unknown."""
    rows = {row.service_id or 0: row for row in Clock.objects.filter(incident=incident, kind=Clock.Kind.RPO)}
    gone = set(rows) - {service.pk for service in services}
    if gone:
        Clock.objects.filter(incident=incident, kind=Clock.Kind.RPO, service_id__in=gone).delete()
    for service in services:
        row = rows.setdefault(service.pk, Clock(incident=incident, kind=Clock.Kind.RPO, service=service))
        seconds, _by = target(rule.rpo_seconds, [service], "rpo_seconds", rule)
        point = service.last_point  # type: ignore[attr-defined]
        exposure = None if point is None else int((incident.began_at - point).total_seconds())
        row.target_seconds, row.exposure_seconds = seconds, exposure
        row.started_at = point or incident.began_at
        row.due_at = row.started_at + timedelta(seconds=seconds)
        is_over = exposure is not None and exposure > seconds
        # Broken targets stay running until the sweep has told of them; the others have nothing to run for.
        row.breached_at = row.breached_at if is_over else None
        row.stopped_at = None if is_over and row.breached_at is None else incident.began_at
    kept = [row for pk, row in rows.items() if pk not in gone]
    known = [row for row in kept if row.pk is not None]
    Clock.objects.bulk_create([row for row in kept if row.pk is None])
    if known:
        Clock.objects.bulk_update(known, ["target_seconds", "exposure_seconds", "started_at", "due_at", "stopped_at", "breached_at"])


def _services(incident: Incident) -> list[Service]:
    """The services hit, each with its last recovery point before the incident began."""
    points = RecoveryPoint.objects.filter(service=OuterRef("pk"), at__lte=incident.began_at).order_by("-at")
    rows = Service.objects.filter(impacts__incident=incident).annotate(last_point=Subquery(points.values("at")[:1]))
    return list(rows.order_by("slug"))


def _start_watch(incident: Incident, now: datetime) -> None:
    playbook: Playbook = incident_playbook(incident)
    seconds = playbook.severity(incident.severity).watch_seconds
    if seconds:
        Clock.objects.update_or_create(
            incident=incident,
            kind=Clock.Kind.WATCH,
            service=None,
            defaults={
                "target_seconds": seconds,
                "is_working_time": False,
                "started_at": now,
                "due_at": now + timedelta(seconds=seconds),
                "stopped_at": None,
                "breached_at": None,
            },
        )


def _retarget_watch(incident: Incident, rule: SeverityRule) -> None:
    """A watch that runs takes the new severity's length; without one it ends."""
    row = Clock.objects.filter(incident=incident, kind=Clock.Kind.WATCH, stopped_at=None).first()
    if row is None or row.target_seconds == rule.watch_seconds:
        return
    if not rule.watch_seconds:
        row.delete()
        return
    row.target_seconds, row.due_at = rule.watch_seconds, row.started_at + timedelta(seconds=rule.watch_seconds)
    row.save(update_fields=["target_seconds", "due_at"])


def record_breach(incident: Incident, row: Clock) -> None:
    """Tell of a broken target, once: the caller has just set `breached_at`."""
    timeline.record(
        incident,
        "incidents.clock_breached",
        data={
            "kind": row.kind,
            "service": row.service.slug if row.service else None,
            "target": row.target_seconds,
            "due": row.due_at.isoformat(),
            "exposure": row.exposure_seconds,
        },
    )
