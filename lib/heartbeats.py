"""Signs of life that parts of the portal leave for each other, in real time (no test offset moves them)."""

from datetime import datetime
from typing import Any

from lib import clock
from lib.models import Heartbeat

SILENT_SECONDS = 30.0  # a part of which nothing was heard for this long is silent; each beats every few seconds


def beat(name: str, **detail: Any) -> None:
    """Note that `name` lives, and what it has to say (plain JSON). One statement."""
    row = Heartbeat(name=name, at=clock.real(), detail=detail)
    Heartbeat.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=["at", "detail"])


def age(name: str) -> float | None:
    """Seconds since the last sign of life of `name`; None when there never was one."""
    at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    return None if at is None else _seconds(at, clock.real())


def ages(prefix: str = "") -> dict[str, float]:
    """Seconds since the last sign of life of every part whose name begins with `prefix`."""
    now = clock.real()
    return {name: _seconds(at, now) for name, at in Heartbeat.objects.filter(name__startswith=prefix).order_by("name").values_list("name", "at")}


def _seconds(at: datetime, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds())
