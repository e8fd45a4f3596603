"""Working time as a table: hours, nights, holidays, make-up days, changes of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import calendars
from accounts.models import AuditEntry, Calendar
from lib.errors import Refused

SHANGHAI = Calendar(
    slug="cn",
    time_zone="Asia/Shanghai",
    hours=calendars.OFFICE_WEEK,
    days={
        "2026-10-01": {"working": False, "name": "国庆节"},
        "2026-10-02": {"working": False, "name": "国庆节"},
        "2026-10-05": {"working": False, "name": "国庆节"},
        "2026-10-06": {"working": False, "name": "国庆节"},
        "2026-10-07": {"working": False, "name": "国庆节"},
        "2026-10-10": {"working": True, "name": "补班"},
        "2026-12-24": {"working": True, "name": "half a day", "hours": [["09:00", "12:00"]]},
    },
)
BERLIN_NIGHT = Calendar(slug="night", time_zone="Europe/Berlin", hours={"sun": [["00:00", "06:00"]], "sat": [["20:00", "24:00"]]}, days={})
LUNCH = Calendar(slug="lunch", time_zone="UTC", hours={day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in calendars.WEEKDAYS}, days={})


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-23T10:00", 2, "2026-11-23T12:00"),  # a Monday
        ("2026-11-23T07:00", 2, "2026-11-23T11:00"),  # before hours
        ("2026-11-23T17:00", 2, "2026-11-24T10:00"),  # over the evening
        ("2026-11-23T09:00", 9, "2026-11-23T18:00"),  # exactly to the end
        ("2026-11-27T17:30", 1, "2026-11-30T09:30"),  # over the weekend
        ("2026-11-28T12:00", 1, "2026-11-30T10:00"),  # on a Saturday
        ("2026-09-30T17:00", 2, "2026-10-08T10:00"),  # over the golden week
        ("2026-10-09T17:00", 2, "2026-10-10T10:00"),  # into the make-up Saturday
        ("2026-12-24T11:00", 2, "2026-12-25T10:00"),  # a short day
        ("2026-11-23T12:00", 0, "2026-11-23T12:00"),  # nothing to wait for
        ("2026-11-22T12:00", 0, "2026-11-23T09:00"),  # nothing, but on a Sunday
        ("2026-11-23T09:00", 45, "2026-11-27T18:00"),  # a whole week
    ],
)
def test_working_time_is_added(start, hours, due):
    assert calendars.add_working(at(start), hours * 3600, SHANGHAI) == at(due)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-23T10:00", "2026-11-23T12:00", 2),
        ("2026-11-23T06:00", "2026-11-23T22:00", 9),
        ("2026-11-27T17:00", "2026-11-30T10:00", 2),
        ("2026-09-30T18:00", "2026-10-08T09:00", 0),
        ("2026-10-09T18:00", "2026-10-11T00:00", 9),
        ("2026-11-24T10:00", "2026-11-23T10:00", -9),
    ],
)
def test_working_time_is_measured(start, end, hours):
    assert calendars.working_seconds(at(start), at(end), SHANGHAI) == hours * 3600


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        ("2026-11-23T03:00", "2026-11-23T09:00"),
        ("2026-11-23T09:00", "2026-11-24T09:00"),
        ("2026-11-23T12:00", "2026-11-24T09:00"),
        ("2026-11-27T20:00", "2026-11-30T09:00"),
        ("2026-09-30T20:00", "2026-10-08T09:00"),
        ("2026-10-09T20:00", "2026-10-10T09:00"),
    ],
)
def test_the_next_morning_is_a_working_one(now, morning):
    assert calendars.next_morning(at(now), SHANGHAI) == at(morning)


def test_the_afternoon_is_no_morning():
    assert calendars.next_morning(at("2026-11-23T12:30", "UTC"), LUNCH) == at("2026-11-24T09:00", "UTC")


def test_a_night_with_a_change_of_clocks_is_as_long_as_it_is():
    spring, autumn = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin
    assert calendars.working_seconds(spring, spring + timedelta(hours=12), BERLIN_NIGHT) == 5 * 3600
    assert calendars.working_seconds(autumn, autumn + timedelta(hours=12), BERLIN_NIGHT) == 7 * 3600
    assert calendars.add_working(spring, 5 * 3600, BERLIN_NIGHT) == at("2026-03-29T06:00", "Europe/Berlin")


def test_a_span_may_end_at_midnight():
    assert calendars.working_seconds(at("2026-11-21T12:00", "Europe/Berlin"), at("2026-11-22T06:00", "Europe/Berlin"), BERLIN_NIGHT) == 10 * 3600


@given(minutes=st.integers(0, 60 * 24 * 20), seconds=st.integers(1, 200_000))
def test_what_was_added_is_what_is_measured(minutes, seconds):
    start = datetime(2026, 9, 25, tzinfo=UTC) + timedelta(minutes=minutes)
    due = calendars.add_working(start, seconds, SHANGHAI)
    assert due > start
    assert calendars.working_seconds(start, due, SHANGHAI) == seconds


def test_a_calendar_without_working_time_says_so():
    with pytest.raises(calendars.NoWorkingTime):
        calendars.add_working(at("2026-11-23T10:00"), 60, Calendar(slug="none", time_zone="UTC", hours={}, days={}))


@pytest.mark.django_db
def test_there_is_a_default_from_the_start(settings):
    row = calendars.default()
    assert row.pk and row.is_default and row.hours == calendars.OFFICE_WEEK
    assert row.time_zone == settings.DEFAULT_TIME_ZONE


@pytest.mark.django_db
def test_without_any_row_office_hours_hold():
    Calendar.objects.all().delete()
    assert calendars.add_working(at("2026-11-22T00:00", "UTC"), 3600) == at("2026-11-23T10:00", "UTC")


WEEK = {"mon": [["09:00", "12:00"]]}


@pytest.mark.parametrize(
    ("name", "zone", "hours", "days"),
    [
        ({}, "UTC", WEEK, {}),
        ({"en": "x"}, "CST", {}, {}),
        ({"en": "x"}, "Mars/Olympus", WEEK, {}),
        ({"en": "x"}, "UTC", {}, {}),
        ({"en": "x"}, "UTC", {"noday": [["09:00", "10:00"]]}, {}),
        ({"en": "x"}, "UTC", {"mon": [["10:00", "09:00"]]}, {}),
        ({"en": "x"}, "UTC", {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}, {}),
        ({"en": "x"}, "UTC", {"mon": [["9:00", "12:00"]]}, {}),
        ({"en": "x"}, "UTC", {"mon": [["09:00", "25:00"]]}, {}),
        ({"en": "x"}, "UTC", {"mon": "09:00-12:00"}, {}),
        ({"en": "x"}, "UTC", WEEK, {"2026-02-30": {"working": False}}),
        ({"en": "x"}, "UTC", WEEK, {"2026-02-20": {"working": "no"}}),
        ({"en": "x"}, "UTC", WEEK, {"20260220": {"working": False}}),
        ({"en": "x"}, "UTC", WEEK, []),
        ("x", "UTC", WEEK, {}),
    ],
)
def test_a_wrong_calendar_is_refused(name, zone, hours, days):
    with pytest.raises(Refused) as refusal:
        calendars.check(name, zone, hours, days)
    assert refusal.value.status == 422


@pytest.mark.django_db
def test_one_calendar_is_the_default_and_every_change_is_on_the_trail(person):
    admin = person(roles=["admin"])
    wanted = calendars.check({"en": "China"}, "Asia/Shanghai", WEEK, {}, is_default=True)
    row, is_new = calendars.save("cn", wanted, actor=admin)
    assert is_new and list(Calendar.objects.filter(is_default=True)) == [row]
    with pytest.raises(Refused):
        calendars.remove(row, actor=admin)
    with pytest.raises(Refused):
        calendars.save("cn", calendars.check({"en": "China"}, "Asia/Shanghai", WEEK, {}), actor=admin)
    _row, is_new = calendars.save("cn", wanted, actor=admin)
    assert not is_new
    assert AuditEntry.objects.filter(action="accounts.calendar_saved").count() == 1
