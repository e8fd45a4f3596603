"""The state machine: one table, one function."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import clocks, guards, rights, steps, timeline
from incidents.lifecycle.holding import hold
from incidents.lifecycle.leasing import put_into_hands
from incidents.models import Incident, Severity, State
from lib import clock
from lib.db import retried
from lib.errors import Refused
from lib.text import clean

S = State
_LATER = {S.CONFIRMED, S.DIAGNOSING, S.FIXING, S.ROLLING_BACK, S.VERIFYING, S.WATCHING, S.RESOLVED}
# design.md "The incident". `merged` is reached by merging alone.
TRANSITIONS: dict[str, set[State]] = {
    S.DECLARED: _LATER | {S.DISMISSED, S.MERGED},
    S.CONFIRMED: _LATER - {S.CONFIRMED} | {S.DISMISSED, S.MERGED},
    S.DIAGNOSING: _LATER - {S.CONFIRMED, S.DIAGNOSING} | {S.DISMISSED, S.MERGED},
    S.FIXING: {S.ROLLING_BACK, S.VERIFYING, S.WATCHING, S.RESOLVED, S.DIAGNOSING, S.MERGED},
    S.ROLLING_BACK: {S.FIXING, S.VERIFYING, S.WATCHING, S.RESOLVED, S.DIAGNOSING, S.MERGED},
    S.VERIFYING: {S.WATCHING, S.RESOLVED, S.DIAGNOSING, S.MERGED},
    S.WATCHING: {S.RESOLVED, S.DIAGNOSING},
    S.RESOLVED: {S.CLOSED, S.DIAGNOSING},
    S.CLOSED: set(),
    S.DISMISSED: {S.DECLARED},
    S.MERGED: set(),
}
# The milestones that a state implies; the ones skipped on the way are set to now and named in the entry.
IMPLIED: dict[str, tuple[str, ...]] = {
    S.CONFIRMED: ("acknowledged", "confirmed"),
    S.DIAGNOSING: ("acknowledged", "confirmed"),
    S.FIXING: ("acknowledged", "confirmed"),
    S.ROLLING_BACK: ("acknowledged", "confirmed"),
    S.VERIFYING: ("acknowledged", "confirmed"),
    S.WATCHING: ("acknowledged", "confirmed", "mitigated"),
    S.RESOLVED: ("acknowledged", "confirmed", "mitigated", "resolved"),
    S.CLOSED: ("closed",),
}
OWN_MILESTONE = {S.CONFIRMED: "confirmed", S.WATCHING: "mitigated", S.RESOLVED: "resolved", S.CLOSED: "closed"}


def allowed(incident: Incident) -> list[str]:
    """The states that may follow by a transition, in the order of the lifecycle."""
    return [state for state in State if state in TRANSITIONS[incident.state] and state is not S.MERGED]


def needs_note(state: str, to: str) -> bool:
    """Whether this step back needs a reason (the * of the table)."""
    return (to == S.DIAGNOSING and state not in (S.DECLARED, S.CONFIRMED)) or (state == S.DISMISSED and to == S.DECLARED)


@retried
def transition(incident: Incident, to: str, *, actor: Any, note: str = "", source: str = "") -> Incident:
    """Move an incident to state `to`; to the state it is in already changes nothing.

    Raises Refused (409, with `allowed`) where the table, a guard or a missing reason is against it, Forbidden, NotFound.
    """
    note = clean(note, 2000, multiline=True)
    with transaction.atomic():
        incident = hold(incident.pk)
        rights.require(actor, Ability.RESPOND, incident)
        if incident.state == to:
            return incident
        _check(incident, to, note)
        old, now = incident.state, clock.now()
        skipped = _set_milestones(incident, to, now, actor)
        incident.state = to
        incident.recovered_at = incident.look_due_at = None
        incident.save(update_fields=[
            "state", "recovered_at", "look_due_at", "acknowledged_at", "acknowledged_by", "acknowledged_until", "acknowledgement_asked_at",
            "confirmed_at", "mitigated_at", "resolved_at", "closed_at",
        ])  # fmt: skip
        clocks.on_state(incident, old, to, now=now)
        if to == S.DECLARED:
            steps.open_for_declaration(incident, now=now, t0=now)
        elif to in (S.DISMISSED, S.CLOSED):
            steps.close_lists(incident, to, now=now)
        elif "confirmed" in skipped or to == S.CONFIRMED:
            steps.open_lists(incident, "confirmed", now=now)
        data = {"from": old, "to": to, "skipped": skipped, "not_recovered": needs_note(old, to) and to == S.DIAGNOSING}
        timeline.record(incident, "incidents.state", actor=actor, source=source, data=data, text=note)
    return incident


def _check(incident: Incident, to: str, note: str) -> None:
    choices = allowed(incident)
    if to not in choices:
        raise Refused(
            _("%(reference)s is %(state)s; it cannot become “%(to)s” from there.")
            % {"reference": incident.reference, "state": incident.get_state_display(), "to": dict(State.choices).get(to, to)},
            allowed=choices,
        )
    if needs_note(incident.state, to) and not note:
        raise Refused(_("Say why: this step back needs a reason."), allowed=choices, missing="note")
    if objections := guards.objections(incident, to):
        raise Refused(" ".join(objections), allowed=choices)


def _set_milestones(incident: Incident, to: str, now: datetime, actor: Any) -> list[str]:
    """Set what `to` implies, clear what it takes back; returns the milestones that were skipped over."""
    if to == S.DIAGNOSING:
        incident.mitigated_at = incident.resolved_at = None
    if to == S.DECLARED:
        incident.confirmed_at = incident.acknowledged_at = incident.acknowledged_by = incident.acknowledged_until = None
    skipped = []
    for name in IMPLIED.get(to, ()):
        if getattr(incident, f"{name}_at") is None:
            setattr(incident, f"{name}_at", now)
            if name != OWN_MILESTONE.get(State(to)) and name != "acknowledged":
                skipped.append(name)
    _pass_on(incident, to, now, actor)
    return skipped


def _pass_on(incident: Incident, to: str, now: datetime, actor: Any) -> None:
    """Who has it after the step: a person who moves what nobody has takes it on; a machine's reopening leaves it in nobody's hands."""
    if to in (S.RESOLVED, S.CLOSED, S.DISMISSED):
        incident.acknowledged_until = incident.acknowledgement_asked_at = None
        incident.acknowledged_by = incident.acknowledged_by or actor
    elif to != S.DECLARED and (incident.acknowledged_by_id is None or incident.state == S.RESOLVED):
        put_into_hands(incident, actor, now)


def is_graver(one: str, other: str) -> bool:
    """Whether severity `one` is above `other`."""
    return Severity(one).rank < Severity(other).rank
