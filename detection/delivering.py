"""Brings batches into the database within two seconds, or says that it is busy; those of a source that wait together go in together."""

import random
import threading
import time
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
from detection.normal import Batch, NormalAlert
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


@dataclass(eq=False)
class Waiting:
    """A batch that waits to be stored until a monotonic moment, and what became of it."""

    batch: Batch
    raw: bytes
    patience_ends: float = field(default_factory=lambda: time.monotonic() + PATIENCE)
    outcome: correlate.Outcome | None = None
    error: Exception | None = None

    @property
    def size(self) -> int:
        """How many alerts, good and bad."""
        return len(self.batch.alerts) + len(self.batch.rejected)

    @property
    def is_single(self) -> bool:
        """Whether it shares no transaction: it is very large, or says that somebody works on what fired *before* it."""
        return len(self.batch.alerts) > MOST_AT_ONCE or bool(self.batch.acknowledged)

    def result(self) -> correlate.Outcome:
        """What became of it, after the commit. Raises Busy, or what went wrong with it alone."""
        if self.outcome is None:
            raise self.error or Busy
        return self.outcome


def deliver(source: Source, batch: Batch, raw: bytes) -> correlate.Outcome:
    """Store and correlate one batch by itself. Raises Busy: then the sender sends all of it again."""
    mine = Waiting(batch, raw)
    deliver_together(source, [mine])
    return mine.result()


def deliver_together(source: Source, waiting: list[Waiting]) -> None:
    """Store and correlate batches of one source in the order in which they came, as many in one transaction as may go together.

    Each has its outcome afterwards, or its error, which is Busy when its time was over.
    """
    for together in _runs(waiting):
        while together:
            together = _settle(source, together)


def _runs(waiting: list[Waiting]) -> Iterator[list[Waiting]]:
    """Who goes in together, in order."""
    run: list[Waiting] = []
    for one in waiting:
        if run and (one.is_single or run[-1].is_single or sum(before.size for before in run) + one.size > MOST_TOGETHER):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _settle(source: Source, together: list[Waiting]) -> list[Waiting]:
    """Take all in one transaction; when that fails each in its own, so that a bad one falls out alone.

    Returns those who still have patience after another's ran out.
    """
    try:
        outcomes = _take(source, together)
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


def _take(source: Source, together: list[Waiting]) -> list[correlate.Outcome]:
    """In one transaction; a very large batch in several, so that others get their turn in between.

    Its envelope, by which it counts as accepted, comes with the last. What was stored before a failure stays as it is.
    """
    *parts, last = _parts(together[0].batch.alerts) if len(together) == 1 else [[]]
    references: list[str] = []
    for alerts in parts:
        references += within(partial(correlate.part, source, alerts))
        if connection.vendor == "sqlite":
            time.sleep(TURN_SECONDS)
    deliveries = [correlate.Delivery(one.batch, one.raw, last if len(together) == 1 else one.batch.alerts) for one in together]
    until = None if parts else min(one.patience_ends for one in together)
    outcomes = within(partial(correlate.take, source, deliveries), until=until)
    if parts:
        outcomes[0].references = list(dict.fromkeys([*references, *outcomes[0].references]))
    return outcomes


def _parts(alerts: list[NormalAlert]) -> list[list[NormalAlert]]:
    return [alerts[at : at + MOST_AT_ONCE] for at in range(0, len(alerts), MOST_AT_ONCE)] or [[]]


class Turns:
    """A lock that goes round in the order of asking: whoever has just had it waits behind all others."""

    def __init__(self) -> None:
        self.waiting: list[object] = []
        self.changed = threading.Condition()

    @contextmanager
    def mine(self, seconds: float) -> Iterator[None]:
        """My turn. Raises Busy when it does not come in time."""
        me = object()
        with self.changed:
            self.waiting.append(me)
            if not self.changed.wait_for(lambda: self.waiting[0] is me, max(seconds, 0)):
                self.waiting.remove(me)
                raise Busy
        try:
            yield
        finally:
            with self.changed:
                self.waiting.remove(me)
                self.changed.notify_all()


_turns = Turns()


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
    """SQLite waits where the transaction begins: for its turn in this process, then for other processes; no longer than this, and as usual afterwards."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    usual = int(settings.DATABASES["default"].get("OPTIONS", {}).get("timeout", 5) * 1000)
    asked = time.monotonic()
    with _turns.mine(seconds):
        _say(f"PRAGMA busy_timeout = {max(int((asked + seconds - time.monotonic()) * 1000), 1)}")
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
