"""Ninety days of a component as one small picture: a dashed line for the days without trouble, a taller bar for each other day."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib import times
from lib.i18n import strung
from statuspage.models import ComponentState
from statuspage.snapshot import Day

PITCH = 5  # a day's width; the bar itself is 3.6 wide, as the style sheet's dashes are
SPOKEN = 5  # days that are read aloud one by one; the newest


def picture(days: Sequence[Day], uptime: Decimal) -> SafeString:
    """The picture, with what it shows as words for those who do not see it."""
    missing = sum(not day.worst for day in days)
    bad = [(number, day) for number, day in enumerate(days) if day.worst not in ("", ComponentState.OPERATIONAL)]
    marks = format_html_join(
        "",
        '<path class="{}" d="M{} 0h3.6v32h-3.6z"><title>{}</title></path>',
        ((day.worst, number * PITCH, said(day)) for number, day in bad),
    )
    return format_html(
        '<svg class="days" viewBox="0 0 {} 32" preserveAspectRatio="none" role="img" aria-label="{}">{}{}{}</svg>',
        len(days) * PITCH,
        aloud(len(days), uptime, [day for _number, day in bad]),
        format_html('<path class="absent" d="M0 22h{}"/>', missing * PITCH) if missing else "",
        format_html('<path class="operational" d="M{} 22h{}"/>', missing * PITCH, (len(days) - missing) * PITCH) if missing < len(days) else "",
        marks,
    )


def aloud(count: int, uptime: Decimal, bad: Sequence[Day]) -> str:
    """ "Last 90 days: available 99.95 % of the time; 3 Nov: Partial outage, 12 min unavailable"."""
    first = ngettext("Last %(count)s day: available %(share)s of the time", "Last %(count)s days: available %(share)s of the time", count)
    lines = [first % {"count": count, "share": percent(uptime)}]
    lines += [said(day) for day in reversed(bad[-SPOKEN:])]
    if len(bad) > SPOKEN:
        more = len(bad) - SPOKEN
        lines.append(ngettext("and %(count)s more day", "and %(count)s more days", more) % {"count": more})
    return strung(lines)


def said(day: Day) -> str:
    """One day in words."""
    state = ComponentState(day.worst).label
    if not day.seconds_down:
        return _("%(date)s: %(state)s") % {"date": short(day.date), "state": state}
    return _("%(date)s: %(state)s, unavailable for %(time)s") % {"date": short(day.date), "state": state, "time": times.span(day.seconds_down)}


def short(day: date | datetime) -> str:
    """ "3 Nov"."""
    return date_format(day, _("j M"))


def percent(share: Decimal) -> str:
    """ "99.95%", "100%"."""
    return f"{share.normalize():f}%" if share != 100 else "100%"


def worst(states: Iterable[str]) -> str:
    """The worst of some components' states."""
    return max((ComponentState(state) for state in states), key=lambda state: state.rank, default=ComponentState.OPERATIONAL).value
