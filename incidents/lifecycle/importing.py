"""History that happened elsewhere: an incident with its whole story, brought in without any effect."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from incidents import clocks, playbook, timeline
from incidents.lifecycle.declaring import next_reference
from incidents.models import Impact, Incident, RoleAssignment, Service, State
from incidents.models.incident import MILESTONES
from lib import clock
from lib.db import retried
from lib.errors import Forbidden, Refused
from lib.i18n import listed


@dataclass(frozen=True)
class Told:
    """One entry of a story that is brought in."""

    kind: str
    at: datetime
    actor: Any = None
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@retried
def bring_in(
    *,
    title: str,
    severity: str,
    services: Mapping[str, str],
    milestones: Mapping[str, datetime],
    story: Iterable[Told],
    actor: Any,
    summary: str = "",
    users_affected: int | None = None,
    users_affected_percent: Any = None,
    roles: Mapping[str, Any] | None = None,
    source: str = "import",
) -> Incident:
    """A closed incident with all its milestones; `services` says which were hit how badly, `story` is told in the order given.

    Nobody is told, nothing is owed, nothing is public (design.md "Drill and import"); clocks are judged by the playbook in force.
    Raises Forbidden without *configure*, Refused (422) for milestones that are missing, out of order or in the future, and unknown services.
    """
    if not actor.can(Ability.CONFIGURE):
        raise Forbidden(_("You need the right “configure” to bring history in."))
    now = clock.now()
    reached = [milestones.get(name) for name in MILESTONES]
    if any(at is None for at in reached) or reached != sorted(at for at in reached if at) or max(milestones.values()) > now:
        raise Refused(_("Milestones stay in their order: %(names)s.") % {"names": listed(MILESTONES)}, status=422)
    with transaction.atomic():
        found = {service.slug: service for service in Service.objects.filter(slug__in=services)}
        if unknown := sorted(set(services) - set(found)):
            raise Refused(_("There is no service called %(names)s.") % {"names": listed(unknown)}, status=422)
        incident = Incident.objects.create(
            reference=next_reference("INC", milestones["began"].astimezone(UTC).year),
            title=title,
            summary=summary,
            state=State.CLOSED,
            severity=severity,
            highest_severity=severity,
            is_imported=True,
            playbook_id=playbook.in_force(),
            users_affected=users_affected,
            users_affected_percent=users_affected_percent,
            declared_by=actor,
            source=source,
            moved_at=now,
            **{f"{name}_at": milestones[name] for name in MILESTONES},
        )
        Impact.objects.bulk_create(Impact(incident=incident, service=found[slug], level=level) for slug, level in services.items())
        RoleAssignment.objects.bulk_create(
            RoleAssignment(incident=incident, role=role, person=person, since=milestones["declared"], until=milestones["closed"])
            for role, person in (roles or {}).items()
        )
        clocks.recompute(incident, now=now)
        for told in story:
            timeline.record(incident, told.kind, actor=told.actor, text=told.text, data=told.data, at=told.at, source=source)
        audit.record("incidents.brought_in", actor=actor, target=incident.reference)
    return incident
