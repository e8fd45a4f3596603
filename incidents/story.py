"""The story as a page tells it: a window of lines, grouped by day, bursts of the machine folded."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from incidents import timeline
from incidents.models import Incident
from incidents.timeline import Line

WINDOW = 50
BURST = 4  # so many entries of the machine in a row are folded
FILTERS: dict[str, tuple[Any, ...]] = {"": (), "decisions": ("decision",), "messages": ("message",), "alerts": ("alert",), "notes": ("note",)}


@dataclass
class Burst:
    """Entries of the machine that came together."""

    lines: list[Line]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many of each category, the most first."""
        return Counter(str(line.category) for line in self.lines).most_common()


@dataclass
class Day:
    """What happened on one day of the reader's calendar."""

    day: date
    items: list[Line | Burst] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """A window on the story; `older` and `newer` are how many entries lie outside it."""

    days: list[Day]
    first: int
    last: int
    older: int
    newer: int


def window(incident: Incident, *, show: str = "", before: int | None = None, around: int | None = None, limit: int = WINDOW) -> Story:
    """The newest entries, or those before a sequence, or those around one. Two queries."""
    categories = FILTERS.get(show, ())
    end = incident.last_seq + 1
    if around is not None:
        end = min(end, around + limit // 2)
    elif before is not None:
        end = min(end, before)
    lines = timeline.lines(incident, before=end, limit=limit, categories=categories)
    first = lines[0].seq if lines else end
    complete = bool(categories) and len(lines) < limit
    return Story(days(lines), first, incident.last_seq, 0 if complete else first - 1, incident.last_seq - end + 1)


def days(lines: Iterable[Line]) -> list[Day]:
    """The lines grouped by the day on which they were recorded, in the active zone."""
    told: list[Day] = []
    for line in lines:
        day = timezone.localtime(line.recorded_at).date()
        if not told or told[-1].day != day:
            told.append(Day(day))
        told[-1].items.append(line)
    for group in told:
        group.items = folded([item for item in group.items if isinstance(item, Line)])
    return told


def folded(lines: list[Line]) -> list[Line | Burst]:
    """The lines with each run of at least `BURST` entries of the machine in one fold; decisions always stand open."""
    items: list[Line | Burst] = []
    run: list[Line] = []
    for line in [*lines, None]:
        if line is not None and line.is_machine and line.category != "decision":
            run.append(line)
            continue
        items += [Burst(run)] if len(run) >= BURST else run
        run = []
        if line is not None:
            items.append(line)
    return items


def entry(line: Line, prefix: str = "") -> SafeString:
    """An entry as it stands on the page; nothing of the viewer but language and zone is in it, so a crowd costs as much as one."""
    return _entry(line, prefix, get_language() or "", timezone.get_current_timezone_name())


@lru_cache(maxsize=1024)
def _entry(line: Line, prefix: str, _language: str, _zone: str) -> SafeString:
    return render_to_string("incidents/_entry.html", {"line": line, "prefix": prefix})


def since(incident: Incident, after: int, *, limit: int = 200) -> Story:
    """Everything after a sequence, for a page that catches up. Two queries."""
    lines = timeline.lines(incident, after=after, limit=limit)
    last = lines[-1].seq if lines else after
    return Story(days(lines), after + 1, incident.last_seq, 0, incident.last_seq - last)
