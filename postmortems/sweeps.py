"""What happens by itself: an action item that is late is recorded once, and its owner is told."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from comms.contacts import mail_addresses
from comms.outbox import Letter, enqueue_many
from incidents import lifecycle, timeline
from incidents.models import Incident, Membership
from lib import clock, sweeping
from lib.db import retried
from postmortems.models import ActionItem, Postmortem
from postmortems.querysets import ActionItemQuerySet

AT_ONCE = 100
WORTH_SENDING = timedelta(days=2)


def sweep_actions() -> int:
    """Record each miss once; returns how many there were."""
    today = timezone.localdate(clock.now())
    rows = _chased().filter(due_on__lt=today, postmortem__incident__is_imported=False).order_by("due_on", "pk")
    return sweeping.each(list(rows.values_list("pk", "postmortem__incident")[:AT_ONCE]), lambda row: _record(*row), "a late action item")


def _chased() -> ActionItemQuerySet:
    """Open items whose miss is not recorded; those of a waived post-mortem are nobody's debt."""
    return ActionItem.objects.open().filter(late_at=None).exclude(postmortem__state=Postmortem.State.WAIVED)


@retried
def _record(pk: int, incident_pk: int) -> bool:
    with transaction.atomic():
        incident = lifecycle.hold(incident_pk)
        item = ActionItem.objects.select_related("owner", "team").filter(pk=pk, late_at=None).first()
        now = clock.now()
        if item is None or item.due_on >= timezone.localdate(now) or not _chased().filter(pk=pk).update(late_at=now):
            return False
        timeline.record(incident, "postmortems.action_late", data={"item": pk, "title": item.title, "due": item.due_on.isoformat()})
        enqueue_many(_letters(item, incident, owners(item)))
    return True


def owners(item: ActionItem) -> list[Any]:
    """Who is told: its owner, or the leads of its team (all of the team where nobody leads it)."""
    if item.owner is not None:
        return [item.owner] if item.owner.is_active else []
    if item.team is None:
        return []
    members = list(Membership.objects.filter(team=item.team, person__is_active=True).select_related("person"))
    return [one.person for one in members if one.is_lead] or [one.person for one in members]


def _letters(item: ActionItem, incident: Incident, people: Iterable[Any]) -> list[Letter]:
    due = item.due_on.isoformat()
    return [
        Letter(
            kind="postmortems.action_late",
            channel=place.channel,
            key=f"postmortems.action_late:{item.pk}:{due}:{place.person.pk}:{place.address.lower()}"[:200],
            person=place.person,
            address=place.address,
            contact_method=place.method,
            params={"title": item.title, "due": due},
            incident=incident,
            expires_at=clock.now() + WORTH_SENDING,
        )
        for place in mail_addresses(people)
        if Incident.objects.visible_to(place.person).filter(pk=incident.pk).exists()
    ]
