"""Updates that are owed: planned by the playbook's rhythm, conditions and promises, kept by an update, missed by the clock."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from comms import publication
from comms.models import OUTSIDE, Audience, Obligation
from incidents import due as due_times
from incidents import lifecycle, rights, timeline
from incidents.models import Incident, State, TimelineEntry
from incidents.playbook import incident_playbook
from lib import clock, sweeping
from lib.db import retried
from lib.errors import Refused
from lib.text import clean

SWEPT_AT_ONCE = 100
LONGEST_UPDATE = 20_000
LONGEST_PROMISE = timedelta(days=7)
CHASED_EVERY = 1800  # seconds between misses to an audience outside where the playbook promises none
KEPT_BY = {"statuspage.published": Audience.STATUS_PAGE, "comms.users_told": Audience.USERS}  # entries that tell an audience outside
NOBODY = "comms.users_nobody"  # the mail to the users had no reader
STARTS = {State.DECLARED, State.RESOLVED}  # leaving them for *confirmed* or later, an audience outside is owed a first word
Because, Closing = Obligation.Because, Obligation.Closing


def cadence(incident: Incident, audience: str) -> int | None:
    """Seconds between updates that the audience is owed now by the rhythm; None while nothing is owed.

    Owed from declaration until it is over (`manual.md §7`: P1 15 min, P2 30 min, P3 1 h), but not to an incident that
    recovered by itself and that nobody has looked at.
    """
    if audience in OUTSIDE or not incident.is_open or incident.is_imported or incident.recovered_at is not None:
        return None
    return incident_playbook(incident).cadence(audience, incident.severity)


def due_after(incident: Incident, audience: str, since: datetime) -> datetime | None:
    """When the update after `since` is due: in working time where the severity is handled in working hours."""
    seconds = cadence(incident, audience)
    return None if seconds is None else due_times.due_after(since, seconds, incident_playbook(incident).severity(incident.severity))


def current(incident: Incident, audience: str = Audience.WAR_ROOM) -> Obligation | None:
    """What is owed to the audience now."""
    return Obligation.objects.filter(incident=incident, audience=audience, closed_at=None).first()


def on_entry(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> None:
    """Keep what is owed in step with the incident; runs in the entry's transaction, which holds the incident.

    A mail that nobody subscribes to neither keeps nor misses what the users were owed: it ends it, and its promise starts nothing.
    They are owed a word again when the incident starts anew, or once a mail to somebody promises one.
    """
    now = clock.now()
    if entry.kind == NOBODY:
        if open_one := current(incident, Audience.USERS):
            _close(open_one, Closing.ENDED, now)
        return
    if entry.kind == "comms.update" or entry.kind in KEPT_BY:
        promised = datetime.fromisoformat(data["promised"]) if data.get("promised") else None
        _kept(incident, KEPT_BY.get(entry.kind) or data["audience"], entry, promised, now)
        return
    _plan(incident, Audience.WAR_ROOM, now)
    is_start = entry.kind == "incidents.state" and data["from"] in STARTS
    for audience in OUTSIDE:
        _plan_outside(incident, audience, now, is_start=is_start, is_new_severity=entry.kind == "incidents.severity")


def _plan(incident: Incident, audience: str, now: datetime) -> None:
    """Open, re-plan or end what is owed, as state and severity now ask for. A promise stays what it is."""
    owed, open_one = cadence(incident, audience), current(incident, audience)
    if owed is None:
        _end_but_promises(incident, open_one, now)
        return
    if open_one is None:
        _open(incident, audience, _start(incident, audience, now), now)
        return
    due = due_after(incident, audience, open_one.since)
    if due is None or due == open_one.due_at or (open_one.because == Because.PROMISE and open_one.due_at <= due):
        return
    # Raised when the new rhythm has long been broken: the next one is due from now on, it was not owed before.
    if due <= now < open_one.due_at:
        due = due_after(incident, audience, now) or due
    _close(open_one, Closing.REPLANNED, now)
    _insert(incident, audience, open_one.since, due, Because.CADENCE, now)


def _end_but_promises(incident: Incident, open_one: Obligation | None, now: datetime) -> None:
    """Nothing is asked for any more; what was promised stays owed while the incident goes on."""
    is_promised = open_one is not None and open_one.because == Because.PROMISE and incident.is_open and incident.recovered_at is None
    if open_one is not None and not is_promised:
        _close(open_one, Closing.ENDED, now)


def owed_outside(incident: Incident, audience: str, since: datetime) -> datetime | None:
    """When an audience outside must hear first, counted from `since`; None while nothing is owed (`manual.md §7`).

    Nothing before *confirmed*; user mail of a P2 once the impact has lasted an hour.
    """
    rule = publication.rule(incident)
    how = rule.status_page if audience == Audience.STATUS_PAGE else rule.users
    if how == "none" or not incident.is_open or incident.state == State.DECLARED or incident.recovered_at is not None:
        return None
    within, begin = timedelta(seconds=rule.within_seconds), incident.began_at + timedelta(seconds=rule.users_after_seconds)
    if audience == Audience.STATUS_PAGE:
        return since + within
    return max(since, begin) + within if how == "auto" else max(since + within, begin)  # one that leaves by itself leaves then


def was_told(incident: Incident, audience: str) -> bool:
    """Whether an update to the audience kept what was owed, or a mail found nobody to tell."""
    if audience == Audience.USERS and TimelineEntry.objects.filter(incident=incident, kind=NOBODY).exists():
        return True
    return Obligation.objects.filter(incident=incident, audience=audience, closing=Closing.KEPT).exists()


def _plan_outside(incident: Incident, audience: str, now: datetime, *, is_start: bool, is_new_severity: bool) -> None:
    """Open what an audience outside is owed at *confirmed*, plan it anew when the severity changes, end it with the incident."""
    open_one = current(incident, audience)
    due = owed_outside(incident, audience, open_one.since if open_one else now)
    if due is None:
        _end_but_promises(incident, open_one, now)
    elif open_one is None:
        if is_start or not was_told(incident, audience):
            _insert(incident, audience, now, due, Because.CONDITION, now)
    elif is_new_severity and open_one.because == Because.CONDITION and due != open_one.due_at:
        if due <= now < open_one.due_at:  # it was not owed before
            due = owed_outside(incident, audience, now) or due
        _close(open_one, Closing.REPLANNED, now)
        _insert(incident, audience, open_one.since, due, Because.CONDITION, now)


def _start(incident: Incident, audience: str, now: datetime) -> datetime:
    """What the first cadence counts from: T0, unless that would be overdue at once (an accepted candidate, a late look, a reopening)."""
    due = due_after(incident, audience, incident.detected_at)
    is_first = not Obligation.objects.filter(incident=incident, audience=audience).exists()
    return incident.detected_at if is_first and due is not None and due > now else now


def _open(incident: Incident, audience: str, since: datetime, now: datetime, promised: datetime | None = None) -> None:
    """Open the next: due at the sooner of rhythm and promise."""
    due = due_after(incident, audience, since)
    if promised is not None and (due is None or promised < due):
        _insert(incident, audience, since, promised, Because.PROMISE, now)
    elif due is not None:
        _insert(incident, audience, since, due, Because.CADENCE, now)


def _insert(incident: Incident, audience: str, since: datetime, due: datetime, because: str, now: datetime) -> None:
    Obligation.objects.create(incident=incident, audience=audience, since=since, due_at=due, because=because, opened_at=now)


def _close(obligation: Obligation, closing: str, now: datetime, **values: Any) -> bool:
    return Obligation.objects.filter(pk=obligation.pk, closed_at=None).update(closed_at=now, closing=closing, **values) == 1


def _kept(incident: Incident, audience: str, entry: TimelineEntry, promised: datetime | None, now: datetime) -> None:
    open_one = current(incident, audience)
    if open_one is not None:
        _close(open_one, Closing.KEPT, now, kept_by=entry)
    if cadence(incident, audience) is not None or (promised is not None and incident.is_open):
        _open(incident, audience, entry.at, now, promised)


def hand_over(source: Incident, target: Incident) -> None:
    """A merge: what the source owed sooner, the target owes now; runs in the merge's transaction, which holds both."""
    now = clock.now()
    for open_one in Obligation.objects.filter(incident=source, closed_at=None):
        _close(open_one, Closing.MERGED, now)
        own = current(target, open_one.audience)
        if own is None:
            if target.is_open:
                _insert(target, open_one.audience, open_one.since, open_one.due_at, open_one.because, now)
        elif open_one.due_at < own.due_at:
            _close(own, Closing.REPLANNED, now)
            _insert(target, open_one.audience, own.since, open_one.due_at, open_one.because, now)


