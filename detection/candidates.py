"""A person's yes or no to a candidate."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from detection.groups import previous, settle
from detection.models import Alert, AlertGroup, Candidate
from incidents import lifecycle, timeline
from incidents.models import Incident
from lib import clock
from lib.db import lock, retried
from lib.errors import Forbidden, Refused


@retried
def accept(candidate: Candidate, *, actor: Any, severity: str = "", source: str = "") -> Incident:
    """Declare the incident of a candidate; its steps count from now, not from the first alert. Twice gives the same incident.

    Raises Refused (409) for one that is settled otherwise, Forbidden.
    """
    _may(actor)
    with transaction.atomic():
        group, candidate = _hold(candidate)
        if candidate.incident is not None:
            return candidate.incident
        if candidate.status == Candidate.Status.DISMISSED:
            raise Refused(_("This candidate was dismissed."))
        now = clock.now()
        incident = lifecycle.declare(
            title=candidate.title,
            severity=severity or candidate.severity,
            actor=actor,
            services=[candidate.service.slug] if candidate.service and not candidate.service.archived else [],
            began=candidate.began_at,
            detected=candidate.created_at,
            t0=now,
            source=source or "detection:candidate",
            related_to=previous(group),
        )
        AlertGroup.objects.filter(pk=group.pk).update(incident=incident)
        alerts = Alert.objects.filter(group=group).update(incident=incident)
        settle(candidate, Candidate.Status.ACCEPTED, incident=incident, by=actor)
        timeline.record(incident, "detection.accepted", actor=actor, data={"alerts": alerts}, source=source)
    return incident


@retried
def dismiss(candidate: Candidate, *, actor: Any, request: Any = None) -> Candidate:
    """Say that a candidate is no incident; its alerts stay with it, a later one of its group makes a new candidate.

    Raises Refused (409) for one that became an incident, Forbidden.
    """
    _may(actor)
    with transaction.atomic():
        group, candidate = _hold(candidate)
        if candidate.status == Candidate.Status.DISMISSED:
            return candidate
        if candidate.incident is not None:
            raise Refused(_("This candidate is an incident already: %(reference)s.") % {"reference": candidate.incident.reference})
        settle(candidate, Candidate.Status.DISMISSED, by=actor)
        AlertGroup.objects.filter(pk=group.pk).update(is_open=False, closed_at=clock.now())
        audit.record("candidate.dismiss", actor=actor, target=f"candidate {candidate.pk}", after={"title": candidate.title}, request=request)
    return candidate


def _hold(candidate: Candidate) -> tuple[AlertGroup, Candidate]:
    """The group, locked, and its candidate read anew: whoever settles it holds the group."""
    group = lock(AlertGroup.objects.filter(pk=candidate.group_id)).get()
    return group, Candidate.objects.select_related("incident", "service").get(pk=candidate.pk)


def _may(actor: Any) -> None:
    if actor is not None and not actor.can(Ability.RESPOND):
        raise Forbidden(_("You need the right “respond” for this."))
