"""Brings a batch into the database within two seconds, or says that it is busy."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from detection import correlate
from detection.models import Source
from detection.normal import Batch
from lib import clock, failpoints
from lib.db import StaleHead, is_away, is_race

MOST_AT_ONCE = 2_000  # alerts in one transaction
TURN_SECONDS = 0.12  # those who wait for SQLite's lock look for it at least this often
PATIENCE = 1.8  # seconds from here to the answer when the database is busy (trust.md "Faults")

T = TypeVar("T")


class Busy(Exception):
    """The database is away or busy: the sender comes again."""


def deliver(source: Source, batch: Batch, raw: bytes) -> correlate.Outcome:
    """Store and correlate a batch: in one transaction, a very large one in several, so that others get their turn in between.

    The envelope, by which it counts as accepted, comes with the last. Raises Busy: then the sender sends all of it again, and what
    was stored already stays as it is.
    """
    *parts, last = [batch.alerts[at : at + MOST_AT_ONCE] for at in range(0, len(batch.alerts), MOST_AT_ONCE)] or [[]]
    references: list[str] = []
    for alerts in parts:
        references += within(partial(correlate.part, source, alerts))
        if connection.vendor == "sqlite":
            time.sleep(TURN_SECONDS)
    outcome = within(lambda received: correlate.take(source, batch, raw, received, last=last))
    outcome.references = list(dict.fromkeys([*references, *outcome.references]))
    return outcome


def within(act: Callable[[datetime], T]) -> T:
    """Do `act` in one transaction, run again after lost races while the time lasts. Raises Busy."""
    deadline = time.monotonic() + PATIENCE
    while True:
        left = deadline - time.monotonic()
        try:
            with _begin_within(left), transaction.atomic():
                _lock_within(left)
                outcome = act(clock.now())
            failpoints.hit("detection.after_commit")
            return outcome
        except (DatabaseError, InterfaceError, StaleHead) as error:
            if not is_race(error) and not is_away(error):
                raise
            if not is_race(error) or deadline - time.monotonic() < 0.1:
                raise Busy from error
        time.sleep(random.uniform(0.002, 0.03))  # noqa: S311 - jitter, no secret


@contextmanager
def _begin_within(seconds: float) -> Iterator[None]:
    """SQLite waits where the transaction begins: no longer than this, and as usual afterwards."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    usual = int(settings.DATABASES["default"].get("OPTIONS", {}).get("timeout", 5) * 1000)
    _say(f"PRAGMA busy_timeout = {max(int(seconds * 1000), 1)}")
    try:
        yield
    finally:
        _say(f"PRAGMA busy_timeout = {usual}")


def _lock_within(seconds: float) -> None:
    """PostgreSQL waits for each lock: no longer than this in the transaction at hand."""
    if connection.vendor == "postgresql":
        _say(f"SET LOCAL lock_timeout = {max(int(seconds * 1000), 1)}")


def _say(sql: str) -> None:
    """Past Django's cursor: how long to wait is no query of the request."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(sql)
        finally:
            cursor.close()
