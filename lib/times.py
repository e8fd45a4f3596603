"""Times as people read them: own zone first with its offset, UTC beside it, never a zone's abbreviation."""

from datetime import UTC, datetime, tzinfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def stamp(moment: datetime, zone: tzinfo | None = None) -> str:
    """ "03:07 UTC+8 (19:07 UTC, 21 Nov)" in `zone` (default: the reader's); in UTC itself "19:07 UTC, 21 Nov"."""
    utc = moment.astimezone(UTC)
    local = moment.astimezone(zone or timezone.get_current_timezone())
    in_utc = _("%(time)s UTC, %(date)s") % {"time": f"{utc:%H:%M}", "date": date_format(utc, _("j M"))}
    offset = offset_name(local)
    return in_utc if offset == "UTC" else f"{local:%H:%M} {offset} ({in_utc})"


def offset_name(local: datetime) -> str:
    """ "UTC+8", "UTC−3:30" or "UTC" for an aware time."""
    minutes = int((local.utcoffset() or UTC.utcoffset(local)).total_seconds() // 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02d}' if rest else ''}"


def span(seconds: float) -> str:
    """A length of time in its largest whole units: "15 min", "1 h", "2 h 15 min", "3 d"."""
    seconds = int(seconds)
    if seconds < 60:
        return ngettext("%(count)s s", "%(count)s s", seconds) % {"count": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return _("%(count)s min") % {"count": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        said = _("%(count)s h") % {"count": hours}
        return said if not minutes else said + " " + _("%(count)s min") % {"count": minutes}
    return _("%(count)s d") % {"count": hours // 24}


def running(seconds: float) -> str:
    """The length as a running clock shows it: as `span`, below ten minutes with seconds ("4 min 05 s"); `time.js` says the same."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{span(minutes * 60)} {ngettext('%(count)s s', '%(count)s s', rest) % {'count': f'{rest:02d}'}}" if 0 < minutes < 10 else span(seconds)
