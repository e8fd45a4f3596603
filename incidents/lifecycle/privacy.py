"""Private incidents: who is named, and the glass that can be broken."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from incidents import rights, timeline
from incidents.lifecycle.holding import hold, hold_all
from incidents.models import Grant, Incident, Team
from lib.db import StaleHead, retried
from lib.errors import Forbidden, Refused
from lib.text import clean


def add_grants(incident: Incident, actor: Any, grants: Iterable[Grant] = ()) -> None:
    """Name who may see a private incident: always its declarer, and `grants` (unsaved rows)."""
    if not incident.is_private:
        return
    rows = [Grant(incident=incident, person=grant.person, team=grant.team) for grant in grants]
    if actor is not None:
        rows.append(Grant(incident=incident, person=actor))
    Grant.objects.bulk_create(rows, ignore_conflicts=True)


@retried
def set_private(incident: Incident, private: bool, *, actor: Any, source: str = "") -> Incident:
    """Close an incident to all but named people, or open it; what became part of it goes with it.

    Its commander and who closes it keep seeing it, and they see its parts too.
    """
    with transaction.atomic():
        incident, *parts = _whole(incident)
        rights.require(actor, Ability.COMMAND, incident)
        for one in [incident, *parts]:
            if one.is_private != private:
                one.is_private = private
                one.save(update_fields=["is_private"])
                add_grants(one, actor, incident.grants.all() if one != incident else ())
                timeline.record(one, "incidents.private", actor=actor, source=source, data={"private": private})
    return incident


@retried
def grant(incident: Incident, *, actor: Any, person: Any = None, team: Team | None = None, source: str = "") -> Incident:
    """Let a person or a team see a private incident and what became part of it."""
    with transaction.atomic():
        incident, *parts = _whole(incident)
        rights.require(actor, Ability.COMMAND, incident)
        if (person is None) == (team is None):
            raise Refused(_("Name a person or a team."), status=422)
        for one in [incident, *parts]:
            _row, is_new = Grant.objects.get_or_create(incident=one, person=person, team=team)
            if is_new:
                timeline.record(one, "incidents.grant", actor=actor, source=source, data=_named(person, team))
    return incident


@retried
def revoke(incident: Incident, *, actor: Any, person: Any = None, team: Team | None = None, source: str = "") -> Incident:
    """Take the sight of a private incident and of its parts back; its open streams end at the next check of rights."""
    with transaction.atomic():
        incident, *parts = _whole(incident)
        rights.require(actor, Ability.COMMAND, incident)
        for one in [incident, *parts]:
            if Grant.objects.filter(incident=one, person=person, team=team).delete()[0]:
                timeline.record(one, "incidents.revoked", actor=actor, source=source, data=_named(person, team))
    return incident


@retried
def break_glass(incident: Incident, *, actor: Any, reason: str, request: Any = None) -> Incident:
    """See a private incident without being named: only with *audit*, only with a reason, never silently."""
    reason = clean(reason, 2000, multiline=True)
    if not actor.can(Ability.AUDIT):
        raise Forbidden(_("You need the right “audit” for this."))
    if not reason:
        raise Refused(_("Say why you open a private incident."), status=422)
    with transaction.atomic():
        incident = hold(incident.pk)
        if not incident.is_private or Incident.objects.visible_to(actor).filter(pk=incident.pk).exists():
            return incident
        Grant.objects.create(incident=incident, person=actor, broke_glass=True)
        timeline.record(incident, "incidents.glass_broken", actor=actor, source="web" if request else "", data=_named(actor, None), text=reason)
        audit.record("incidents.break_glass", actor=actor, target=incident.reference, after={"reason": reason}, request=request)
    return incident


def _whole(incident: Incident) -> list[Incident]:
    """The incident and all that became part of it, held: one story is never half private.

    Raises Refused (409) for what is itself part of another: that one is closed, opened and shown.
    """
    if incident.merged_into is not None:
        raise Refused(_("This became part of another incident; who may see it is said there."))
    held = hold_all(*_merged_in(incident.pk))
    if set(held) != _merged_in(incident.pk):
        raise StaleHead("an incident became part of it in between")
    return [held.pop(incident.pk), *held.values()]


def _merged_in(pk: int) -> set[int]:
    found, known = {pk}, {pk}
    while found:
        found = set(Incident.objects.filter(merged_into__in=found).values_list("pk", flat=True)) - known
        known |= found
    return known


def _named(person: Any, team: Team | None) -> dict[str, Any]:
    return {"person": {"id": person.pk, "name": str(person)} if person else None, "team": {"slug": team.slug, "name": team.name} if team else None}