@retried
def update(
    incident: Incident, text: str, *, actor: Any, audience: str = Audience.WAR_ROOM, promise: timedelta | None = None, source: str = ""
) -> TimelineEntry:
    """Tell an audience how it stands; `promise` says by when they hear again, and starts its own clock.

    Raises Refused (422) for no words, an unknown audience or a promise that is no time ahead, (409) once it is over.
    """
    text = clean(text, LONGEST_UPDATE, multiline=True)
    if not text:
        raise Refused(_("Write something first."), status=422)
    if audience not in Audience.values or audience in OUTSIDE:
        raise Refused(_("There is no audience called “%(name)s”.") % {"name": audience}, status=422)
    if promise is not None and not timedelta(0) < promise <= LONGEST_PROMISE:
        raise Refused(_("A promise lies ahead, at most 7 days."), status=422)
    with transaction.atomic():
        incident = lifecycle.hold(incident.pk)
        rights.require(actor, Ability.RESPOND, incident)
        if incident.state in (State.CLOSED, State.DISMISSED, State.MERGED):
            raise Refused(_("%(reference)s is over; write a note instead.") % {"reference": incident.reference})
        promised = (clock.now() + promise).isoformat() if promise else None
        return timeline.record(incident, "comms.update", actor=actor, source=source, text=text, data={"audience": audience, "promised": promised})


