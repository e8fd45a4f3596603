"""The production driver: Celery tasks and beat's schedule, both made from the table of sweeps."""

import os
import threading
import time
from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown
from django.conf import settings

from comms import lanes
from lib import heartbeats, pulse
from portal import engine
from portal.sweeps import SWEEPS, Sweep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

NOTE_SECONDS = 3.0  # how often a worker says that it serves a queue

app = Celery("portal")
app.config_from_object(settings.CELERY)


def register(sweep: Sweep) -> None:
    """Make the task of one sweep."""

    @app.task(name=sweep.name, time_limit=sweep.time_limit, soft_time_limit=max(1.0, sweep.time_limit - 5), ignore_result=True)
    def run() -> None:
        work(sweep)


def schedule(sweeps: tuple[Sweep, ...] = SWEEPS) -> dict[str, dict[str, Any]]:
    """Beat's schedule. A message that nobody took until the next ones were due is worth nothing: it expires."""
    return {
        sweep.name: {"task": sweep.name, "schedule": sweep.interval, "options": {"queue": sweep.queue, "expires": max(5.0, 2 * sweep.interval)}}
        for sweep in sweeps
    }


@worker_process_init.connect
def begin(**_kwargs: Any) -> None:
    """Each process of a worker's pool feels the database's pulse by itself: threads do not outlive a fork."""
    pulse.start()


@worker_process_shutdown.connect
def end(**_kwargs: Any) -> None:
    """A process of the pool ends without waiting for its threads: mails on their way are waited for here."""
    lanes.finish()


noted: dict[str, float] = {}
noting = threading.Lock()


def work(sweep: Sweep) -> None:
    """Run one sweep, again while it finds rows and time is left, and say that its queue is served."""
    end = time.monotonic() + min(10.0, sweep.time_limit / 2)
    while engine.call(sweep) and time.monotonic() < end:
        pass
    with noting:
        is_due = time.monotonic() - noted.get(sweep.queue, -NOTE_SECONDS) >= NOTE_SECONDS
        if is_due:
            noted[sweep.queue] = time.monotonic()
    if is_due:
        heartbeats.beat(f"worker.{sweep.queue}", pid=os.getpid())


for line in SWEEPS:
    register(line)
app.conf.beat_schedule = schedule()
app.conf.task_routes = {sweep.name: {"queue": sweep.queue} for sweep in SWEEPS}
