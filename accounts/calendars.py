"""Working time: which moments count where a promise says so (P3 and P4; holidays, make-up days)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Calendar, User
from lib import clock, db, text
from lib.errors import Refused
from lib.i18n import LANGUAGES

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE = [["09:00", "18:00"]]
OFFICE_WEEK: dict[str, list[list[str]]] = {day: OFFICE for day in WEEKDAYS[:5]}
MOST_DAYS = 2000  # exceptions in one calendar: holidays of some decades
SEARCHED_DAYS = 800  # no working moment within this: the calendar is wrong

Span: TypeAlias = tuple[datetime, datetime]


class NoWorkingTime(ValueError):
    """The calendar has no working moment within reach."""


def default() -> Calendar:
    """The default calendar; Mon–Fri 09:00–18:00 in the portal's zone while nobody has made one."""
    row = Calendar.objects.filter(is_default=True).first()
    return row or Calendar(slug="office", name={"en": "Office hours", "zh-hans": "办公时间"}, time_zone=settings.DEFAULT_TIME_ZONE, hours=OFFICE_WEEK)


def spans_of(day: date, calendar: Calendar) -> list[tuple[time, time]]:
    """The local working hours of `day`. A make-up day without hours of its own has those of a Monday, else the first day that has any."""
    exception = calendar.days.get(day.isoformat())
    if exception is None:
        words = calendar.hours.get(WEEKDAYS[day.weekday()], [])
    elif not exception.get("working"):
        words = []
    else:
        usual = calendar.hours.get(WEEKDAYS[day.weekday()]) or next((calendar.hours[name] for name in WEEKDAYS if calendar.hours.get(name)), OFFICE)
        words = exception.get("hours") or usual
    return [(_time(start), _time(end)) for start, end in words]


def working_spans(start: datetime, calendar: Calendar) -> Iterator[Span]:
    """The working spans from the local day of `start` on, in UTC. Raises NoWorkingTime when the calendar runs dry."""
    zone = ZoneInfo(calendar.time_zone)
    day, dry = start.astimezone(zone).date(), 0
    while dry < SEARCHED_DAYS:
        found = False
        for opens, closes in spans_of(day, calendar):
            # Wall time in the calendar's zone: a day with a change of clocks is as long as it is.
            begin = datetime.combine(day, opens, zone).astimezone(UTC)
            end = datetime.combine(day + timedelta(days=closes == time.min), closes, zone).astimezone(UTC)
            if end > begin:
                found = True
                yield begin, end
        dry = 0 if found else dry + 1
        day += timedelta(days=1)
    raise NoWorkingTime(calendar.slug)


def add_working(start: datetime, seconds: float, calendar: Calendar | None = None) -> datetime:
    """The moment when `seconds` of working time have passed since `start`; zero seconds wait for the next working moment."""
    left = timedelta(seconds=seconds)
    for begin, end in working_spans(start, calendar or default()):
        begin = max(begin, start)
        if end <= begin:
            continue
        if begin + left <= end:
            return begin + left
        left -= end - begin
    raise AssertionError("unreachable")


def working_seconds(a: datetime, b: datetime, calendar: Calendar | None = None) -> float:
    """Seconds of working time between `a` and `b`; negative when `b` is before `a`."""
    if b < a:
        return -working_seconds(b, a, calendar)
    total = timedelta()
    try:
        for begin, end in working_spans(a, calendar or default()):
            if begin >= b:
                break
            total += max(timedelta(), min(end, b) - max(begin, a))
    except NoWorkingTime:
        return total.total_seconds()
    return total.total_seconds()


def next_morning(now: datetime, calendar: Calendar | None = None) -> datetime:
    """When the next working day begins after `now` (today's, where it has not begun yet)."""
    calendar = calendar or default()
    zone = ZoneInfo(calendar.time_zone)
    seen: set[date] = set()
    for begin, _end in working_spans(now, calendar):
        day = begin.astimezone(zone).date()
        if day not in seen and begin > now:
            return begin
        seen.add(day)
    raise AssertionError("unreachable")


def is_working(now: datetime, calendar: Calendar | None = None) -> bool:
    """Whether `now` is working time."""
    return add_working(now, 0, calendar) == now


@dataclass(frozen=True)
class Wanted:
    """What a calendar should be, checked by :func:`check`."""

    name: dict[str, str]
    time_zone: str
    hours: dict[str, list[list[str]]]
    days: dict[str, dict[str, Any]]
    is_default: bool