def sweep(now: datetime) -> int:
    """Record each miss once and open the next; returns how many were missed."""
    overdue = Obligation.objects.filter(closed_at=None, due_at__lte=now).order_by("due_at", "id").values_list("pk", "incident_id")
    return sweeping.each(list(overdue[:SWEPT_AT_ONCE]), lambda row: _miss(*row, now), "a missed update")


@retried
def _miss(pk: int, incident_id: int, now: datetime) -> bool:
    """One missed update: recorded, never padded with filler; the next is due by the rhythm, after now."""
    with transaction.atomic():
        incident = lifecycle.hold(incident_id)
        obligation = Obligation.objects.filter(pk=pk, closed_at=None, due_at__lte=now).first()
        if obligation is None or not _close(obligation, Closing.MISSED, now, missed_at=now):
            return False
        data = {"audience": obligation.audience, "due": obligation.due_at.isoformat(), "because": obligation.because}
        timeline.record(incident, "comms.update_missed", data=data)
        if obligation.audience in OUTSIDE:
            _chase(incident, obligation, now)
            return True
        due = due_after(incident, obligation.audience, obligation.due_at)
        if due is not None:
            since = obligation.due_at
            if due <= now:  # nobody watched the clock for long: one miss, not one per round
                since, due = now, due_after(incident, obligation.audience, now) or due
            _insert(incident, obligation.audience, since, due, Because.CADENCE, now)
        return True


def _chase(incident: Incident, missed: Obligation, now: datetime) -> None:
    """An audience outside still waits: it is owed again after the time that the playbook promises it."""
    if incident.is_open:
        every = timedelta(seconds=publication.promise(incident, missed.audience).next_update_seconds or CHASED_EVERY)
        due = missed.due_at + every
        _insert(incident, missed.audience, missed.since, due if due > now else now + every, missed.because, now)
