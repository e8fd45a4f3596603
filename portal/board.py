"""The board: what needs me now, what is open, what waits for a decision. A constant number of queries."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.abilities import Ability
from comms.models import Obligation
from detection import board as detection_board
from detection import unrouted
from detection.models import Alert, Candidate
from incidents import timeline
from incidents.models import Incident, RoleAssignment, Step, TimelineEntry
from incidents.timeline import Line
from incidents.views import with_row_parts
from lib import clock

MOST_ROWS = 60  # what a page of 100 KB has room for; the list has the rest
SOON = timedelta(minutes=15)


@dataclass(frozen=True)
class Update:
    """An update owed to an audience."""

    obligation: Obligation
    due: datetime
    is_late: bool


@dataclass
class Board:
    """Everything the board shows to one person."""

    unclaimed: list[Incident] = field(default_factory=list)
    asked: list[Incident] = field(default_factory=list)
    to_look: list[Incident] = field(default_factory=list)
    late_steps: list[Step] = field(default_factory=list)
    updates_due: list[Update] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    last_lines: dict[int, Line] = field(default_factory=dict)
    updates: dict[int, Update] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)
    loose_alerts: list[Alert] = field(default_factory=list)
    levers: detection_board.Levers | None = None
    unrouted: int = 0  # firing alerts that belong to no service
    may_respond: bool = False

    @property
    def needs(self) -> int:
        """How many things wait for this person: the count in title and icon."""
        return len(self.unclaimed) + len(self.asked) + len(self.to_look) + len(self.late_steps) + len(self.updates_due)


def board(user: Any) -> Board:
    """The board of `user`."""
    now = clock.now()
    rows = list(with_row_parts(Incident.objects.visible_to(user).open()).order_by("severity", "declared_at")[:MOST_ROWS])
    found = Board(incidents=rows, may_respond=user.can(Ability.RESPOND))
    found.last_lines = last_lines(rows)
    owed = [Update(row, row.due_at, row.due_at <= now) for row in obligations(user)]
    found.updates = {update.obligation.incident_id: update for update in reversed(owed)}
    if found.may_respond:
        found.unclaimed = [row for row in rows if row.acknowledged_by_id is None and row.recovered_at is None and row.severity in ("P1", "P2")]
        found.to_look = [row for row in rows if row.recovered_at is not None]
        found.asked = [row for row in rows if row.acknowledged_by_id == user.pk and row.acknowledgement_asked_at is not None]
        found.late_steps = late_steps(user, now)
        mine = {held.incident_id for held in RoleAssignment.objects.filter(person=user, until=None)}
        soon = [update for update in owed if update.due <= now + SOON]
        found.updates_due = [update for update in soon if update.obligation.incident_id in mine or user.can(Ability.PUBLISH)]
        found.candidates = list(detection_board.candidates(user)[:50])
    found.loose_alerts = list(detection_board.loose(user)[:20])
    found.levers = detection_board.levers(user)
    found.unrouted = unrouted.firing(user)
    return found


def obligations(user: Any) -> QuerySet[Obligation]:
    """Updates owed for open incidents, the first due first."""
    return Obligation.objects.visible_to(user).filter(closed_at=None).select_related("incident").order_by("due_at", "id")[:MOST_ROWS]


def late_steps(user: Any, now: datetime) -> list[Step]:
    """Steps that are late and owed by a part that `user` plays."""
    pending = Step.objects.visible_to(user).pending().filter(due_at__lte=now)
    mine = Q(incident__assignments__person=user, incident__assignments__until=None, incident__assignments__role=F("role"))
    return list(pending.filter(mine).select_related("incident").order_by("due_at")[:50])


def last_lines(rows: list[Incident]) -> dict[int, Line]:
    """The newest line of each incident's story, in one query."""
    newest = TimelineEntry.objects.filter(incident__in=[row.pk for row in rows], seq=F("incident__last_seq")).select_related("body", "actor")
    entries = list(newest)
    return {entry.incident_id: line for entry, line in zip(entries, timeline.read(entries), strict=True)}
