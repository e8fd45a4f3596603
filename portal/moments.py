"""How long ago something was, and what time it is where somebody is; exact moments and spans are written by `lib.times`."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from lib import clock, times

exact, span = times.stamp, times.span


def coarse(seconds: float) -> str:
    """A length of time in its largest unit alone: "12 min"."""
    left = int(abs(seconds))
    return times.span(left - left % next((size for size in (86400, 3600, 60) if left >= size), 1))


def ago(value: datetime, *, now: datetime | None = None) -> str:
    """ "just now", "12 min ago", "in 3 h"."""
    seconds = ((now or clock.now()) - value).total_seconds()
    if abs(seconds) < 60:
        return _("just now") if seconds >= 0 else _("in a moment")
    return (_("%s ago") if seconds > 0 else _("in %s")) % coarse(seconds)


def local_clock(zone: str, now: datetime) -> str:
    """The time on the wall in the IANA zone `zone`, "" when nobody knows that zone."""
    try:
        return f"{now.astimezone(ZoneInfo(zone)):%H:%M}"
    except (ZoneInfoNotFoundError, ValueError):
        return ""
