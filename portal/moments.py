"""How moments and spans of time are written: own zone first, UTC beside it, never a zone's abbreviation."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import formats, timezone
from django.utils.translation import gettext, npgettext, pgettext

from lib import clock

MINUTE, HOUR, DAY = 60, 3600, 86400


def offset(value: datetime) -> str:
    """The offset of an aware moment as "UTC", "UTC+8" or "UTC+5:30"."""
    seconds = int((value.utcoffset() or timedelta()).total_seconds())
    if not seconds:
        return "UTC"
    hours, minutes = divmod(abs(seconds) // MINUTE, 60)
    return f"UTC{'+' if seconds > 0 else '−'}{hours}" + (f":{minutes:02d}" if minutes else "")


def date(value: datetime, *, now: datetime | None = None) -> str:
    """The day of an aware moment in its own zone, with the year when it is not the present one."""
    same_year = value.year == (now or clock.now()).astimezone(value.tzinfo).year
    # Translators: date formats of Django's `date` filter.
    return formats.date_format(value, pgettext("date format", "j M") if same_year else pgettext("date format", "j M Y"), use_l10n=False)


def exact(value: datetime, *, now: datetime | None = None) -> str:
    """ "03:07 UTC+8 (19:07 UTC, 21 Nov)" in the active zone (ui.md "Everywhere")."""
    local = timezone.localtime(value)
    utc = value.astimezone(UTC)
    if not local.utcoffset():
        return gettext("%(time)s UTC, %(day)s") % {"time": f"{local:%H:%M}", "day": date(local, now=now)}
    return gettext("%(time)s %(zone)s (%(utc)s UTC, %(day)s)") % {"time": f"{local:%H:%M}", "zone": offset(local), "utc": f"{utc:%H:%M}", "day": date(utc, now=now)}


def span(seconds: float) -> str:
    """A length of time in its two largest units: "45 s", "12 min", "2 h 15 min", "3 d 4 h"."""
    left = int(abs(seconds))
    if left < MINUTE:
        return pgettext("span", "%d s") % left
    if left < HOUR:
        return pgettext("span", "%d min") % (left // MINUTE)
    if left < DAY:
        hours, minutes = left // HOUR, left % HOUR // MINUTE
        return pgettext("span", "%d h") % hours + (" " + pgettext("span", "%d min") % minutes if minutes else "")
    days, hours = left // DAY, left % DAY // HOUR
    return npgettext("span", "%d d", "%d d", days) % days + (" " + pgettext("span", "%d h") % hours if hours else "")


def coarse(seconds: float) -> str:
    """A length of time in its largest unit alone: "12 min"."""
    left = int(abs(seconds))
    for size, text in ((DAY, npgettext("span", "%d d", "%d d", left // DAY)), (HOUR, pgettext("span", "%d h")), (MINUTE, pgettext("span", "%d min"))):
        if left >= size:
            return text % (left // size)
    return pgettext("span", "%d s") % left


def ago(value: datetime, *, now: datetime | None = None) -> str:
    """ "just now", "12 min ago", "in 3 h"."""
    seconds = ((now or clock.now()) - value).total_seconds()
    if abs(seconds) < MINUTE:
        return gettext("just now") if seconds >= 0 else gettext("in a moment")
    return (gettext("%s ago") if seconds > 0 else gettext("in %s")) % coarse(seconds)


def local_clock(zone: str, now: datetime) -> str:
    """The time on the wall in the IANA zone `zone`, "" when nobody knows that zone."""
    try:
        return f"{now.astimezone(ZoneInfo(zone)):%H:%M}"
    except (ZoneInfoNotFoundError, ValueError):
        return ""
