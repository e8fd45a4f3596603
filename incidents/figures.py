"""Registry of figures: keys to values with their source and time, for drafts, statements and post-mortems."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.models import Incident


@dataclass(frozen=True)
class Figure:
    """A value, where it comes from, and when it was true."""

    value: Any
    source: str
    at: datetime | None


Maker = Callable[[Incident], Figure | None]
FIGURES: dict[str, Maker] = {}


def register(key: str, maker: Maker) -> None:
    """Offer the figure `key`; the maker returns None when there is none yet."""
    FIGURES[key] = maker


def of(incident: Incident) -> dict[str, Figure]:
    """All figures known about an incident."""
    return {key: figure for key, maker in FIGURES.items() if (figure := maker(incident))}


def _between(start: str, end: str) -> Maker:
    def make(incident: Incident) -> Figure | None:
        first, last = getattr(incident, f"{start}_at"), getattr(incident, f"{end}_at")
        return Figure(int((last - first).total_seconds()), "milestones", last) if first and last else None

    return make


def _users(incident: Incident) -> Figure | None:
    return None if incident.users_affected is None else Figure(incident.users_affected, "incident", incident.moved_at)


def _share(incident: Incident) -> Figure | None:
    return None if incident.users_affected_percent is None else Figure(float(incident.users_affected_percent), "incident", incident.moved_at)


register("duration_seconds", _between("began", "resolved"))
register("detect_seconds", _between("began", "detected"))
register("acknowledge_seconds", _between("detected", "acknowledged"))
register("confirm_seconds", _between("detected", "confirmed"))
register("mitigate_seconds", _between("began", "mitigated"))
register("users_affected", _users)
register("users_affected_percent", _share)
