"""The embedded driver: one loop that runs the table of sweeps in a few threads, woken early by a nudge."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connections

from lib import db, heartbeats, nudge
from portal.sweeps import QUEUES, SWEEPS, Sweep

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
HEARTBEAT_SECONDS = 5.0
STUCK_EXIT = 70
LANE_THREADS = {"page": 2, "engine": 2}  # other queues: one; a full lane never delays another


@dataclass
class Run:
    """What the loop knows of one sweep."""

    sweep: Sweep
    due: float = 0.0
    began: float | None = None
    failures: int = 0
    worked: int = 0
    seconds: float = 0.0
    again: bool = False


class Engine:
    """Runs sweeps until :meth:`stop`; `beat` is called on each turn of the loop."""

    def __init__(self, sweeps: Iterable[Sweep] = SWEEPS, *, beat: Callable[[], None] | None = None, wanted: Callable[[Sweep], bool] | None = None):
        self.runs = [Run(sweep) for sweep in sweeps]
        self.beat = beat or (lambda: None)
        self.wanted = wanted or (lambda sweep: True)
        self.wake = threading.Event()
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.lanes: dict[str, ThreadPoolExecutor] = {}
        self.told = 0.0
        self.is_away = False

    def run(self) -> None:
        """Turn until told to stop, then give running sweeps the chance to end."""
        self.lanes = {queue: ThreadPoolExecutor(LANE_THREADS.get(queue, 1), thread_name_prefix=queue) for queue in QUEUES}
        close = nudge.listen(self.nudged)
        try:
            while not self.stopping.is_set():
                self.beat()
                self.turn()
                self.wake.wait(TICK_SECONDS)
                self.wake.clear()
        finally:
            close()
            for lane in self.lanes.values():
                lane.shutdown(wait=False, cancel_futures=True)
            self._let_end(3.0)

    def stop(self, *_: Any) -> None:
        """End after the present turn."""
        self.stopping.set()
        self.wake.set()

    def nudged(self, names: set[str]) -> None:
        """These sweeps have something to do now; called from the listener's thread."""
        for run in [run for run in self.runs if run.sweep.name in names]:
            with self.lock:
                run.due = 0.0
                run.again = True
            self.wake.set()

    def turn(self) -> None:
        """Start what is due, look for what is stuck, and say that we live."""
        now = time.monotonic()
        for run in self.runs:
            with self.lock:
                if run.began is not None:
                    self._watch(run, now)
                    continue
                if now < run.due or not self.wanted(run.sweep):
                    continue
                run.began, run.again = now, False
            self.lanes[run.sweep.queue].submit(self._work, run).add_done_callback(report)
        if now - self.told >= HEARTBEAT_SECONDS:
            self.told = now
            self._tell()

    def _watch(self, run: Run, now: float) -> None:
        """A thread cannot be ended from outside; the process can, and its supervisor starts it anew."""
        if run.began is not None and now - run.began > run.sweep.time_limit:
            log.critical("%s is stuck for %.0f s; the engine ends and is started anew", run.sweep.name, now - run.began)
            os._exit(STUCK_EXIT)

    def _work(self, run: Run) -> None:
        began = time.monotonic()
        worked, failed = 0, False
        try:
            worked = call(run.sweep)
            self._back(run)
        except Exception as error:  # noqa: BLE001 - the outer edge of every sweep: one that fails must not stop the others
            failed = True
            self._failed(run, error)
        finally:
            ended = time.monotonic()
            with self.lock:
                run.worked, run.seconds, run.began = worked, ended - began, None
                run.failures = run.failures + 1 if failed else 0
                # Rows were found: look again at once.
                run.due = ended + (patience(run) if failed else 0.05 if worked or run.again else run.sweep.interval)
            self.wake.set()

    def _failed(self, run: Run, error: Exception) -> None:
        away = db.is_away(error)
        if not away:
            log.exception("%s failed", run.sweep.name)
        elif not self.is_away:
            log.error("the database is away: %s", str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)
        self.is_away = self.is_away or away

    def _back(self, run: Run) -> None:
        if self.is_away:
            self.is_away = False
            log.warning("the database is back")

    def _tell(self) -> None:
        detail = {run.sweep.name: {"worked": run.worked, "ms": round(run.seconds * 1000), "failures": run.failures} for run in self.runs}
        self.lanes["engine"].submit(beat, {"pid": os.getpid(), "sweeps": detail}).add_done_callback(report)

    def _let_end(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.is_busy():
            time.sleep(0.02)

    def is_busy(self) -> bool:
        """Whether a sweep is at work."""
        return any(run.began is not None for run in self.runs)


def patience(run: Run) -> float:
    """Seconds until a sweep that failed is tried again: longer each time, up to its interval or 5 s."""
    return min(max(run.sweep.interval, 5.0), 0.5 * 2 ** min(run.failures, 6))


def call(sweep: Sweep) -> int:
    """Run one sweep now; its connections are checked before and given up when it fails."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
    try:
        return sweep.load()() or 0
    except BaseException:
        # Whatever went wrong may have left a broken or open connection behind; the next run gets a new one.
        give_up_connections()
        raise


def give_up_connections() -> None:
    """Close this thread's connections; one inside somebody's transaction is theirs."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def beat(detail: dict[str, Any]) -> None:
    """The engine's sign of life, as a row; a database that is away is no reason to stop."""
    try:
        heartbeats.beat("engine", **detail)
    except Exception as error:  # the row is for onlookers; the loop goes on without it
        give_up_connections()
        if not db.is_away(error):
            log.exception("the engine's heartbeat could not be written")


def report(future: "Future[None]") -> None:
    """What escaped a lane is at least said."""
    if not future.cancelled() and future.exception() is not None:
        log.error("a lane failed: %r", future.exception())


def run_once(sweeps: Iterable[Sweep] = SWEEPS, *, passes: int = 1000) -> tuple[int, list[str]]:
    """Run all sweeps until a whole pass finds nothing to do. Returns how many rows were worked and what failed."""
    table, total, failures = list(sweeps), 0, {}
    for _ in range(passes):
        found = 0
        for sweep in table:
            if sweep.name in failures:
                continue
            try:
                found += call(sweep)
            except Exception as error:  # the outer edge: the others still run, and the failure is returned
                log.exception("%s failed", sweep.name)
                failures[sweep.name] = f"{sweep.name}: {error}"
        total += found
        if not found:
            break
    return total, list(failures.values())
