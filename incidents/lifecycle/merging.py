"""Merging: one incident turns out to be part of another."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import clocks, rights, steps, timeline
from incidents.lifecycle.holding import hold_all
from incidents.lifecycle.recovery import fires_again, restart_watch
from incidents.lifecycle.severity import advise_severity
from incidents.lifecycle.states import TRANSITIONS, is_graver
from incidents.models import Impact, Incident, State
from lib import clock
from lib.db import retried
from lib.errors import Refused
from lib.text import clean

Handover = Callable[[Incident, Incident], None]
_handovers: dict[str, Handover] = {}


def on_merge(name: str, handover: Handover) -> None:
    """Hand over what a room keeps about an incident: `handover(source, target)` runs in the merge's transaction."""
    _handovers[name] = handover


@retried
def merge(source: Incident, into: Incident, *, actor: Any, reason: str = "", origin: str = "") -> Incident:
    """End `source` as part of `into`; its story stays where it is. Returns the target.

    Raises Refused (409) where states, privacy or drill and real do not go together, Forbidden, NotFound.
    """
    reason = clean(reason, 2000, multiline=True)
    if source.pk == into.pk:
        raise Refused(_("An incident cannot be merged into itself."))
    with transaction.atomic():
        held = hold_all(source.pk, into.pk)
        source, into = held[source.pk], held[into.pk]
        rights.require(actor, Ability.COMMAND, source)
        rights.require(actor, Ability.COMMAND, into)
        if source.state == State.MERGED and source.merged_into_id == into.pk:
            return into
        _check(source, into)
        if source.recovered_at is None:
            # What fires is not recovered: the target is as awake as what it takes in.
            into = fires_again(into, source=origin)
            into = restart_watch(into, source=origin)
        now, old = clock.now(), source.state
        source.state, source.merged_into = State.MERGED, into
        source.acknowledged_until = source.acknowledgement_asked_at = source.recovered_at = source.look_due_at = None
        source.save(update_fields=["state", "merged_into", "acknowledged_until", "acknowledgement_asked_at", "recovered_at", "look_due_at"])
        steps.close_lists(source, State.MERGED, now=now)
        clocks.on_state(source, old, State.MERGED, now=now)
        known = set(into.impacts.values_list("service_id", flat=True))
        if is_graver(source.highest_severity, into.highest_severity):
            into.highest_severity = source.highest_severity  # post-mortem duty follows what either reached
            into.save(update_fields=["highest_severity"])
        Impact.objects.bulk_create(Impact(incident=into, service_id=row.service_id, level=row.level) for row in source.impacts.exclude(service_id__in=known))
        for handover in _handovers.values():
            handover(source, into)
        timeline.record(source, "incidents.merged_into", actor=actor, source=origin, data={"into": into.reference, "from": old}, text=reason)
        timeline.record(into, "incidents.merged_from", actor=actor, source=origin, data={"from": source.reference}, text=reason)
        clocks.recompute(into, now=now)
        return advise_severity(into, source.severity, why={"merged": source.reference}, source=origin)


def _check(source: Incident, into: Incident) -> None:
    if State.MERGED not in TRANSITIONS[source.state]:
        raise Refused(_("%(reference)s is %(state)s and can no longer be merged.") % {"reference": source.reference, "state": source.get_state_display()})
    if not into.is_open:
        raise Refused(_("%(reference)s is over; merge into one that is open.") % {"reference": into.reference})
    if source.is_private != into.is_private:
        raise Refused(_("A private incident and an open one are never merged."))
    if source.is_drill != into.is_drill:
        raise Refused(_("A drill and a real incident are never merged."))
