"""What a letter to the users promises: when the next one comes, and by when recovery is expected (`manual.md §7`)."""

from datetime import datetime, timedelta
from typing import Any

from comms import publication
from comms.models import Announcement, Audience
from comms.public_words import Words
from incidents.models import Incident

PLAYBOOKS = -1  # seconds: what the playbook promises, while that holds
UNDO = timedelta(seconds=60)  # a letter waits so long before it leaves
LAST = ("resolved", "withdrawn", "correction")
State = Announcement.State
LEFT = (State.SENDING, State.SENT, State.WITHDRAWN)


def to_next(incident: Incident, words: Words) -> int | None:
    """Seconds until the next mail, as the playbook promises it; none after the last."""
    return None if words.state in LAST else publication.promise(incident, Audience.USERS).next_update_seconds


def chosen_recovery(announcement: Announcement) -> int:
    """Seconds from its leaving to the recovery as a person wants it said, 0 for nothing, PLAYBOOKS where nobody chose."""
    return announcement.words.get("recovery_seconds", PLAYBOOKS)


def to_recovery(announcement: Announcement, leaves: datetime) -> int | None:
    """Seconds from `leaves` to the recovery that it expects; None: it says nothing of it.

    A person's own time stands but in a letter that ends it. The playbook's stands in the first mail to anybody while it is still
    investigated, until the incident has lasted that long: later nobody has promised it. Of a private incident only a person's.
    """
    incident, state, chosen = announcement.incident, announcement.words.get("state"), chosen_recovery(announcement)
    if state in LAST or chosen == 0:
        return None
    if chosen != PLAYBOOKS:
        return chosen
    if state != "investigating" or incident.is_private:
        return None
    seconds = publication.promise(incident, Audience.USERS).recovery_seconds
    if not seconds or leaves >= incident.began_at + timedelta(seconds=seconds):
        return None
    is_first = not Announcement.objects.filter(incident=incident, state__in=LEFT).exclude(pk=announcement.pk).exclude(readers={}).exists()
    return seconds if is_first else None


def dated(announcement: Announcement, leaves: datetime) -> dict[str, Any]:
    """Its words with the promises as moments, ISO, for a letter that leaves at `leaves`."""
    lengths = {"next_at": announcement.promise_seconds, "recovery_at": to_recovery(announcement, leaves)}
    return {**announcement.words, **{name: (leaves + timedelta(seconds=length)).isoformat() if length else None for name, length in lengths.items()}}
