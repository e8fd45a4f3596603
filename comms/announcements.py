"""User mail about an incident: prepared by the playbook or a person, sent with a minute to take it back (`manual.md §7`)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from comms import letter_promises, public_names, publication, word_list
from comms.letter_promises import PLAYBOOKS, UNDO
from comms.models import Announcement, Audience, Subscriber
from comms.public_words import LAST_STATES, Words, checked
from incidents import lifecycle, rights, timeline
from incidents.models import Impact, Incident, TimelineEntry
from incidents.models import State as IncidentState
from lib import clock
from lib.db import lock, retried
from lib.errors import NotFound, Refused
from lib.nudge import nudge

LONGEST_PROMISE = 7 * 86400
State = Announcement.State
OPEN = (State.DRAFT, State.WAITING)
NOBODYS: dict[str, Any] = {"lease_until": None, "lease_token": ""}  # a worker that claimed it before finds that it lost it
LEVELS = {"degraded": "degraded_performance", "partial": "partial_outage", "outage": "major_outage"}  # of an impact → of the public's words
SYMPTOMS = {"outage": "unavailable", "partial": "partly", "degraded": "slow"}  # the gravest first
SAID = {  # what the public hears of a state (design.md "The incident")
    IncidentState.FIXING: "identified",
    IncidentState.ROLLING_BACK: "identified",
    IncidentState.VERIFYING: "monitoring",
    IncidentState.WATCHING: "monitoring",
    IncidentState.RESOLVED: "resolved",
    IncidentState.CLOSED: "resolved",
}
PUBLIC_STATES = set(IncidentState.values) - {IncidentState.DECLARED, IncidentState.DISMISSED, IncidentState.MERGED}


def standard_words(incident: Incident) -> Words:
    """What can be said without a person: phrases for the state and the gravest impact; of a private incident the state alone."""
    state = SAID.get(IncidentState(incident.state), "investigating")
    services, hears = affected(incident, state)
    if state in ("resolved", "monitoring"):
        return Words(state, services=services, hears=hears)
    symptom = next((said for level, said in SYMPTOMS.items() if LEVELS[level] in services.values()), "")
    advice = {"unavailable": "wait", "": ""}.get(symptom, "retry")
    return Words(state, symptom, advice, services=services, hears=hears)


def affected(incident: Incident, state: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """What a letter of `state` says of the services that are hit, hidden ones left out, and the slugs whose readers hear it: all
    that are hit. Nothing of a private incident."""
    if incident.is_private:
        return {}, ()
    hit, names = dict(Impact.objects.filter(incident=incident).order_by("pk").values_list("service__slug", "level")), public_names.shown()
    return {slug: "operational" if state in LAST_STATES else LEVELS[level] for slug, level in hit.items() if slug in names}, tuple(hit)


def heard(words: Mapping[str, Any]) -> list[str]:
    """The slugs whose readers hear a letter with these stored words; who chose none hears all."""
    return [*(words.get("services") or {}), *(words.get("hears") or ())]


def counted(words: Mapping[str, Any]) -> dict[str, int]:
    """How many readers a mail with these stored words has now, by language."""
    found = Subscriber.objects.hearing_of(heard(words)).order_by().values_list("language").annotate(Count("id"))
    return dict(found)


@retried
def prepare(
    incident: Incident,
    words: Words | None = None,
    *,
    actor: Any,
    promise_seconds: int | None = PLAYBOOKS,
    recovery_seconds: int = PLAYBOOKS,
    all_the_same: bool = False,
    source: str = "",
) -> Announcement:
    """The incident's open letter with these words (default: the standard ones for a new one); makes it where there is none.

    `promise_seconds` and `recovery_seconds` −1 are the playbook's promise; of a recovery of 0 nothing is said. Raises Refused (409) before
    *confirmed*, for imported history and while it leaves, (422) for words that do not fit; WordsFound (409); Forbidden.
    """
    with transaction.atomic():
        incident = lifecycle.hold(incident.pk)
        rights.require(actor, Ability.PUBLISH, incident)
        _require_public(incident)
        open_one = Announcement.objects.filter(incident=incident, state__in=OPEN).first()
        if open_one is not None and words is None:
            return open_one
        if open_one is not None and open_one.state == State.WAITING:
            raise Refused(_("It leaves in a moment. Take it back first, then change it."))
        kept, hits = checked(words or standard_words(incident), all_the_same=all_the_same)
        seconds = letter_promises.to_next(incident, kept) if promise_seconds == PLAYBOOKS else promise_seconds
        if (seconds is not None and not 0 < seconds <= LONGEST_PROMISE) or not PLAYBOOKS <= recovery_seconds <= LONGEST_PROMISE:
            raise Refused(_("A promise lies ahead, at most 7 days."), status=422)
        said = {**kept.dump(), "recovery_seconds": recovery_seconds}
        values = {"words": said, "promise_seconds": seconds, "hits": [word_list.as_data(hit) for hit in hits], "is_auto": False}
        if open_one is None:
            made = Announcement.objects.create(incident=incident, created_by=actor, created_at=clock.now(), **values)
            timeline.record(incident, "comms.users_prepared", actor=actor, source=source, data=_data(made))
        else:
            Announcement.objects.filter(pk=open_one.pk).update(**values)
            made = Announcement.objects.get(pk=open_one.pk)
    return made


@retried
def send(announcement: Announcement, *, actor: Any, source: str = "", request: Any = None) -> Announcement:
    """Let it leave in a minute; a second press changes nothing. Raises Refused (409, 422), WordsFound (409), Forbidden."""
    with transaction.atomic():
        incident, announcement = _held(announcement)
        rights.require(actor, Ability.PUBLISH, incident)
        _require_public(incident)
        if announcement.state == State.WAITING:
            return announcement
        if announcement.state != State.DRAFT:
            raise Refused(_("It has left already, or is no longer needed."))
        if incident.is_private and not Words.load(announcement.words).texts():
            raise Refused(_("This incident is private: write the words yourself; nothing is said of it by itself."), status=422)
        _require_known(announcement)
        announcement = _start(incident, announcement, actor=actor, source=source)
        after = {"incident": incident.reference, "words": announcement.words, "let_pass": [hit["word"] for hit in announcement.hits]}
        audit.record("comms.users_sent", actor=actor, target=str(announcement), after=after, request=request)
    return announcement


def _start(incident: Incident, announcement: Announcement, *, actor: Any, source: str = "", not_before: datetime | None = None) -> Announcement:
    """The minute begins, or a longer wait until `not_before`; whoever held it until now may not let it go."""
    leaves = max(clock.now() + UNDO, not_before or clock.now())
    words = letter_promises.dated(announcement, leaves)
    values = {"state": State.WAITING, "leaves_at": leaves, "sent_by": actor, "words": words, "is_own_words": incident.is_private}
    Announcement.objects.filter(pk=announcement.pk).update(**values, **NOBODYS)
    made = Announcement.objects.get(pk=announcement.pk)
    data = {**_data(made), "leaves": leaves.isoformat(), "readers": counted(words)}
    timeline.record(incident, "comms.users_sending", actor=actor, source=source, data=data)
    nudge("comms.release_announcements")
    return made


@retried
def undo(announcement: Announcement, *, actor: Any, source: str = "") -> Announcement:
    """Take it back before it leaves: a draft again, and a person's: it leaves by itself no more. Raises Refused (409) when it has left, Forbidden."""
    with transaction.atomic():
        incident, announcement = _held(announcement)
        rights.require(actor, Ability.PUBLISH, incident)
        if announcement.state == State.DRAFT:
            return announcement
        if not _moved(announcement, State.WAITING, State.DRAFT, leaves_at=None, is_auto=False, **NOBODYS):
            raise Refused(_("It has left already. You can stop what is still on its way."))
        timeline.record(incident, "comms.users_undone", actor=actor, source=source, data=_data(announcement))
    return Announcement.objects.get(pk=announcement.pk)


