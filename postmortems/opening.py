"""Opening a post-mortem: by resolving a P1 or P2, or by hand; its stages are steps of the incident (`manual.md §9`)."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import rights, steps, timeline
from incidents.lifecycle import hold
from incidents.models import Incident, Severity, State, Step, TimelineEntry
from incidents.playbook import current, incident_playbook
from lib import clock
from lib.db import retried
from lib.errors import Refused
from postmortems.models import Postmortem, Section
from postmortems.playbook import SECTION

EVENT = "postmortem"  # what opens the lists of steps that are its stages
REPORT_WITHIN = timedelta(hours=72)  # where the playbook has no stages
MINIMUM = (State.RESOLVED, State.CLOSED)


def is_owed(incident: Incident) -> bool:
    """Whether its severity asks for one: P1 or P2 at its worst; drills and imported history owe nothing."""
    return incident.highest_severity in (Severity.P1, Severity.P2) and not incident.is_drill and not incident.is_imported


def on_entry(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> None:
    """Receiver: resolved opens what is owed, or starts its stages anew; reopened takes the stages back. Runs under the incident's lock."""
    found = Postmortem.objects.filter(incident=incident).first()
    if incident.state == State.RESOLVED:
        if found is None and is_owed(incident):
            make(incident, actor=None, now=entry.recorded_at)
        elif found is not None and data.get("to") == State.RESOLVED and not found.is_finished:
            _start_stages(found, incident, now=entry.recorded_at)
    elif found is not None and not found.is_finished and data.get("from") == State.RESOLVED and data.get("to") != State.CLOSED:
        steps.cancel_lists(incident, EVENT, str(incident.state), now=entry.recorded_at)
        Postmortem.objects.filter(pk=found.pk).update(due_at=None)


def make(incident: Incident, *, actor: Any, now: datetime, source: str = "") -> Postmortem:
    """Open the post-mortem of a held incident; its author is the commander, else who opens it, else who had it."""
    author = rights.commander_id(incident) or (actor.pk if actor is not None else incident.acknowledged_by_id)
    postmortem = Postmortem.objects.create(incident=incident, author_id=author, opened_at=now, opened_by=actor)
    template = incident_playbook(incident).items(SECTION) or current().items(SECTION)
    Section.objects.bulk_create([
        Section(
            postmortem=postmortem, key=key, chapter=item["chapter"], title=item["title"], hint=item.get("hint") or {},
            is_required=bool(item.get("is_required")), position=item.get("position") or 0,
        )
        for key, item in template.items()
    ])  # fmt: skip
    _start_stages(postmortem, incident, now=now)
    timeline.record(incident, "postmortems.opened", actor=actor, source=source, data={"due": postmortem.due_at.isoformat() if postmortem.due_at else None})
    return postmortem


@retried
def open_by_hand(incident: Incident, *, actor: Any, source: str = "") -> Postmortem:
    """Open one that is not owed; one that is there already is returned. Raises Refused before it is resolved, Forbidden, NotFound."""
    with transaction.atomic():
        incident = hold(incident.pk)
        rights.require(actor, Ability.RESPOND, incident)
        found = Postmortem.objects.filter(incident=incident).first()
        if found is not None:
            return found
        if incident.state not in MINIMUM:
            raise Refused(_("A post-mortem begins when the incident is resolved."))
        return make(incident, actor=actor, now=clock.now(), source=source)


def _start_stages(postmortem: Postmortem, incident: Incident, *, now: datetime) -> None:
    """Owe the stages from the resolution on; imported history owes none."""
    start = incident.resolved_at or now
    if incident.is_imported:
        return
    if incident.state == State.RESOLVED:
        steps.open_lists(incident, EVENT, now=now, start=start)
    names = [name for name, rule in incident_playbook(incident).lists.items() if rule.opens_on == EVENT]
    last = Step.objects.filter(incident=incident, list__in=names).pending().order_by("-due_at").values_list("due_at", flat=True).first()
    postmortem.due_at = last or start + REPORT_WITHIN
    postmortem.save(update_fields=["due_at"])
