"""A database that takes connections and says nothing: noticed, cut off, refused, and taken back."""

import socket
import threading

import psycopg2
import pytest

from lib import pulse


@pytest.fixture(autouse=True)
def _not_silent(monkeypatch):
    monkeypatch.setattr(pulse, "_silent", threading.Event())
    monkeypatch.setattr(pulse, "SILENT_SECONDS", 0.2)


@pytest.fixture
def mute():
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def params(server):
    host, port = server.getsockname()
    return {"host": host, "port": port, "dbname": "x", "user": "x", "connect_timeout": 2}


def waiting(sock):
    """A thread that reads what never comes; what it got at last is in the list."""
    got = []
    thread = threading.Thread(target=lambda: got.append(sock.recv(1)))
    thread.start()
    return thread, got


def test_a_silent_server_is_noticed_and_whoever_waits_for_it_is_woken(mute, socketpair):
    elsewhere, _other = socketpair
    with socket.create_connection(mute.getsockname()) as stuck:
        thread, got = waiting(stuck)
        pulse.Pulse(params(mute)).beat()
        thread.join(20)
        assert got == [b""]
    elsewhere.send(b"still open")
    with pytest.raises(psycopg2.OperationalError, match="says nothing"):
        psycopg2.connect(**params(mute), connection_factory=pulse.Connection)


def test_one_that_refuses_is_not_silent():
    with socket.create_server(("127.0.0.1", 0)) as server:
        refusing = params(server)
    pulse.Pulse(refusing).beat()
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(**refusing, connection_factory=pulse.Connection)


@pytest.fixture
def socketpair():
    """Two ends that have nothing to do with the database."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other
