"""The core's one announcement: an entry was recorded. Whoever listens writes rows and calls nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from incidents.models import Incident, TimelineEntry

React = Callable[["TimelineEntry", "Incident", dict[str, Any]], None]


@dataclass(frozen=True)
class Receiver:
    """Somebody who wants to know; `kinds` None means every entry."""

    name: str
    react: React
    kinds: frozenset[str] | None

    def wants(self, kind: str) -> bool:
        """Whether an entry of this kind concerns it."""
        return self.kinds is None or kind in self.kinds


@dataclass
class Announcement:
    """Sent by `timeline.record` inside the transaction of the entry, which holds the incident.

    A receiver gets (entry, incident, data), runs in a savepoint of its own, writes O(1) rows and does no I/O. What it
    raises is kept as a failed `Reaction` and tried again by `sweeps.retry_reactions`; the entry stands either way.
    """

    receivers: dict[str, Receiver] = field(default_factory=dict)

    def connect(self, name: str, react: React, kinds: set[str] | None = None) -> None:
        """Listen under `name` ("<room>.<what>"); connecting twice replaces."""
        self.receivers[name] = Receiver(name, react, None if kinds is None else frozenset(kinds))

    def interested(self, kind: str) -> list[Receiver]:
        """Who wants entries of this kind, in the order of connecting."""
        return [receiver for receiver in self.receivers.values() if receiver.wants(kind)]


entry_recorded = Announcement()
