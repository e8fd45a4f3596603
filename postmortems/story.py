"""The timeline table: the entries worth reading later, by the time they tell of; people hide, show and reword rows."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import timeline
from incidents.models import Incident, TimelineEntry
from lib import markup
from lib.db import retried
from lib.errors import NotFound
from lib.text import whole
from postmortems.holding import hold
from postmortems.models import Postmortem, TimelineChoice
from postmortems.sections import require_writer, touch

MOST = 2000  # entries looked at
LONGEST = 2000
# Told by the portal and worth a row; everything else that a machine wrote is left out unless a person shows it.
TELLING = {
    "incidents.declared", "incidents.state", "incidents.severity", "incidents.clock_breached", "incidents.recovered", "incidents.fires_again",
    "incidents.merged_from", "incidents.split_into", "comms.update_missed", "comms.users_told", "statuspage.published",
}  # fmt: skip
QUIET = {
    "incidents.grant", "incidents.revoked", "incidents.private", "incidents.glass_broken", "incidents.redacted", "incidents.step_done",
    "incidents.step_undone", "incidents.edited", "incidents.milestone",
}  # fmt: skip
ONLY_WITH = {"detection.alerts": ("opened", "reopened")}


@dataclass(frozen=True)
class Row:
    """One line of the table. `is_shown` is what counts; `is_chosen` whether a person decided it."""

    seq: int
    at: datetime
    text: str  # plain words
    own: str  # what a person wrote instead, "" for the entry's own
    who: str
    kind: str
    is_machine: bool
    is_shown: bool
    is_chosen: bool


def rows(postmortem: Postmortem, *, language: str | None = None, everything: bool = False) -> list[Row]:
    """The table ordered by (at, seq); `everything` also holds the rows that are left out. Three queries."""
    entries = TimelineEntry.objects.filter(incident=postmortem.incident).select_related("body", "actor").order_by("at", "seq")[:MOST]
    choices = {choice.entry_id: choice for choice in TimelineChoice.objects.filter(postmortem=postmortem)}
    wanted = [entry for entry in entries if everything or _is_shown(entry, choices.get(entry.pk))]
    return [_row(entry, line, choices.get(entry.pk)) for entry, line in zip(wanted, timeline.read(wanted, language=language), strict=True)]


def _row(entry: TimelineEntry, line: timeline.Line, choice: TimelineChoice | None) -> Row:
    own = choice.text if choice and not entry.body.redacted else ""
    return Row(
        seq=entry.seq,
        at=entry.at,
        text=own or markup.bare(str(line.html)),
        own=own,
        who=line.actor_name,
        kind=entry.kind,
        is_machine=line.is_machine,
        is_shown=_is_shown(entry, choice),
        is_chosen=choice is not None,
    )


def _is_shown(entry: TimelineEntry, choice: TimelineChoice | None) -> bool:
    if entry.body.redacted:
        return False  # whatever somebody chose before
    return choice.is_shown if choice is not None else is_telling(entry)


def is_telling(entry: TimelineEntry) -> bool:
    """Whether an entry belongs into the table by itself: decisions, messages and words of people; of the machine what changes the story."""
    if entry.body.redacted or entry.kind in QUIET or entry.kind.startswith("postmortems."):
        return False
    if entry.kind in ONLY_WITH:
        data = json.loads(entry.body.content)["data"]
        return any(data.get(name) for name in ONLY_WITH[entry.kind])
    return entry.actor_id is not None or entry.kind in TELLING


@retried
def choose(postmortem: Postmortem, seq: int, *, actor: Any, is_shown: bool, text: str = "") -> TimelineChoice:
    """Show or hide a row, or say it in other words ("" keeps its own). Raises NotFound, Refused, Forbidden."""
    text = whole(" ".join(text.split()), LONGEST)
    with transaction.atomic():
        postmortem, incident = hold(postmortem)
        require_writer(postmortem, actor)
        entry = _entry(incident, seq)
        choice, _is_new = TimelineChoice.objects.update_or_create(postmortem=postmortem, entry=entry, defaults={"is_shown": is_shown, "text": text})
        touch(postmortem)
    return choice


def forget(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> None:
    """An entry was redacted: what somebody wrote in its place goes too, and every PDF that was drawn before."""
    postmortem = Postmortem.objects.filter(incident=incident).first()
    if postmortem is None:
        return
    TimelineChoice.objects.filter(postmortem=postmortem, entry__seq=data["seq"]).update(text="")
    postmortem.drawings.all().delete()
    touch(postmortem)


def _entry(incident: Incident, seq: int) -> TimelineEntry:
    entry = TimelineEntry.objects.select_related("body").filter(incident=incident, seq=seq).first()
    if entry is None or entry.body.redacted:
        raise NotFound(_("There is no such entry."))
    return entry
