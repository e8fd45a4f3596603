"""When something fired, made from what its source said in any order and any number of times. Pure.

An episode is one start that a source named, with its end once that is known. A start without an end is continued by the next
one: the two are one stretch. Because ends only become known and starts only become more, the stretches depend on what was
said alone, never on the order in which it arrived.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

MOST_STARTS = 50  # in one stretch; the oldest inner ones are forgotten


@dataclass(frozen=True, slots=True)
class Episode:
    """One start, its end if it is known, and whether a firing notice came for it."""

    start: datetime
    end: datetime | None
    fired: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Episodes that are one: all but the last have no end of their own."""

    episodes: tuple[Episode, ...]

    @property
    def start(self) -> datetime:
        """When it began."""
        return self.episodes[0].start

    @property
    def end(self) -> datetime | None:
        """When it ended; None while it fires."""
        return self.episodes[-1].end

    @property
    def fired(self) -> bool:
        """Whether a firing notice ever came."""
        return any(episode.fired for episode in self.episodes)

    @property
    def starts(self) -> set[datetime]:
        """Every start it holds."""
        return {episode.start for episode in self.episodes}


def gather(episodes: Iterable[Episode]) -> list[Stretch]:
    """The stretches of everything said about one fingerprint, the oldest first; only the last can still fire."""
    stretches: list[Stretch] = []
    current: list[Episode] = []
    for episode in fold(episodes):
        current.append(episode)
        if episode.end is not None:
            stretches.append(Stretch(_shorten(current)))
            current = []
    if current:
        stretches.append(Stretch(_shorten(current)))
    return stretches


def fold(episodes: Iterable[Episode]) -> list[Episode]:
    """One episode per start: the latest end said, and whether any firing notice came."""
    found: dict[datetime, Episode] = {}
    for one in episodes:
        known = found.get(one.start)
        if known is not None:
            ends = [end for end in (known.end, one.end) if end is not None]
            one = Episode(one.start, max(ends, default=None), known.fired or one.fired)
        found[one.start] = one
    return [found[start] for start in sorted(found)]


def _shorten(episodes: list[Episode]) -> tuple[Episode, ...]:
    if len(episodes) <= MOST_STARTS:
        return tuple(episodes)
    return (episodes[0], *episodes[-(MOST_STARTS - 1) :])


def dump(stretch: Stretch) -> list[list[object]]:
    """As JSON: [[start, end or null, fired], …]."""
    return [[one.start.isoformat(), one.end.isoformat() if one.end else None, one.fired] for one in stretch.episodes]


def load(stored: Iterable[tuple[str, str | None, bool]]) -> list[Episode]:
    """Back from JSON."""
    return [Episode(datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None, fired) for start, end, fired in stored]
