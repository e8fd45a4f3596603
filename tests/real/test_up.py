"""`manage.py up` as an operator knows it: start, again, twice, killed, stopped."""

import os
import signal
import threading
from pathlib import Path

import httpx
import pytest

from tests.harness.portal import PASSWORD, Portal
from tests.harness.servers import until

pytestmark = pytest.mark.real


@pytest.fixture(params=["sqlite", "postgres"])
def portal(request, make_portal) -> Portal:
    """A running portal, embedded and on PostgreSQL with Redis and Celery."""
    if request.param == "sqlite":
        return make_portal().start()
    return make_portal(database=request.getfixturevalue("postgres")(), redis=request.getfixturevalue("redis")).start()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_starts_serves_and_goes_on_with_the_same_data(portal):
    words = portal.output()
    assert portal.url in words and str(portal.folder) in words and PASSWORD not in words
    expected = {"web", "engine"} | ({"worker-page", "worker", "scheduler"} if portal.env["REDIS_URL"] else set())
    assert set(portal.children()) == expected
    assert httpx.get(f"{portal.url}/healthz").text == "ok\n"
    portal.client("admin")
    token = portal.token("admin")
    made = portal.api(token).post("/incidents/", json={"title": "Before the restart", "severity": "P3", "services": ["api-gateway"]})
    assert made.status_code == 201
    assert portal.stop() == 0
    portal.start()
    assert portal.api(token).get(f"/incidents/{made.json()['reference']}/").json()["title"] == "Before the restart"
    assert portal.manage("audit", "--strict").startswith("clean")


def test_the_first_password_is_printed_once(make_portal):
    portal = make_portal(ADMIN_PASSWORD="")
    portal.start()
    lines = [line for line in portal.output().splitlines() if "password" in line]
    password = lines[0].split()[-1]
    assert len(lines) == 1 and len(password) > 12
    portal.client("admin", password)
    portal.stop()
    portal.log.unlink()
    portal.start()
    assert "password" not in portal.output() and password not in portal.output()


def test_a_second_start_on_the_same_data_is_refused(make_portal):
    portal = make_portal().start()
    answer = portal.manage("up", check=False)
    assert answer.startswith("1\n") and f"already running on {portal.folder}" in answer
    answer = portal.manage("engine", check=False)
    assert answer.startswith("1\n") and "already running" in answer
    assert portal.is_ready()


def test_a_port_that_is_taken_is_named(make_portal):
    portal = make_portal().start()
    other = make_portal(PORT=str(portal.port))
    answer = other.manage("up", check=False)
    assert answer.startswith("1\n") and f"{portal.port} cannot be listened on" in answer


def test_all_that_is_wrong_is_listed_at_once(make_portal):
    answer = make_portal(PORT="x", EMAIL_URL="ftp://x", ALLOWED_HOSTS="*").manage("up", check=False)
    assert answer.startswith("1\n")
    for name in ("PORT", "EMAIL_URL", "ALLOWED_HOSTS"):
        assert name in answer
    assert "Traceback" not in answer


def test_every_process_comes_back_after_kill_9(portal):
    before = portal.children()
    for name in before:
        portal.kill(name)
    until(lambda: set(portal.children()) == set(before) and all(portal.children()[name] != before[name] for name in before), 60, "all children being back")
    until(portal.is_ready, 60, "the portal being ready")
    assert all(f"{name} ended (killed by SIGKILL)" in portal.output() for name in before)


def test_a_stopped_engine_is_ended_and_replaced(make_portal):
    portal = make_portal().start()
    before = portal.children()["engine"]
    portal.kill("engine", signal.SIGSTOP)
    until(lambda: portal.children().get("engine", before) != before, 60, "the engine being replaced")
    assert not is_alive(before)


def test_nobody_is_left_when_the_supervisor_is_killed(portal):
    children = portal.children()
    assert portal.process is not None
    portal.process.kill()
    portal.process.wait()
    until(lambda: not any(is_alive(pid) for pid in children.values()), 30, "all children being gone")
    portal.process = None
    portal.start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_with_streams_open(make_portal, number):
    portal = make_portal().start()
    client = portal.client("admin")
    heard: list[str] = []
    opened = threading.Barrier(6)
    ticket = client.post("/live/ticket/", headers={"X-CSRFToken": client.cookies["csrftoken"], "Referer": portal.url}).json()["ticket"]

    def listen() -> None:
        with httpx.stream("GET", f"{portal.url}/live/?ticket={ticket}&at=board:0", timeout=60) as stream:
            lines = stream.iter_lines()
            heard.append(next(lines))
            opened.wait(20)
            heard.extend(lines)

    threads = [threading.Thread(target=listen) for _ in range(5)]
    for thread in threads:
        thread.start()
    opened.wait(20)
    children = portal.children()
    assert portal.stop(number) == 0
    for thread in threads:
        thread.join(20)
    assert heard.count('data: {"reason":"restart"}') == 5
    assert not any(is_alive(pid) for pid in children.values())
    assert not [name for name in os.listdir(portal.folder) if name.endswith("-journal")]
