"""How long ago something was, and what time it is where somebody is; spans are written by `lib.times`."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lib import clock, times

span = times.span


def exact(value: datetime) -> str:
    """ "03:07 UTC+8 (19:07 UTC, 21 Nov)" in the reader's zone; a page says the same minute many times, so it is written once."""
    return _exact(value.replace(second=0, microsecond=0), timezone.get_current_timezone_name(), get_language() or "")


@lru_cache(maxsize=4096)
def _exact(minute: datetime, zone: str, language: str) -> str:
    return times.stamp(minute)


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


def elsewhere(zone: str, now: datetime) -> str:
    """ "21:38 there" for the IANA zone `zone`; "" where it is the same time as for the reader, or nobody knows that zone."""
    there = local_clock(zone, now)
    return _("%(time)s there") % {"time": there} if there and there != f"{timezone.localtime(now):%H:%M}" else ""