def check(name: Any, time_zone: Any, hours: Any, days: Any, is_default: bool = False) -> Wanted:
    """A valid calendar; raises Refused (422) with the first mistake."""
    names = {code: text.clean(str(name.get(code, "")), 120) for code in LANGUAGES if name.get(code)} if isinstance(name, dict) else {}
    if not names:
        raise _wrong(_("A calendar needs a name."))
    if time_zone not in available_timezones():
        raise _wrong(_("“%(zone)s” is no time zone; write it like Asia/Shanghai.") % {"zone": time_zone})
    if not isinstance(hours, dict) or not set(hours) <= set(WEEKDAYS):
        raise _wrong(_("Hours go by weekday: mon, tue, wed, thu, fri, sat, sun."))
    week = {day: _checked_spans(hours[day], day) for day in WEEKDAYS if hours.get(day)}
    if not isinstance(days, dict) or len(days) > MOST_DAYS:
        raise _wrong(_("Days take up to %(number)d dates.") % {"number": MOST_DAYS})
    exceptions = {day: _checked_day(day, days[day]) for day in sorted(days)}
    if not week:
        raise _wrong(_("A calendar needs at least one working day a week."))
    return Wanted(names, time_zone, week, exceptions, is_default)


@db.retried
def save(slug: str, wanted: Wanted, *, actor: User | None, request: Any = None) -> tuple[Calendar, bool]:
    """Create or replace the calendar `slug`; returns it and whether it is new. A new default takes the place of the old one."""
    with transaction.atomic():
        row = db.lock(Calendar.objects.filter(slug=slug)).first()
        before = state(row) if row else None
        if row is not None and row.is_default and not wanted.is_default:
            raise Refused(_("One calendar is the default. Make another one the default in its place."))
        others = Calendar.objects.filter(is_default=True).exclude(slug=slug)
        is_default = wanted.is_default or not (others.exists() or (row is not None and row.is_default))
        if is_default:
            others.update(is_default=False)
        row = row or Calendar(slug=slug)
        row.name, row.time_zone, row.hours, row.days, row.is_default = wanted.name, wanted.time_zone, wanted.hours, wanted.days, is_default
        row.save()
        if before != state(row):
            audit.record("accounts.calendar_saved", actor=actor, target=slug, before=before, after=state(row), request=request)
    return row, before is None


@db.retried
def add(slug: str, wanted: Wanted, *, actor: User | None, request: Any = None) -> Calendar:
    """Create the calendar `slug`; Refused (409) when there is one."""
    with transaction.atomic():
        if Calendar.objects.filter(slug=slug).exists():
            raise Refused(_("There is a calendar of that short name already."))
        return save(slug, wanted, actor=actor, request=request)[0]


@db.retried
def remove(calendar: Calendar, *, actor: User | None, request: Any = None) -> None:
    """Delete a calendar; Refused for the default one."""
    with transaction.atomic():
        if not Calendar.objects.filter(pk=calendar.pk, is_default=False).delete()[0]:
            raise Refused(_("The default calendar cannot be removed. Make another one the default first."))
        audit.record("accounts.calendar_removed", actor=actor, target=calendar.slug, before=state(calendar), request=request)


def ensure_default(**_signal: Any) -> None:
    """Make the office calendar where there is none at all (receiver of post_migrate)."""
    if Calendar._meta.db_table in connection.introspection.table_names() and not Calendar.objects.exists():
        row = default()
        row.is_default = True
        row.save()


def state(calendar: Calendar) -> dict[str, Any]:
    """A calendar as plain data."""
    return {"name": calendar.name, "time_zone": calendar.time_zone, "hours": calendar.hours, "days": calendar.days, "is_default": calendar.is_default}


def upcoming(calendar: Calendar) -> list[tuple[date, dict[str, Any]]]:
    """The exceptions from today on, soonest first."""
    today = clock.now().astimezone(ZoneInfo(calendar.time_zone)).date().isoformat()
    return [(date.fromisoformat(day), calendar.days[day]) for day in sorted(calendar.days) if day >= today]


def _time(word: str) -> time:
    return time.min if word == "24:00" else time.fromisoformat(word)


def _wrong(detail: str) -> Refused:
    return Refused(detail, status=422)


def _checked_spans(spans: Any, day: str) -> list[list[str]]:
    mistake = _wrong(_("Hours of %(day)s are pairs like 09:00–18:00, in order, not overlapping.") % {"day": day})
    if not isinstance(spans, list) or len(spans) > 12:
        raise mistake
    last = ""
    for span in spans:
        if not isinstance(span, list) or len(span) != 2 or not all(isinstance(word, str) and _is_time(word) for word in span):
            raise mistake
        if not last <= span[0] < span[1]:
            raise mistake
        last = span[1]
    return [[start, end] for start, end in spans]


def _is_time(word: str) -> bool:
    if word == "24:00":
        return True
    try:
        return len(word) == 5 and time.fromisoformat(word) is not None
    except ValueError:
        return False


def _checked_day(day: Any, item: Any) -> dict[str, Any]:
    try:
        valid = isinstance(day, str) and len(day) == 10 and date.fromisoformat(day) is not None
    except ValueError:
        valid = False
    if not valid or not isinstance(item, dict) or not isinstance(item.get("working"), bool):
        raise _wrong(_("“%(day)s” is no day: write 2026-10-01 and whether it is working.") % {"day": str(day)[:20]})
    kept: dict[str, Any] = {"working": item["working"], "name": text.clean(str(item.get("name") or ""), 80)}
    if item["working"] and item.get("hours"):
        kept["hours"] = _checked_spans(item["hours"], day)
    return kept
