"""Brings a batch into the database within two seconds, or says that it is busy; who waits at the same time goes in together."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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

MOST_AT_ONCE = 2_000  # alerts of one request in one transaction
MOST_TOGETHER = 500  # alerts of several requests in one transaction
TURN_SECONDS = 0.12  # those who wait for SQLite's lock look for it at least this often
PATIENCE = 1.8  # seconds from here to the answer when the database is busy (trust.md "Faults")
LAST_TRY = 0.1  # seconds: with less left nothing is begun again

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
    mine = Waiting(correlate.Delivery(batch, raw, last))
    if connection.in_atomic_block or batch.acknowledged:  # another's must not hang on this transaction; an acknowledgement means what fired before it
        outcome = within(partial(correlate.take, source, [mine.delivery]))[0]
    else:
        outcome = _lines[source.pk].take(source, mine)
    outcome.references = list(dict.fromkeys([*references, *outcome.references]))
    return outcome


@dataclass(eq=False)
class Waiting:
    """A request in its source's line."""

    delivery: correlate.Delivery
    patience_ends: float = field(default_factory=lambda: time.monotonic() + PATIENCE)
    outcome: correlate.Outcome | None = None
    error: Exception | None = None

    @property
    def size(self) -> int:
        """How many alerts, good and bad."""
        return len(self.delivery.alerts) + len(self.delivery.batch.rejected)

    @property
    def is_settled(self) -> bool:
        """Whether its answer is known."""
        return self.outcome is not None or self.error is not None


class Line:
    """The requests of one source: while one transaction runs the next ones gather, and one of them takes all of these in the next."""

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        self.is_led = False
        self.changed = threading.Condition()

    def take(self, source: Source, mine: Waiting) -> correlate.Outcome:
        """What became of `mine`, after the commit. Raises Busy, or what went wrong with `mine` alone."""
        with self.changed:
            self.waiting.append(mine)
            self.changed.wait_for(lambda: mine.is_settled or not self.is_led, PATIENCE)
            if self.is_led and mine in self.waiting:
                self.waiting.remove(mine)
                raise Busy
            self.changed.wait_for(lambda: mine.is_settled or not self.is_led)
            is_leader = mine in self.waiting
            self.is_led = self.is_led or is_leader
        if is_leader:
            self._lead(source, mine)
        if mine.outcome is None:
            raise mine.error or Busy
        return mine.outcome

    def _lead(self, source: Source, mine: Waiting) -> None:
        try:
            while not mine.is_settled:
                with self.changed:
                    together = self._next()
                again = _settle(source, together)
                with self.changed:
                    self.waiting[:0] = again
                    self.changed.notify_all()
        finally:
            with self.changed:
                self.is_led = False
                self.changed.notify_all()

    def _next(self) -> list[Waiting]:
        """Who goes in together, in the order in which they came."""
        together: list[Waiting] = []
        alerts = 0
        while self.waiting and (not together or alerts + self.waiting[0].size <= MOST_TOGETHER):
            together.append(self.waiting.pop(0))
            alerts += together[-1].size
        return together


_lines: defaultdict[int, Line] = defaultdict(Line)


def _settle(source: Source, together: list[Waiting]) -> list[Waiting]:
    """Take all in one transaction; when that fails each in its own, so that a bad one falls out alone.

    Returns those who still have patience after another's ran out.
    """
    try:
        outcomes = within(partial(correlate.take, source, [one.delivery for one in together]), until=min(one.patience_ends for one in together))
    except Exception as error:  # noqa: BLE001 - it is raised by the request that it belongs to
        over = time.monotonic() + LAST_TRY
        late = [one for one in together if one.patience_ends < over]
        if isinstance(error, Busy) and late:
            for one in late:
                one.error = error
            return [one for one in together if one not in late]
        if len(together) == 1 or isinstance(error, Busy):
            for one in together:
                one.error = error
            return []
        return [back for one in together for back in _settle(source, [one])]
    for one, outcome in zip(together, outcomes, strict=True):
        one.outcome = outcome
    return []


def within(act: Callable[[datetime], T], *, until: float | None = None) -> T:
    """Do `act` in one transaction, run again after lost races while the time lasts (`until` a monotonic moment). Raises Busy."""
    deadline = time.monotonic() + PATIENCE if until is None else until
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
            if not is_race(error) or deadline - time.monotonic() < LAST_TRY:
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
