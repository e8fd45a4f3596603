"""What a batch of notices changes in the rows of its alerts. Pure: rows in, changes out, nothing is saved."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from detection.deciding import reworded
from detection.episodes import Episode, Stretch, dump, gather, load
from detection.models import Alert, Source
from detection.normal import NormalAlert
from detection.rules import Meaning, Rules, severity_of


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert of the batch with what it means to us."""

    alert: NormalAlert
    meaning: Meaning


@dataclass(slots=True)
class Change:
    """A row after the batch. `is_touched` False: it was only heard of again."""

    row: Alert
    is_new: bool = False
    began: bool = False  # a firing notice came for a stretch that had none
    ended: bool = False  # it fired, and now it does not
    is_touched: bool = False
    is_reworded: bool = False  # same stretch, other words (a figure in an annotation)


TICK = timedelta(microseconds=1)
WORDS = ("name", "title", "summary", "url", "labels", "label_text", "annotations", "links", "severity", "service_id", "why")


def unfold(source: Source, notices: Mapping[str, list[Notice]], rows: Iterable[Alert], received: datetime) -> list[Change]:
    """The changes that a batch means, whatever the order in which its parts were said."""
    known: dict[str, list[Alert]] = {}
    for row in rows:
        known.setdefault(row.fingerprint, []).append(row)
    return [change for fingerprint, said in notices.items() for change in _one(source, fingerprint, said, known.get(fingerprint, []), received)]


def _one(source: Source, fingerprint: str, said: list[Notice], rows: list[Alert], received: datetime) -> list[Change]:
    if not rows and len(said) == 1:  # nearly always: an alert that was never heard of
        episode = _episode(said[0].alert, [], received)
        return [_new(source, fingerprint, Stretch((episode,)), [(episode.start, said[0])], None, received)]
    holders = {episode.start: row for row in rows for episode in load(row.episodes)}
    episodes = [episode for row in rows for episode in load(row.episodes)]
    starts: list[datetime] = []
    for notice in said:
        episode = _episode(notice.alert, episodes, received)
        starts.append(episode.start)
        episodes.append(episode)
    by_start = {row.starts_at: row for row in rows}
    changes = []
    for stretch in gather(episodes):
        of_it = [(start, notice) for start, notice in zip(starts, said, strict=True) if start in stretch.starts]
        row = by_start.get(stretch.start) or next((by_start[start] for start in sorted(stretch.starts) if start in by_start), None)
        if row is None:
            parent = holders.get(stretch.start)  # the row that held this stretch until a late end split it off
            changes.append(_new(source, fingerprint, stretch, of_it, parent, received))
        elif of_it or dump(stretch) != row.episodes:
            changes.append(_changed(row, stretch, of_it, received))
    return changes


def _episode(alert: NormalAlert, known: list[Episode], received: datetime) -> Episode:
    """What a notice says. A source without starts means the stretch that is open, or the last one when it ends again."""
    start, end = alert.starts_at, alert.ends_at or received
    if start is None:
        last = gather(known)[-1:] if known else []
        still_open = bool(last) and last[0].end is None
        if last and (still_open or not alert.is_firing):
            start = last[0].episodes[-1].start
            end = alert.ends_at or last[0].end or received  # that it ended again is no news
        else:  # what was said later begins later, in one request too
            start = max(received, last[0].end + TICK) if last and last[0].end else received
    if alert.is_firing:
        return Episode(start, None, True)
    return Episode(start, max(end, start), False)


@cache
def _blank() -> list[Any]:
    """What a row holds before anything is said."""
    return [field.get_default() for field in Alert._meta.concrete_fields]


def _new(source: Source, fingerprint: str, stretch: Stretch, said: list[tuple[datetime, Notice]], parent: Alert | None, received: datetime) -> Change:
    row = Alert(*_blank())  # by place: by name a model looks up every default of every row
    row.source_id, row.fingerprint, row.received_at, row.last_received_at, row.times = source.pk, fingerprint, received, received, max(len(said), 1)
    if parent is not None:
        for name in (*WORDS, "group_id", "incident_id"):
            setattr(row, name, getattr(parent, name))
    if said:
        _describe(row, _telling(said))
    _time(row, stretch)
    return Change(row, is_new=True, began=stretch.fired, is_touched=True)


def _changed(row: Alert, stretch: Stretch, said: list[tuple[datetime, Notice]], received: datetime) -> Change:
    was_firing, had_fired, before = row.is_firing, row.fired, (row.episodes, row.starts_at)
    words, severity = [getattr(row, name) for name in WORDS], row.severity
    newest = load(row.episodes)[-1].start
    fresh = [(start, notice) for start, notice in said if start >= newest and (notice.alert.is_firing or not row.fired)]
    if fresh:
        _describe(row, _telling(fresh))
    _time(row, stretch)
    if said:
        row.last_received_at = received
        row.times += len(said)
    grew = was_firing and row.is_firing and row.severity < severity  # the rules changed, or the source says more now
    return Change(
        row,
        began=(stretch.fired and not had_fired) or grew,
        ended=was_firing and not row.is_firing,
        is_touched=(row.episodes, row.starts_at) != before or grew,
        is_reworded=[getattr(row, name) for name in WORDS] != words,
    )


def regraded(rows: Iterable[Alert], rules: Rules, over: Collection[int]) -> list[Change]:
    """The changes that the rules in force mean for the severity of these rows: one that fires and became graver began anew.

    What belongs to an incident that is over (ids) only gets another severity: nothing follows from it there.
    """
    changes = []
    for row in rows:
        severity, why = severity_of(row.labels, rules, row.name)
        if severity != row.severity or row.why.get("severity") != why:
            grew = row.is_firing and row.fired and severity < row.severity and row.incident_id not in over
            changes.append(Change(row, began=grew, is_touched=severity != row.severity, is_reworded=True))
            row.why, row.severity = reworded(row, severity, {"severity": why}), severity
    return changes


def _telling(said: list[tuple[datetime, Notice]]) -> Notice:
    """The notice whose words stand: of the newest start, a firing one before an end, else the later of the request."""
    return max(reversed(said), key=lambda one: (one[0], one[1].alert.is_firing))[1]


def _time(row: Alert, stretch: Stretch) -> None:
    row.starts_at, row.ends_at, row.fired, row.episodes = stretch.start, stretch.end, stretch.fired, dump(stretch)
    row.is_firing = stretch.end is None
    row.status = Alert.Status.FIRING if row.is_firing else Alert.Status.RESOLVED


def _describe(row: Alert, notice: Notice) -> None:
    alert, meaning = notice.alert, notice.meaning
    row.name, row.title, row.summary, row.url = alert.name, alert.title, alert.summary, alert.url
    row.labels, row.annotations, row.links = alert.labels, alert.annotations, list(alert.links)
    row.label_text = " ".join(f"{name}={value}" for name, value in alert.labels.items())[:4000]
    row.why, row.severity = reworded(row, meaning.severity, meaning.why), meaning.severity
    if meaning.service is not None:
        row.service = meaning.service
    else:
        row.service_id = None
