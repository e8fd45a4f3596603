"""The clock: the database's time, the test offset, and what happens without a database."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction

from lib import clock as product_clock

NEAR = timedelta(seconds=5)


def test_now_is_the_present_in_utc(db):
    assert abs(product_clock.now() - datetime.now(UTC)) < NEAR
    assert product_clock.now().tzinfo is UTC


def test_a_move_counts_at_once_and_adds_up(clock):
    before = clock.now()
    clock.move("+30m")
    clock.move("-5m")
    assert timedelta(minutes=25) <= clock.now() - before < timedelta(minutes=25) + NEAR


def test_a_moment_can_be_set(clock):
    moment = datetime(2026, 3, 29, 1, 59, tzinfo=UTC)
    assert abs(clock.at(moment) - moment) < NEAR


def test_another_process_sees_the_offset_row_at_its_next_reading(db):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO lib_clockoffset (id, seconds) VALUES (1, 7200)")
    product_clock._state.due = 0.0
    assert abs(product_clock.now() - datetime.now(UTC) - timedelta(hours=2)) < NEAR


def test_real_time_is_not_moved(clock):
    clock.move("+2h")
    assert abs(product_clock.real() - datetime.now(UTC)) < NEAR


def test_outside_tests_the_offset_is_not_honoured_and_time_not_moved(clock, settings):
    clock.move("+2h")
    settings.TESTING = False
    product_clock.forget()
    assert abs(product_clock.now() - datetime.now(UTC)) < NEAR
    with pytest.raises(RuntimeError):
        product_clock.move(1)
    with pytest.raises(CommandError):
        call_command("clock", "+1s")


class AwayConnection:
    """A connection that cannot be opened."""

    vendor = "postgresql"
    Database = connection.Database
    connection = None

    def ensure_connection(self):
        raise OperationalError("away")


def test_without_a_database_time_goes_on(monkeypatch):
    monkeypatch.setattr(product_clock, "connection", AwayConnection())
    monkeypatch.setattr(product_clock._state, "anchor", None)
    assert abs(product_clock.now() - datetime.now(UTC)) < NEAR


def test_an_event_loop_does_not_keep_the_other_threads_from_reading(db):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO lib_clockoffset (id, seconds) VALUES (1, 7200)")
    product_clock.forget()

    async def look():
        return product_clock.now()

    asyncio.run(look())
    assert abs(product_clock.now() - datetime.now(UTC) - timedelta(hours=2)) < NEAR


def test_the_last_reading_serves_while_the_database_is_away(monkeypatch):
    monkeypatch.setattr(product_clock._state, "anchor", (time.monotonic(), 1_000_000_000.0))
    monkeypatch.setattr(product_clock._state, "due", time.monotonic() + 60)
    assert product_clock.now().year == 2001


def test_on_postgresql_the_database_tells_the_time(db, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock but the process's")
    monkeypatch.setattr(product_clock._state, "anchor", (time.monotonic(), 1_000_000_000.0))
    product_clock.forget()
    assert abs(product_clock.now() - datetime.now(UTC)) < NEAR


def test_reading_the_time_is_no_query_of_the_page(db, django_assert_num_queries):
    connection.ensure_connection()
    product_clock.forget()
    with django_assert_num_queries(0):
        product_clock.now()


def test_a_broken_transaction_does_not_break_the_clock(db):
    with pytest.raises(OperationalError), transaction.atomic():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT nothing FROM nowhere")
        except Exception as error:
            product_clock.forget()
            assert abs(product_clock.now() - datetime.now(UTC)) < NEAR
            raise OperationalError from error


@pytest.mark.parametrize(("text", "seconds"), [("+30m", 1800), ("-5m", -300), ("+2h", 7200), ("+90s", 90), ("90s", 90), ("+1d", 86400)])
def test_shifts_are_understood(text, seconds):
    assert product_clock.shift(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "30", "m", "+30x", "+-3m", "1h30m", "٣m", "+99999999d"])
def test_other_words_are_no_shift(text):
    with pytest.raises(ValueError, match="is no shift"):
        product_clock.shift(text)


def test_the_command_moves_tells_and_resets(db):
    out = StringIO()
    call_command("clock", "+30m", stdout=out)
    call_command("clock", "-10m", stdout=out)
    assert abs(product_clock.now() - datetime.now(UTC) - timedelta(minutes=20)) < NEAR
    call_command("clock", "reset", stdout=out)
    assert abs(datetime.fromisoformat(out.getvalue().split()[-1]) - datetime.now(UTC)) < NEAR
    with pytest.raises(CommandError):
        call_command("clock", "soon")
