"""The table of sweeps and its two drivers."""

import threading
import time

import pytest
from django.db import OperationalError

from portal import celery, engine
from portal.engine import Engine
from portal.sweeps import QUEUES, SWEEPS, Sweep

calls: list[str] = []


@pytest.fixture(autouse=True)
def _no_calls():
    calls.clear()


def works() -> int:
    calls.append("works")
    return 1 if calls.count("works") < 3 else 0


def fails() -> int:
    calls.append("fails")
    raise ValueError("poison")


def is_away() -> int:
    calls.append("away")
    raise OperationalError("disk I/O error")


def sweep(name: str, function: str, **values) -> Sweep:
    return Sweep(name, f"tests.portal.test_sweeps.{function}", values.pop("interval", 60), values.pop("queue", "engine"), values.pop("time_limit", 30))


@pytest.mark.parametrize("line", SWEEPS, ids=lambda line: line.name)
def test_every_line_names_a_function_and_a_queue(line: Sweep):
    assert callable(line.load())
    assert line.queue in QUEUES
    assert 0 < line.interval < line.time_limit or line.interval >= 30


@pytest.mark.parametrize("line", SWEEPS, ids=lambda line: line.name)
@pytest.mark.django_db
def test_every_sweep_finds_nothing_in_an_empty_portal(line: Sweep):
    assert not line.load()()


def test_names_are_told_once_and_begin_with_their_room():
    assert len({line.name for line in SWEEPS}) == len(SWEEPS)
    assert all(line.name.split(".")[0] == line.function.split(".")[0] for line in SWEEPS)


def test_both_drivers_read_the_same_table():
    assert set(celery.app.conf.beat_schedule) == {line.name for line in SWEEPS}
    for line in SWEEPS:
        assert line.name in celery.app.tasks
        assert celery.app.conf.beat_schedule[line.name]["options"]["queue"] == line.queue


def test_celery_keeps_unfinished_work():
    assert celery.app.conf.task_acks_late and celery.app.conf.task_reject_on_worker_lost
    assert celery.app.conf.worker_prefetch_multiplier == 1
    assert celery.app.conf.accept_content == ["json"]
    assert celery.app.conf.broker_transport_options["visibility_timeout"] == 120


@pytest.mark.django_db
def test_once_runs_until_nothing_is_due():
    worked, failures = engine.run_once([sweep("a", "works")])
    assert (worked, failures, len(calls)) == (2, [], 3)


@pytest.mark.django_db
def test_once_names_what_failed_and_runs_the_others():
    worked, failures = engine.run_once([sweep("poison", "fails"), sweep("a", "works")])
    assert failures == ["poison: poison"]
    assert calls.count("fails") == 1 and worked > 0


def running(*sweeps: Sweep, **values) -> tuple[Engine, threading.Thread]:
    loop = Engine(sweeps, **values)
    thread = threading.Thread(target=loop.run)
    thread.start()
    return loop, thread


def until(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def _quiet(monkeypatch):
    """No heartbeat row: these tests have no database."""
    monkeypatch.setattr(engine, "beat", lambda detail: None)


@pytest.mark.usefixtures("_quiet")
def test_a_failing_sweep_stops_no_other():
    loop, thread = running(sweep("poison", "fails"), sweep("away", "is_away"), sweep("a", "works"))
    until(lambda: calls.count("works") >= 3 and "fails" in calls and "away" in calls)
    loop.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.usefixtures("_quiet")
def test_a_nudge_wakes_a_sweep_before_its_time():
    loop, thread = running(sweep("a", "works", interval=3600))
    until(lambda: len(calls) == 3)
    loop.nudged({"a", "unknown"})
    until(lambda: len(calls) == 4)
    loop.stop()
    thread.join(10)


@pytest.mark.usefixtures("_quiet")
def test_what_celery_does_is_left_to_it():
    loop, thread = running(sweep("a", "works"), wanted=lambda line: False)
    loop.stop()
    thread.join(10)
    assert calls == []


def test_a_stuck_sweep_ends_the_process(monkeypatch):
    ended = []
    monkeypatch.setattr(engine.os, "_exit", ended.append)
    loop = Engine([sweep("a", "works", time_limit=5)])
    loop.runs[0].began = time.monotonic() - 6
    loop._watch(loop.runs[0], time.monotonic())
    assert ended == [engine.STUCK_EXIT]
