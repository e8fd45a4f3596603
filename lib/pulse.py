"""Feels the database's pulse: a server that takes connections and says nothing is noticed within two seconds, and nobody waits for it.

libpq waits for ever where the other side's kernel still acknowledges (a stopped server, a hung proxy): no time-out of its own cuts
that off. So one thread asks `SELECT 1` over a connection of its own; while no answer comes, the connections of this process are cut
and new ones refused, and whoever used one gets the same error as from a server that is gone.
"""

import logging
import os
import select
import socket
import stat
import threading
import time
from contextlib import closing, suppress
from typing import Any

import psycopg2
from django.db import connection
from psycopg2 import extensions

logger = logging.getLogger(__name__)

BEAT_SECONDS = 0.25
SILENT_SECONDS = 1.2  # with the beat, and the time for an answer, within the two seconds of trust.md "Faults"


class Pulse:
    """One question after the other; `params` are those of psycopg2.connect."""

    def __init__(self, params: dict[str, Any]):
        self.params = {**params, "connection_factory": extensions.connection, "async_": True}
        self.peers: set[Any] = set()
        self.own: Any = None

    def run(self) -> None:
        """Beat for ever."""
        while True:
            try:
                self.beat()
            except Exception:
                # Without a pulse nothing would lift the refusal: better to wait as long as libpq does.
                logger.exception("the pulse of the database failed")
                _silent.clear()
            time.sleep(BEAT_SECONDS)

    def beat(self) -> None:
        """Ask once; cut all connections when no answer came."""
        try:
            has_answered = self._ask()
        except psycopg2.Error:
            has_answered = True  # it says itself that it cannot serve
            self._hang_up()
        if has_answered and _silent.is_set():
            _silent.clear()
            logger.warning("the database answers again")
        elif not has_answered:
            if not _silent.is_set():
                logger.error("the database takes connections and says nothing; nobody waits for it")
            _silent.set()
            self._hang_up()
            cut(self.peers)

    def _ask(self) -> bool:
        deadline = time.monotonic() + SILENT_SECONDS
        if self.own is None:
            self.own = psycopg2.connect(**self.params)
            deadline = time.monotonic() + SILENT_SECONDS  # looking up the name is not the server's silence
            is_done = self._is_done(deadline)
            with suppress(OSError), _copy(self.own.fileno()) as found:
                self.peers = {found.getpeername()}
            if not is_done:
                return False
        with closing(self.own.cursor()) as cursor:
            cursor.execute("SELECT 1")
            return self._is_done(deadline)

    def _is_done(self, deadline: float) -> bool:
        """Wait for the connection to be done with what it does."""
        while (state := self.own.poll()) != extensions.POLL_OK:
            waiting = select.poll()
            waiting.register(self.own.fileno(), select.POLLOUT if state == extensions.POLL_WRITE else select.POLLIN)
            if not waiting.poll(max(deadline - time.monotonic(), 0) * 1000):
                return False
        return True

    def _hang_up(self) -> None:
        if self.own is not None:
            with suppress(psycopg2.Error):
                self.own.close()
            self.own = None


class Connection(extensions.connection):
    """As psycopg2's, but refused while the database is silent."""

    def __init__(self, *args: Any, **kwargs: Any):
        if _silent.is_set():
            raise psycopg2.OperationalError("the database takes connections and says nothing")
        super().__init__(*args, **kwargs)


_silent = threading.Event()


def start() -> None:
    """Begin to feel the pulse, in a thread of its own; SQLite has none."""
    if connection.vendor == "postgresql":
        threading.Thread(target=Pulse(connection.get_connection_params()).run, name="pulse", daemon=True).start()


def cut(peers: set[Any]) -> int:
    """Shut every socket of this process that leads to one of `peers`, also one that is being opened; whoever waits on it is woken."""
    count = 0
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                with _copy(int(name)) as found:  # looked at and shut by the same copy: the number may be somebody else's in a moment
                    if found.getpeername() in peers:
                        found.shutdown(socket.SHUT_RDWR)
                        count += 1
    return count


def _copy(descriptor: int) -> socket.socket:
    return socket.socket(fileno=os.dup(descriptor))
