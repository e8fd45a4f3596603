"""The sending side: a set of names and one daemon thread, so that no request ever touches a broker."""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable

from django.db import connection, transaction

from lib.nudge.wires import Wire, wire

logger = logging.getLogger(__name__)
MOST_NAMES = 256
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0  # seconds that the breaker stays open


class Carrier:
    """One way out with its breaker: after a failure it is left alone for a while, longer each time."""

    def __init__(self, send: Callable[[set[str]], None]):
        self.send = send
        self.pause = 0.0
        self.closed_until = 0.0

    def carry(self, names: set[str]) -> None:
        """Send, or drop while the breaker is open. Never raises."""
        if time.monotonic() < self.closed_until:
            return
        try:
            self.send(names)
            self.pause = 0.0
        except Exception as error:  # noqa: BLE001 - the thread's outer edge: a nudge is a hint, whatever went wrong
            self.pause = min(max(FIRST_PAUSE, self.pause * 2), LONGEST_PAUSE)
            self.closed_until = time.monotonic() + self.pause
            logger.warning("nudges are not sent for %.0f s: %s", self.pause, type(error).__name__)


class Publisher:
    """The names that wait, and the thread that sends them."""

    def __init__(self) -> None:
        self.waiting: set[str] = set()
        self.changed = threading.Condition()
        self.thread: threading.Thread | None = None
        self.is_sending = False
        self.carriers: list[Carrier] = []

    def add(self, name: str) -> None:
        """Hand `name` to the thread."""
        with self.changed:
            if len(self.waiting) < MOST_NAMES:
                self.waiting.add(name)
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self.run, name="nudge", daemon=True)
                self.thread.start()
            self.changed.notify_all()

    def run(self) -> None:
        """Send what waits, for ever."""
        own = Carrier(lambda names: wire_once().send(names))
        while True:
            with self.changed:
                self.is_sending = False
                self.changed.notify_all()
                while not self.waiting:
                    self.changed.wait()
                names, self.waiting, self.is_sending = self.waiting, set(), True
            for carrier in [own, *self.carriers]:
                carrier.carry(names)

    def flush(self, seconds: float) -> bool:
        """Wait until all is sent; False when it took longer than `seconds`."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.waiting and not self.is_sending, seconds)


_publisher = Publisher()
_wires: dict[int, Wire] = {}


def wire_once() -> Wire:
    """This process's wire, made at the first use."""
    if os.getpid() not in _wires:
        _wires.clear()
        _wires[os.getpid()] = wire()
    return _wires[os.getpid()]


def nudge(name: str) -> None:
    """Wake the sweep `name` ("comms.drain_outbox"), or the hubs ("live"), once the transaction has committed.

    Never waits and never raises; a nudge that is lost costs half a second.
    """
    if connection.in_atomic_block:
        transaction.on_commit(lambda: _publisher.add(name), robust=True)
    else:
        _publisher.add(name)


def also(send: Callable[[set[str]], None]) -> None:
    """Give the names to `send` too, in the daemon thread and behind a breaker of its own (Celery: start these sweeps now)."""
    _publisher.carriers.append(Carrier(send))


def flush(seconds: float = 0.5) -> bool:
    """Wait until every nudge has left; False when `seconds` did not suffice."""
    return _publisher.flush(seconds)


def _begin_again() -> None:
    """In a forked child: its parent's thread is not here, its carriers are."""
    carriers = [Carrier(one.send) for one in _publisher.carriers]
    _publisher.__init__()  # type: ignore[misc]
    _publisher.carriers = carriers


os.register_at_fork(after_in_child=_begin_again)
atexit.register(flush)