@retried
def stop(announcement: Announcement, *, actor: Any, source: str = "", request: Any = None) -> Announcement:
    """Drop what has not reached its reader yet. Raises Refused (409) unless it is on its way, Forbidden."""
    with transaction.atomic():
        incident, announcement = _held(announcement)
        rights.require(actor, Ability.PUBLISH, incident)
        if announcement.state == State.WITHDRAWN:
            return announcement
        if not any(_moved(announcement, state, State.WITHDRAWN) for state in (State.SENDING, State.SENT)):
            raise Refused(_("It has not left."))
        timeline.record(incident, "comms.users_stopped", actor=actor, source=source, data=_data(announcement))
        audit.record("comms.users_stopped", actor=actor, target=str(announcement), request=request)
    return Announcement.objects.get(pk=announcement.pk)


@retried
def drop(announcement: Announcement, *, actor: Any) -> None:
    """A draft is not needed. Raises Refused (409) once it was sent, Forbidden."""
    with transaction.atomic():
        incident, announcement = _held(announcement)
        rights.require(actor, Ability.PUBLISH, incident)
        if announcement.state != State.VOID and not _moved(announcement, State.DRAFT, State.VOID):
            raise Refused(_("It is no draft any more."))


def on_entry(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> None:
    """Make the playbook's letter at *confirmed*, let one go that nobody needs any more; runs in the entry's transaction."""
    if not incident.is_open or incident.state == IncidentState.DECLARED or incident.is_private:
        _void(incident)
        return
    rule = publication.rule(incident)
    how, not_before = rule.users, incident.began_at + timedelta(seconds=rule.users_after_seconds)
    open_one = Announcement.objects.filter(incident=incident, state__in=OPEN).first()
    if open_one is not None and open_one.state == State.WAITING and open_one.is_auto:
        _follow(incident, open_one, how, not_before)
        return
    is_start = entry.kind == "incidents.state" and data["from"] in (IncidentState.DECLARED, IncidentState.RESOLVED)
    if how == "none" or not (is_start or (entry.kind == "incidents.severity" and data.get("raised"))):
        return
    if open_one is None:
        if not is_start and Announcement.objects.filter(incident=incident, state__in=(State.SENDING, State.SENT)).exists():
            return
        words = standard_words(incident)
        values = {"words": words.dump(), "promise_seconds": letter_promises.to_next(incident, words), "is_auto": True, "created_at": clock.now()}
        open_one = Announcement.objects.create(incident=incident, **values)
        if how != "auto" or not _is_clean(open_one):
            timeline.record(incident, "comms.users_prepared", data=_data(open_one))
    if how == "auto" and open_one.state == State.DRAFT and open_one.is_auto and _is_clean(open_one):
        _start(incident, open_one, actor=None, not_before=not_before)


def _follow(incident: Incident, waiting: Announcement, how: publication.How, not_before: datetime) -> None:
    """A letter that waits longer than its minute says how it stands by now, leaves sooner when the rule says so, and stays when it
    says no more that it leaves by itself."""
    minute = clock.now() + UNDO
    if waiting.leaves_at is None or waiting.leaves_at <= minute:
        return
    waiting.words = standard_words(incident).dump()
    waiting.words = letter_promises.dated(waiting, waiting.leaves_at)
    if how != "auto" or not _is_clean(waiting):
        _moved(waiting, State.WAITING, State.VOID if how == "none" else State.DRAFT, words=waiting.words, leaves_at=None, **NOBODYS)
    elif max(minute, not_before) < waiting.leaves_at:
        _start(incident, waiting, actor=None, not_before=not_before)
    else:
        Announcement.objects.filter(pk=waiting.pk).update(words=waiting.words)


def _void(incident: Incident) -> None:
    """What the playbook prepared and nobody touched goes; so does what waits for its minute, unless it says how it ended."""
    Announcement.objects.filter(incident=incident, state=State.DRAFT, is_auto=True).update(state=State.VOID)
    for waiting in Announcement.objects.filter(incident=incident, state=State.WAITING, is_own_words=False):
        if waiting.words.get("state") not in ("resolved", "withdrawn", "correction") or incident.is_private:
            _moved(waiting, State.WAITING, State.VOID)


def hand_over(source: Incident, target: Incident) -> None:
    """A merge: what the source had not sent yet is the target's business now."""
    Announcement.objects.filter(incident=source, state__in=OPEN).update(state=State.VOID)


def figures(announcement: Announcement) -> list[dict[str, Any]]:
    """How it stands with its readers: a row per language with `waiting`, `sent`, `failed`."""
    found: dict[str, dict[str, Any]] = {}
    rows = announcement.deliveries.order_by().values_list("language", "state").annotate(Count("id"))
    for language, state, count in rows:
        row = found.setdefault(language, {"language": language, "waiting": 0, "sent": 0, "failed": 0})
        row[{"due": "waiting", "sent": "sent"}.get(state, "failed")] += count
    return [found[language] for language in sorted(found)]


def _require_public(incident: Incident) -> None:
    if incident.is_imported:
        raise Refused(_("This incident is imported history; nothing is sent about it."))
    if incident.state not in PUBLIC_STATES:
        raise Refused(_("Nothing reaches the public before it is confirmed that it is real."))


def _require_known(announcement: Announcement) -> None:
    """Every word that should stay inside was confirmed by a person, and every service may still be named."""
    _words, hits = checked(Words.load(announcement.words), all_the_same=True)
    confirmed = {hit["word"] for hit in announcement.hits}
    if new := [hit for hit in hits if hit.word not in confirmed]:
        raise word_list.WordsFound(new)


def _is_clean(announcement: Announcement) -> bool:
    """Whether it may leave by itself: where one of its words stands on the word list (a service's name, say), a person decides."""
    try:
        _require_known(announcement)
    except Refused:
        return False
    return True


def _held(announcement: Announcement) -> tuple[Incident, Announcement]:
    incident = lifecycle.hold(announcement.incident_id)
    row = lock(Announcement.objects.filter(pk=announcement.pk)).first()
    if row is None:
        raise NotFound()
    return incident, row


def _moved(announcement: Announcement, old: str, new: str, **values: Any) -> bool:
    return Announcement.objects.filter(pk=announcement.pk, state=old).update(state=new, **values) == 1


def _data(announcement: Announcement) -> dict[str, Any]:
    kind = announcement.words.get("state", "")
    return {"audience": Audience.USERS, "announcement": announcement.pk, "kind": kind, "auto": announcement.is_auto}


def told_data(announcement: Announcement, readers: dict[str, int]) -> dict[str, Any]:
    """What the entry says once it has left."""
    return {**_data(announcement), "promised": announcement.next_at, "readers": readers}


def leaving(now: datetime) -> Any:
    """What the engine takes up: its minute is over, or it was interrupted on its way."""
    return Announcement.objects.filter(state__in=(State.WAITING, State.SENDING), leaves_at__lte=now).order_by("leaves_at", "id")
