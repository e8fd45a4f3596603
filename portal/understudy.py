"""Decides when the engine runs a sweep although Celery should: the broker is away or slow, or a queue's workers are silent."""

import logging
import threading
import time

import redis
from django.conf import settings
from django.db import Error, connection

from lib import heartbeats
from portal.sweeps import QUEUES, Sweep

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
SLOW_SECONDS = 0.15  # a sweep through Celery takes a dozen answers of the broker; beat and workers then fall behind its interval
QUICK_LOOKS = 5  # so often in a row it answers quickly before it is left alone again
SILENT_SECONDS = 12.0  # workers note each queue every few seconds


class Broker:
    """How Redis answers: well until it is away or slow, and then again after some quick answers in a row."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.is_well = True
        self.quick = 0
        self.state = "back"

    def look(self) -> None:
        """Ask it once, and say what changed."""
        began = time.monotonic()
        try:
            self.client.ping()
            state = "slow" if time.monotonic() - began > SLOW_SECONDS else "back"
        except redis.RedisError:
            state = "away"
        self.quick = self.quick + 1 if state == "back" else 0
        self.is_well = state == "back" and (self.is_well or self.quick >= QUICK_LOOKS)
        if state != self.state:
            log.warning("the broker is %s%s", state, "" if state == "back" else "; the engine runs the sweeps")
        self.state = state


class Understudy:
    """Looks at broker and workers once a second, in a thread of its own: a hung broker never holds up the loop."""

    def __init__(self) -> None:
        self.broker = Broker(redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1))
        self.silent: frozenset[str] = frozenset()
        threading.Thread(target=self._look, name="understudy", daemon=True).start()

    def wanted(self, sweep: Sweep) -> bool:
        """Whether the engine should run `sweep` itself now."""
        return not self.broker.is_well or sweep.queue in self.silent

    def _look(self) -> None:
        while True:
            self.broker.look()
            self._look_at_workers()
            time.sleep(LOOK_SECONDS)

    def _look_at_workers(self) -> None:
        try:
            ages = heartbeats.ages("worker.")
        except Error:
            connection.close()
            return
        silent = frozenset(queue for queue in QUEUES if ages.get(f"worker.{queue}", SILENT_SECONDS + 1) > SILENT_SECONDS)
        if silent != self.silent:
            log.warning("queues without a worker: %s", ", ".join(sorted(silent)) or "none")
        self.silent = silent
