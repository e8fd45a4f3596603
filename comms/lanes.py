"""Lanes at work, each in threads of its own: a channel that is slow or hangs holds up nothing but itself."""

import logging
import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from django.db import connection

from comms import drain
from comms.channels import CHANNELS
from comms.drain import Lane
from comms.models import Priority

logger = logging.getLogger(__name__)

THREADS = 3  # of one lane in one process: while the first hangs or has much to do, later turns start others
PATIENCE = 0.5  # seconds that a turn waits for lanes; those that need longer go on by themselves
STUCK_SECONDS = 90.0  # no channel lets a lane take so long
STUCK = 70  # exit code

_pool = ThreadPoolExecutor(THREADS * len(CHANNELS) * len(Priority), thread_name_prefix="lane")
_busy: dict["Future[int]", tuple[Lane, float]] = {}
_lock = threading.Lock()


def run(lanes: Iterable[Lane]) -> int:
    """Start these lanes, calls first, and wait for all that run, but not for slow ones.

    Returns how many rows were worked since the last turn, at least 1 while a lane still runs; raises what a lane raised.
    """
    with _lock:
        for lane in sorted(lanes, key=lambda lane: lane.priority):
            if sum(lane == other for other, _began in _busy.values()) < THREADS:
                _busy[_pool.submit(_work, lane)] = (lane, time.monotonic())
        running = dict(_busy)
    if any(time.monotonic() - began > STUCK_SECONDS for _lane, began in running.values()):
        logger.critical("a lane hangs and its thread cannot be ended: the process ends, and is started anew")
        finish()
        os._exit(STUCK)
    done, still = wait(running, timeout=PATIENCE)
    with _lock:
        mine = [future for future in done if _busy.pop(future, None) is not None]
    for future in mine:
        if future.exception() is not None:
            logger.warning("a lane failed: %r", future.exception())
    return sum(future.result() for future in mine) or len(still)


def finish(seconds: float = 3.0) -> None:
    """The process ends: let what is on its way arrive, for so long, and begin nothing any more."""
    drain.stopping.set()
    with _lock:
        running = list(_busy)
    wait(running, timeout=seconds)


def _work(lane: Lane) -> int:
    try:
        return drain.work(lane)
    finally:
        connection.close()
