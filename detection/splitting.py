"""Splitting: some alerts of an incident turn out to be another one (docs/decisions/0014)."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from detection import bulk, effects
from detection.deciding import decide
from detection.models import Alert, AlertGroup, Candidate
from detection.placing import SPLIT, gravest
from incidents import lifecycle, rights, timeline
from incidents.models import Grant, Incident
from lib import clock
from lib.db import lock, retried
from lib.errors import Refused
from lib.text import clean

MOST = 1000  # alerts split off at once
NAMED = 5  # alerts named in the stories; the rest is counted


@retried
def split(incident: Incident, alerts: Iterable[Alert], *, title: str = "", severity: str = "", actor: Any, reason: str, source: str = "") -> Incident:
    """Declare a new incident of these alerts of `incident`, related to it; title and severity are the gravest one's unless given.

    Its steps count from now: nobody could have done them before. Asked twice it returns what the first made. Lock order:
    incident → groups → alerts. Raises Refused: 409 for one that is over, for all of its alerts or alerts of others; 422; Forbidden, NotFound.
    """
    reason = clean(reason, 2000, multiline=True)
    wanted = {alert.pk for alert in alerts}
    with transaction.atomic():
        incident = lifecycle.hold(incident.pk)
        rights.require(actor, Ability.COMMAND, incident)
        groups = {group.pk: group for group in lock(AlertGroup.objects.filter(incident=incident).order_by("pk"))}
        rows = list(lock(Alert.objects.filter(incident=incident, pk__in=wanted).select_related("service").order_by("pk")))
        if not rows and (made := _made_before(incident, wanted, actor)):
            return made
        _check(incident, rows, wanted, reason)
        fresh = _declare(incident, rows, title, severity, actor, source)
        _move(rows, groups, fresh)
        told = {"alerts": len(rows), "titles": [row.title for row in sorted(rows, key=lambda row: (row.severity, row.starts_at))[:NAMED]]}
        timeline.record(incident, "incidents.split_into", actor=actor, source=source, data={"into": fresh.reference, **told}, text=reason)
        timeline.record(fresh, "incidents.split_from", actor=actor, source=source, data={"from": incident.reference, **told}, text=reason)
        if not any(row.is_firing for row in rows):
            effects.recover(fresh, source)
        elif not Alert.objects.firing().filter(incident=incident).exists():
            effects.recover(incident, source)
    return fresh


def _made_before(incident: Incident, wanted: set[int], actor: Any) -> Incident | None:
    """What the same split has made already, if this person may see it."""
    rows = list(Alert.objects.filter(pk__in=wanted).select_related("incident"))
    made = rows[0].incident if len(rows) == len(wanted) and rows else None
    if made is None or made.related_to_id != incident.pk or any(row.incident_id != made.pk or row.why.get("act") != "split" for row in rows):
        return None
    return made if rights.may(actor, Ability.SEE, made) else None


def _check(incident: Incident, rows: list[Alert], wanted: set[int], reason: str) -> None:
    if not wanted:
        raise Refused(_("Choose the alerts to split off."), status=422)
    if len(wanted) > MOST:
        raise Refused(_("At most %(count)s alerts are split off at once.") % {"count": MOST}, status=422)
    if not reason:
        raise Refused(_("Say why these alerts are another incident."), status=422)
    if not incident.is_open:
        raise Refused(_("%(reference)s is over; its alerts stay with it.") % {"reference": incident.reference})
    if len(rows) != len(wanted):
        raise Refused(_("Some of these alerts do not belong to %(reference)s, or do no more.") % {"reference": incident.reference})
    if not Alert.objects.filter(incident=incident).exclude(pk__in=wanted).exists():
        raise Refused(_("These are all its alerts: that is %(reference)s itself.") % {"reference": incident.reference})


def _declare(incident: Incident, rows: list[Alert], title: str, severity: str, actor: Any, source: str) -> Incident:
    """The new incident: as private as the old one, for the same people, and a drill if that is one."""
    speaker = gravest(rows)
    seen_by = [*incident.grants.all(), *(Grant(person_id=person) for person in incident.assignments.filter(until=None).values_list("person", flat=True))]
    return lifecycle.declare(
        title=title or speaker.title,
        severity=severity or speaker.severity,
        actor=actor,
        services=sorted({row.service.slug for row in rows if row.service and not row.service.archived}),
        summary=speaker.summary,
        private=incident.is_private,
        drill=incident.is_drill,
        began=min([row.starts_at for row in rows if "start_future" not in row.why.get("notes", [])], default=None),
        detected=min(row.received_at for row in rows),
        t0=clock.now(),
        source=source,
        related_to=incident,
        grants=seen_by,
    )


def _move(rows: list[Alert], groups: dict[int, AlertGroup], fresh: Incident) -> None:
    """A group of which all alerts leave goes along; those that leave alone get a group of their own, which no key leads to."""
    leaving = {row.group_id for row in rows if row.group_id}
    divided = set(Alert.objects.filter(group__in=leaving).exclude(pk__in=[row.pk for row in rows]).values_list("group", flat=True))
    whole = leaving - divided
    AlertGroup.objects.filter(pk__in=whole).update(incident=fresh)
    Candidate.objects.filter(group__in=whole).update(incident=fresh)
    homes = {pk: _own(groups[pk], fresh).pk for pk in sorted(divided)}
    for row in rows:
        row.incident, row.group_id = fresh, homes.get(row.group_id, row.group_id) if row.group_id else None
        decide(row, "split")
    bulk.update(rows, ("group", "incident", "why"))


def _own(group: AlertGroup, fresh: Incident) -> AlertGroup:
    return AlertGroup.objects.create(
        key=f"{SPLIT}{fresh.pk}:{group.pk}", service_id=group.service_id, source_id=group.source_id, name=group.name, incident=fresh, opened_at=clock.now()
    )
