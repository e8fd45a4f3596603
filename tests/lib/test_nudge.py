"""Nudges: they leave after the commit, wake who listens, and harm nobody when they cannot."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.db import transaction

from lib import nudge
from lib.nudge import publisher, wires

SECONDS = 20  # a bound for a broken test, not a pace


@pytest.fixture
def folder(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    settings.REDIS_URL = ""
    monkeypatch.setattr(publisher, "_wires", {})
    monkeypatch.setattr(publisher, "_publisher", publisher.Publisher())
    return tmp_path / "nudge"


def test_a_listener_hears_the_name(db, folder, django_capture_on_commit_callbacks):
    with nudge.Listener() as listener:
        with django_capture_on_commit_callbacks(execute=True):
            nudge.nudge("comms.drain_outbox")
        assert listener.wait(SECONDS) == {"comms.drain_outbox"}


def test_a_rolled_back_transaction_wakes_nobody(db, folder, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            nudge.nudge("comms.drain_outbox")
            raise ZeroDivisionError
        nudge.nudge("live")
    assert nudge.flush(SECONDS)
    assert publisher._publisher.waiting == set()


def test_every_process_hears_and_each_takes_its_own_names(folder):
    with nudge.Listener({"live"}) as hub, nudge.Listener() as engine:
        wires.wire().send({"live", "comms.drain_outbox"})
        assert hub.wait(SECONDS) == {"live"}
        assert engine.wait(SECONDS) == {"live", "comms.drain_outbox"}


def test_what_piled_up_is_one_wake_up(folder):
    with nudge.Listener() as listener:
        for name in ("a", "b", "a"):
            wires.wire().send({name})
        assert listener.wait(SECONDS) == {"a", "b"}
        assert listener.wait(0) == set()


def test_the_socket_of_a_dead_process_is_cleared_away(folder):
    listener = nudge.Listener()
    listener.ear.socket.close()
    wires.wire().send({"live"})
    assert list(folder.glob("*.sock")) == []


def test_a_deaf_listener_blocks_nobody(folder):
    with nudge.Listener() as listener:
        for _ in range(3000):
            wires.wire().send({"live"})
        assert listener.wait(0) == {"live"}


def test_a_data_folder_with_a_long_path_works(folder, settings, tmp_path):
    settings.DATA_DIR = tmp_path / ("long" * 30)
    with nudge.Listener() as listener:
        wires.wire().send({"live"})
        assert listener.wait(SECONDS) == {"live"}


def test_foreign_datagrams_are_no_nudges(folder):
    with nudge.Listener() as listener, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for message in (b"", b"\xff", b"{}", b"[1, null]", b'["live"]'):
            sender.sendto(message, str(listener.ear.path))
        assert listener.wait(SECONDS) == {"live"}


def test_a_call_back_is_called_until_stopped(folder):
    heard, arrived = set(), threading.Event()

    def note(names):
        heard.update(names)
        arrived.set()

    stop = nudge.listen(note, names={"live"})
    wires.wire().send({"live", "other"})
    assert arrived.wait(SECONDS)
    stop()
    assert heard == {"live"}


def test_a_call_back_that_fails_is_called_again(folder):
    calls, arrived = [], threading.Event()

    def fail_once(names):
        calls.append(names)
        if len(calls) == 1:
            wires.wire().send({"second"})
            raise ZeroDivisionError
        arrived.set()

    stop = nudge.listen(fail_once)
    wires.wire().send({"first"})
    assert arrived.wait(SECONDS)
    stop()
    assert calls == [{"first"}, {"second"}]


def test_other_carriers_get_the_names_too_and_a_failing_one_harms_none(folder, monkeypatch):
    monkeypatch.setattr(publisher._publisher, "carriers", [])
    carried, failures = [], []

    def fail(names):
        failures.append(names)
        raise ConnectionError

    nudge.also(fail)
    nudge.also(carried.append)
    for _ in range(3):
        nudge.nudge("a.b")
        assert nudge.flush(SECONDS)
    assert carried == [{"a.b"}] * 3
    assert failures == [{"a.b"}]  # then its breaker is open


def test_the_breaker_closes_after_its_pause(monkeypatch):
    present = [100.0]
    monkeypatch.setattr(publisher.time, "monotonic", lambda: present[0])
    outcome = [ConnectionError, ConnectionError, None]
    sent = []

    def send(names):
        error = outcome.pop(0) if outcome else None
        if error:
            raise error
        sent.append(names)

    carrier = publisher.Carrier(send)
    for seconds in (0, 0.5, 0.6, 1.5, 0.6):
        present[0] += seconds
        carrier.carry({"x"})
    assert sent == [{"x"}]


def test_without_redis_a_nudge_neither_waits_nor_raises(folder, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    nudge.nudge("a.b")
    assert nudge.flush(SECONDS)
    with nudge.Listener() as listener:
        assert listener.wait(0.01) == set()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[str]:
    binary = shutil.which("redis-server")
    assert binary, "redis-server is not installed; tests/provide says how"
    path = tmp_path / "redis.sock"
    server = subprocess.Popen([binary, "--port", "0", "--unixsocket", str(path), "--save", ""], cwd=tmp_path, stdout=subprocess.PIPE)
    for line in server.stdout:
        if b"eady to accept connections" in line:
            break
    yield f"unix://{path}"
    server.terminate()
    server.stdout.read()
    server.wait()


@pytest.mark.real
def test_through_redis_a_nudge_arrives(folder, settings, redis_server):
    settings.REDIS_URL = redis_server
    with nudge.Listener({"live"}) as listener:
        listener.wait(0)
        nudge.nudge("live")
        assert listener.wait(SECONDS) == {"live"}


@pytest.mark.real
def test_a_listener_subscribes_again_after_a_broken_connection(folder, settings, redis_server):
    settings.REDIS_URL = redis_server
    with nudge.Listener() as listener, redis.Redis.from_url(redis_server) as admin:
        listener.wait(0)
        admin.client_kill_filter(_type="pubsub")
        listener.wait(0.01)
        listener.wait(0.01)
        nudge.nudge("live")
        assert listener.wait(SECONDS) == {"live"}
