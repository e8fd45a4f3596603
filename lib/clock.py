"""The only place that reads the time."""

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.db import DatabaseError, InterfaceError, connection

REREAD_SECONDS = 1.0
CONNECT_AGAIN_SECONDS = 5.0  # how long a process that could not reach the database waits before its clock tries to connect again
TOLERANCE = 0.005  # readings that differ less than this (or than their own round trip) do not move the clock, so that it does not jitter
ADD = "INSERT INTO lib_clockoffset (id, seconds) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET seconds = lib_clockoffset.seconds + excluded.seconds"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class _State:
    """What this process knows: the database's time at one monotonic moment, and the test offset in seconds."""

    anchor: tuple[float, float] | None = None  # (monotonic, the database's time as seconds since 1970)
    offset: float = 0.0
    due: float = 0.0  # monotonic moment of the next reading
    connect_due: float = 0.0


_state = _State()
_reading = threading.Lock()


def now() -> datetime:
    """The present in UTC as the database sees it, moved by the test offset (which exists under PORTAL_TESTING=1 only).

    Costs about a microsecond; once a second it asks the database. With the database away it goes on from the last reading.
    """
    return datetime.fromtimestamp(_present() + _state.offset, UTC)


def real() -> datetime:
    """:func:`now` without the test offset: for signs of life between processes, which no test moves."""
    return datetime.fromtimestamp(_present(), UTC)


def _present() -> float:
    monotonic = time.monotonic()
    if monotonic >= _state.due and _reading.acquire(blocking=False):
        try:
            if _read():
                _state.due = time.monotonic() + REREAD_SECONDS
        finally:
            _reading.release()
    anchor = _state.anchor
    return anchor[1] + time.monotonic() - anchor[0] if anchor else time.time()


def _read() -> bool:
    """Read the database's clock and the offset row. Past Django's cursor: it is no query of the page that happens to ask.

    False when this thread has no connection to read by, so that the next one may try.
    """
    driver: Any = connection
    on_postgres = connection.vendor == "postgresql"
    if not on_postgres and not settings.TESTING:
        return True  # SQLite has no clock but ours
    try:
        _connect()
        if connection.connection is None:
            return False
        cursor = connection.connection.cursor()
        try:
            found = _read_postgres(cursor) if on_postgres else True
            if settings.TESTING and found:
                cursor.execute("SELECT seconds FROM lib_clockoffset WHERE id = 1")
                row = cursor.fetchone()
                _state.offset = float(row[0]) if row else 0.0
        finally:
            cursor.close()
    except SynchronousOnlyOperation:
        return False  # an event loop's thread; the others read
    except (DatabaseError, InterfaceError, driver.Database.Error):
        return True  # away, or not yet migrated: the last reading serves
    except (RuntimeError, ImproperlyConfigured):
        if not settings.TESTING:  # pytest forbids the database to tests that do not ask for it
            raise
    return True


def _connect() -> None:
    """Open this thread's connection if the process has never read the database's time; else wait for someone who has one."""
    if connection.connection is None and _state.anchor is None and time.monotonic() >= _state.connect_due:
        _state.connect_due = time.monotonic() + (CONNECT_AGAIN_SECONDS if connection.vendor == "postgresql" else REREAD_SECONDS)
        connection.ensure_connection()


def _read_postgres(cursor: Any) -> bool:
    """Set the anchor; True when the offset table exists (asking for a missing one would break the caller's transaction)."""
    before = time.monotonic()
    cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8, to_regclass('lib_clockoffset') IS NOT NULL")
    seconds, found = cursor.fetchone()
    after = time.monotonic()
    middle = (before + after) / 2
    anchor = _state.anchor
    if anchor is None or abs(anchor[1] + middle - anchor[0] - seconds) > max(TOLERANCE, after - before):
        _state.anchor = (middle, seconds)
    return bool(found)


def move(seconds: float) -> None:
    """Move time by `seconds` for every process on this database; RuntimeError unless PORTAL_TESTING=1."""
    _write(
        "INSERT INTO lib_clockoffset (id, seconds) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET seconds = lib_clockoffset.seconds + excluded.seconds", seconds
    )


def reset() -> None:
    """Take the test offset back; RuntimeError unless PORTAL_TESTING=1."""
    _write("DELETE FROM lib_clockoffset WHERE id = 1")


def _write(sql: str, *params: float) -> None:
    if not settings.TESTING:
        raise RuntimeError("Time is moved under PORTAL_TESTING=1 only")
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
    forget()


def forget() -> None:
    """Read the database again at the next call, whatever the time (tests: their rows are rolled back)."""
    _state.offset = 0.0
    _state.due = _state.connect_due = 0.0


def shift(text: str) -> timedelta:
    """What "+30m", "-5m", "+2h", "90s" or "1d" means; ValueError for anything else."""
    match = re.fullmatch(r"([+-]?)(\d{1,7})([smhd])", text.strip(), re.ASCII)
    if not match:
        raise ValueError(f"{text!r} is no shift; write +30m, -5m, +2h or +90s")
    sign, number, unit = match.groups()
    return timedelta(seconds=int(number) * UNITS[unit] * (-1 if sign == "-" else 1))
