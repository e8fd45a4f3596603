"""Decides when the engine runs a sweep although Celery should: the broker is away, or a queue's workers are silent."""

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
SILENT_SECONDS = 12.0  # workers note each queue every few seconds


class Understudy:
    """Looks at broker and workers once a second, in a thread of its own: a hung broker never holds up the loop."""

    def __init__(self) -> None:
        self.is_broker_away = False
        self.silent: frozenset[str] = frozenset()
        self.broker = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
        threading.Thread(target=self._look, name="understudy", daemon=True).start()

    def wanted(self, sweep: Sweep) -> bool:
        """Whether the engine should run `sweep` itself now."""
        return self.is_broker_away or sweep.queue in self.silent

    def _look(self) -> None:
        while True:
            self._look_at_broker()
            self._look_at_workers()
            time.sleep(LOOK_SECONDS)

    def _look_at_broker(self) -> None:
        try:
            self.broker.ping()
            is_away = False
        except redis.RedisError:
            is_away = True
        if is_away != self.is_broker_away:
            log.warning("the broker is away; the engine runs the sweeps" if is_away else "the broker is back")
        self.is_broker_away = is_away

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
