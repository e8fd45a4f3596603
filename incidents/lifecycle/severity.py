"""Raising and lowering: what a person decides and what a machine may only advise."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import clocks, rights, steps, timeline
from incidents.lifecycle.holding import hold
from incidents.lifecycle.leasing import put_into_hands
from incidents.lifecycle.states import is_graver
from incidents.models import Incident, Severity
from lib import clock
from lib.db import retried
from lib.errors import Refused
from lib.text import clean


@retried
def change_severity(incident: Incident, severity: str, *, actor: Any, reason: str, source: str = "") -> Incident:
    """A commander's decision: T0 stays, steps and clocks follow, machines only advise from then on.

    Raises Refused (422) for an unknown severity or without a reason, (409) once the incident is over; Forbidden.
    """
    reason = clean(reason, 2000, multiline=True)
    if severity not in Severity.values:
        raise Refused(_("The severity is one of P1, P2, P3, P4."), status=422)
    if not reason:
        raise Refused(_("Say why the severity changes."), status=422)
    with transaction.atomic():
        incident = hold(incident.pk)
        rights.require(actor, Ability.COMMAND, incident)
        if not incident.is_open:
            raise Refused(_("%(reference)s is over; its severity stands.") % {"reference": incident.reference})
        if severity != incident.severity:
            _change(incident, severity, by="person", actor=actor, reason=reason, source=source)
    return incident


@retried
def advise_severity(incident: Incident, severity: str, *, why: dict[str, Any], source: str = "") -> Incident:
    """A machine's view: raises, never lowers; once a commander set the severity it is only noted (design.md "Severity change")."""
    with transaction.atomic():
        incident = hold(incident.pk)
        if not incident.is_open or not is_graver(severity, incident.severity):
            return incident
        if incident.severity_by_commander:
            timeline.record(incident, "incidents.severity_advised", source=source, data={"severity": severity, "why": why})
        else:
            _change(incident, severity, by="machine", actor=None, reason="", source=source, why=why)
    return incident


def _change(incident: Incident, severity: str, *, by: str, actor: Any, reason: str, source: str, why: dict[str, Any] | None = None) -> None:
    now, old = clock.now(), incident.severity
    incident.severity = severity
    if is_graver(severity, incident.highest_severity):
        incident.highest_severity = severity
    incident.severity_by_commander = incident.severity_by_commander or by == "person"
    if incident.acknowledged_by_id is not None:
        put_into_hands(incident, incident.acknowledged_by, now)
    incident.save(update_fields=["severity", "highest_severity", "severity_by_commander", "acknowledged_until", "acknowledgement_asked_at", "acknowledged_by"])
    steps.on_severity_change(incident, old, severity, now=now, reason=reason)
    clocks.recompute(incident, now=now)
    data = {"from": old, "to": severity, "by": by, "raised": is_graver(severity, old), "why": why or {}}
    timeline.record(incident, "incidents.severity", actor=actor, source=source, data=data, text=reason)
