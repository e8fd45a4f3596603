"""Lanes at work, each in threads of its own: a channel that is slow or hangs holds up nothing but itself."""

import logging
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
    # A thread cannot be ended; a turn that waits for a stuck one runs into its time limit, and its process is started anew.
    is_stuck = any(time.monotonic() - began > STUCK_SECONDS for _lane, began in running.values())
    done, still = wait(running, timeout=None if is_stuck else PATIENCE)
    with _lock:
        mine = [future for future in done if _busy.pop(future, None) is not None]
    for future in mine:
        if future.exception() is not None:
            logger.warning("a lane failed: %r", future.exception())
    return sum(future.result() for future in mine) or len(still)


def _work(lane: Lane) -> int:
    try:
        return drain.work(lane)
    finally:
        connection.close()
