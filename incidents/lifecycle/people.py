"""Who has it, and who plays which part."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import rights, timeline
from incidents.lifecycle.holding import hold
from incidents.lifecycle.leasing import put_into_hands
from incidents.models import Incident, Role, RoleAssignment, Severity
from lib import clock
from lib.db import retried
from lib.errors import Refused


@retried
def acknowledge(incident: Incident, *, actor: Any, source: str = "") -> Incident:
    """ "I'm on it": stops the calls for a lease (P1 10 min, P2 30 min without a sign of life) and, for a P1 that nobody
    commands, takes command. Pressing twice only renews the lease. Raises Refused (409) once the incident is over."""
    with transaction.atomic():
        incident = hold(incident.pk)
        rights.require(actor, Ability.RESPOND, incident)
        if not incident.is_open:
            raise Refused(_("%(reference)s is over; there is nothing to take on.") % {"reference": incident.reference})
        now = clock.now()
        had_it = incident.acknowledged_by_id == actor.pk and incident.acknowledged_at is not None
        lapsed = incident.acknowledged_until is not None and incident.acknowledged_until < now
        incident.acknowledged_at = incident.acknowledged_at or now
        put_into_hands(incident, actor, now)
        incident.recovered_at = incident.look_due_at = None
        incident.save(update_fields=["acknowledged_at", "acknowledged_by", "acknowledged_until", "acknowledgement_asked_at", "recovered_at", "look_due_at"])
        if not had_it or lapsed:
            until = incident.acknowledged_until.isoformat() if incident.acknowledged_until else None
            timeline.record(incident, "incidents.acknowledged", actor=actor, source=source, data={"until": until})
        if incident.severity == Severity.P1 and rights.commander_id(incident) is None:
            _give(incident, Role.COMMANDER, actor, actor=actor, source=source)
    return incident


@retried
def assign(incident: Incident, role: str, person: Any | None, *, actor: Any, source: str = "") -> Incident:
    """Give a part to a person (None: to nobody). Anyone who may respond takes a free part for themselves; the rest needs
    *command*. Raises Refused (422) for an unknown part or a person who could not play it."""
    if role not in Role.values:
        raise Refused(_("There is no role called “%(role)s”.") % {"role": role}, status=422)
    if person is not None and not (person.is_active and person.can(Ability.RESPOND)):
        raise Refused(_("%(person)s cannot respond to incidents.") % {"person": person}, status=422)
    with transaction.atomic():
        incident = hold(incident.pk)
        held_by = RoleAssignment.objects.filter(incident=incident, role=role, until=None).values_list("person_id", flat=True).first()
        takes_free_part = actor is not None and person == actor and held_by is None
        rights.require(actor, Ability.RESPOND if takes_free_part else Ability.COMMAND, incident)
        if held_by != (person.pk if person else None):
            _give(incident, role, person, actor=actor, source=source)
    return incident


def _give(incident: Incident, role: str, person: Any | None, *, actor: Any, source: str) -> None:
    now = clock.now()
    held = RoleAssignment.objects.filter(incident=incident, role=role, until=None).select_related("person").first()
    if held:
        RoleAssignment.objects.filter(pk=held.pk).update(until=now)
    if person:
        RoleAssignment.objects.create(incident=incident, role=role, person=person, since=now)
    data = {
        "role": role,
        "person": {"id": person.pk, "name": str(person)} if person else None,
        "previous": {"id": held.person_id, "name": str(held.person)} if held else None,
    }
    timeline.record(incident, "incidents.role", actor=actor, source=source, data=data)
