"""The lane for alerts: what waits together goes in together, each sender by itself, and nobody waits for another's flood."""

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from django.urls import get_resolver

from accounts.rules import PUBLIC
from detection import audit, correlate, delivering, guard, ingest, keys, refusals, setting_aside
from detection.models import Alert, Envelope
from incidents import playbook
from incidents.models import Incident
from portal import access, door, lane
from portal.front import Front, metrics
from tests.detection.conftest import KEY, make_alert, notification
from tests.portal.test_door import scope

pytestmark = pytest.mark.django_db(transaction=True)

DOOR = f"/ingest/alertmanager/{KEY}/"
OTHER = "fedcba9876543210fedcba9876543210"
OTHER_DOOR = f"/ingest/alertmanager/{OTHER}/"


@dataclass
class Said:
    """An answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass
class Gate:
    """Holds the transactions of some sources up until it opens; `took` is what went in together, by title."""

    holds: set[str]
    took: list[list[str]] = field(default_factory=list)
    is_open: threading.Event = field(default_factory=threading.Event)
    is_reached: threading.Event = field(default_factory=threading.Event)

    def take(self, source: Any, deliveries: list[Any], received: Any) -> Any:
        """In place of `correlate.take`."""
        self.took.append([alert.name for delivery in deliveries for alert in delivery.alerts])
        if source.name in self.holds:
            self.is_reached.set()
            self.is_open.wait(60)
        return TAKE(source, deliveries, received)


TAKE = correlate.take


@pytest.fixture
def front(monkeypatch):
    """A front door with two Alertmanagers behind it, whose threads are gone when the test is over."""
    guard.forget()
    refusals.forget()
    door.hosts.cache_clear()
    playbook.in_force()
    keys.create("alertmanager", "One", actor=None, key=KEY)
    keys.create("alertmanager", "Two", actor=None, key=OTHER)
    monkeypatch.setattr(lane, "PATIENCE", 30.0)
    monkeypatch.setattr("detection.doors.PATIENCE", 30.0)
    made = Front()
    yield made
    made.lane.close()
    for thread in made.lane.threads:
        thread.join(60)
    metrics.hubs.remove(made.hub.listeners)
    door.hosts.cache_clear()


@pytest.fixture
def gate():
    """Sources are held up by name."""
    made = Gate(set())
    with mock.patch("detection.correlate.take", side_effect=made.take):
        yield made
        made.is_open.set()


async def post(front: Front, path: str, payload: Any, **headers: str) -> Said:
    """One request, whole."""
    said, raw = Said(), payload if isinstance(payload, bytes) else json.dumps(payload).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            said.status, said.headers = message["status"], {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            said.body = json.loads(message["body"])

    await front(scope(path, method="POST", **{"content_type": "application/json", **headers}), receive, send)
    return said


async def until(condition: Any) -> None:
    """Give way until it is so."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


def waiting(front: Front) -> int:
    """How many are in line."""
    return sum(len(queue) for queue in front.lane.queues.values())


async def behind(front: Front, gate: Gate, requests: list[tuple[str, Any]], first: Any = None) -> list[asyncio.Task[Said]]:
    """Once the first request of source One is held up in its transaction, these come in this order; then the gate opens."""
    gate.holds = {"One"}
    tasks = [asyncio.create_task(post(front, DOOR, first or notification(make_alert("First"))))]
    await until(gate.is_reached.is_set)
    for path, payload in requests:
        count = waiting(front) + 1
        tasks.append(asyncio.create_task(post(front, path, payload)))
        await until(lambda count=count: waiting(front) == count)
    gate.is_open.set()
    return tasks


def all_of(front: Front, gate: Gate, requests: list[tuple[str, Any]], first: Any = None) -> list[Said]:
    """The answers to the first and to these, see `behind`."""

    async def run() -> list[Said]:
        front.lane.known.add(keys.digest(KEY))
        return list(await asyncio.gather(*await behind(front, gate, requests, first)))

    return asyncio.run(run())


def test_what_waits_goes_in_together_in_order_and_each_has_its_envelope_and_answer(front, gate):
    payloads = [notification(make_alert(f"A{number}", service="cache" if number % 2 else "logging")) for number in range(6)]
    first, *answers = all_of(front, gate, [(DOOR, payload) for payload in payloads])
    assert gate.took == [["First"], [f"A{number}" for number in range(6)]]
    assert [(said.status, said.body["accepted"]) for said in [first, *answers]] == [(202, 1)] * 7
    for number, said in enumerate(answers):
        assert said.body["incidents"] == [Alert.objects.get(name=f"A{number}").incident.reference]
    assert (Envelope.objects.count(), Incident.objects.count()) == (7, 3)
    assert audit.invariants(full=True) == []


@pytest.mark.parametrize(("statuses", "is_firing"), [(["resolved", "firing"], True), (["firing", "resolved"], False)])
def test_what_one_source_says_counts_in_the_order_in_which_it_was_said(front, gate, statuses, is_firing):
    keys.create("generic", "Script", actor=None, key="a" * 32)
    front.lane.known.add(keys.digest("a" * 32))
    path = f"/ingest/generic/{'a' * 32}/"

    async def run() -> list[Said]:
        assert (await post(front, path, {"title": "Down", "dedup_key": "k"})).status == 202
        gate.holds = {"Script"}
        tasks = [asyncio.create_task(post(front, path, {"title": "First"}))]
        await until(gate.is_reached.is_set)
        for number, status in enumerate(statuses, 1):
            tasks.append(asyncio.create_task(post(front, path, {"title": "Down", "dedup_key": "k", "status": status})))
            await until(lambda number=number: waiting(front) == number)
        gate.is_open.set()
        return list(await asyncio.gather(*tasks))

    assert [said.status for said in asyncio.run(run())] == [202] * 3
    assert Alert.objects.filter(fingerprint="k").order_by("starts_at").last().is_firing is is_firing


def test_a_bad_one_among_those_that_wait_falls_out_alone(front, gate):
    keep = setting_aside.keep

    def refuse(source, rejected, received):
        if rejected:
            raise ValueError("bad")
        keep(source, rejected, received)

    payloads = [notification(make_alert("A")), notification(make_alert("Bad"), {"status": "?"}), b"{", [], notification(make_alert("B"))]
    with mock.patch("detection.setting_aside.keep", side_effect=refuse):
        answers = all_of(front, gate, [(DOOR, payload) for payload in payloads])
    assert [said.status for said in answers] == [202, 202, 500, 400, 422, 202]
    assert all(said.body["request_id"] and said.body["detail"] for said in answers if said.status >= 400)
    assert set(Alert.objects.values_list("name", flat=True)) == {"First", "A", "B"} and Envelope.objects.count() == 3
    assert audit.invariants(full=True) == []


def test_a_crash_before_the_commit_leaves_nothing_and_a_crash_after_it_nothing_twice(front, settings):
    async def run() -> list[int]:
        return [(await post(front, DOOR, payload)).status for _again in range(2)]

    payload = notification(make_alert("A"))
    settings.FAILPOINTS = "detection.before_commit=raise"
    assert asyncio.run(run()) == [500, 500] and not Envelope.objects.exists() and not Alert.objects.exists()
    settings.FAILPOINTS = "detection.after_commit=raise"
    assert asyncio.run(run()) == [500, 500]
    settings.FAILPOINTS = ""
    assert asyncio.run(run()) == [202, 202] and Alert.objects.get().times == 4 and Incident.objects.count() == 1


def test_a_full_line_of_one_source_asks_it_alone_to_come_again(front, gate, monkeypatch):
    monkeypatch.setattr(lane, "MOST_WAITING", 2)
    gate.holds = {"One"}

    async def run() -> tuple[Said, Said, list[Said]]:
        front.lane.known.update({keys.digest(KEY), keys.digest(OTHER)})
        tasks = [asyncio.create_task(post(front, DOOR, notification(make_alert("A0"))))]
        await until(gate.is_reached.is_set)
        tasks += [asyncio.create_task(post(front, DOOR, notification(make_alert(f"A{number}")))) for number in (1, 2)]
        await until(lambda: waiting(front) == 2)
        too_much = await post(front, DOOR, notification(make_alert("A3")))
        stranger = await post(front, f"/ingest/alertmanager/{'0' * 32}/", notification(make_alert("A4")))
        assert not any(task.done() for task in tasks)
        gate.is_open.set()
        return too_much, stranger, list(await asyncio.gather(*tasks))

    too_much, stranger, answers = asyncio.run(run())
    assert (too_much.status, too_much.headers["retry-after"], too_much.body["error"]) == (503, "5", "busy")
    assert stranger.status == 401
    assert [said.status for said in answers] == [202] * 3 and Alert.objects.count() == 3


def test_a_source_that_is_held_up_holds_up_no_other(front, gate):
    read = ingest.read

    def slowly(source, kind, raw):
        if source.name == "One":
            gate.is_reached.set()
            gate.is_open.wait(60)
        return read(source, kind, raw)

    async def run() -> tuple[Said, Said]:
        front.lane.known.update({keys.digest(KEY), keys.digest(OTHER)})
        held = asyncio.create_task(post(front, DOOR, notification(make_alert("A"))))
        await until(gate.is_reached.is_set)
        other = await post(front, OTHER_DOOR, notification(make_alert("B")))
        assert not held.done()
        gate.is_open.set()
        return await held, other

    with mock.patch("detection.ingest.read", side_effect=slowly):
        assert [said.status for said in asyncio.run(run())] == [202, 202]


def test_sources_take_turns_however_much_one_of_them_sends(front, gate, monkeypatch):
    monkeypatch.setattr(lane, "THREADS", 1)
    monkeypatch.setattr(lane, "MOST_TOGETHER", 2)
    front.lane.known.add(keys.digest(OTHER))
    requests = [(DOOR, notification(make_alert(f"A{number}"))) for number in range(5)]
    requests.append((OTHER_DOOR, notification(make_alert("B"))))
    assert [said.status for said in all_of(front, gate, requests)] == [202] * 7
    assert gate.took == [["First"], ["B"], ["A0", "A1"], ["A2", "A3"], ["A4"]]


def test_who_waits_too_long_is_asked_to_come_again_and_stored_never(front, gate, monkeypatch):
    gate.holds = {"One"}

    async def run() -> tuple[Said, Said]:
        front.lane.known.add(keys.digest(KEY))
        held = asyncio.create_task(post(front, DOOR, notification(make_alert("A"))))
        await until(gate.is_reached.is_set)
        monkeypatch.setattr(lane, "PATIENCE", 0.05)
        late = await post(front, DOOR, notification(make_alert("B")))
        gate.is_open.set()
        return await held, late

    held, late = asyncio.run(run())
    assert (held.status, late.status) == (202, 503) and late.headers["retry-after"]
    assert Alert.objects.get().name == "A"


def test_a_database_that_is_away_is_asked_once_for_all_that_wait(front, gate):
    def away(_key, _kind):
        gate.is_reached.set()
        gate.is_open.wait(60)
        raise OperationalError("unable to open database file")

    async def run() -> list[Said]:
        tasks = [asyncio.create_task(post(front, DOOR, notification(make_alert("A"))))]
        await until(gate.is_reached.is_set)
        tasks += [asyncio.create_task(post(front, DOOR, notification(make_alert("A")))) for _again in range(9)]
        await until(lambda: waiting(front) == 9)
        gate.is_open.set()
        return list(await asyncio.gather(*tasks))

    with mock.patch("detection.keys.find", side_effect=away) as find:
        answers = asyncio.run(run())
    assert {(said.status, said.headers["retry-after"], said.body["error"]) for said in answers} == {(503, "5", "busy")}
    assert find.call_count == 2
    assert asyncio.run(post(front, DOOR, notification(make_alert("A")))).status == 202


def test_an_answer_has_the_headers_and_the_language_of_all_others(front):
    said = asyncio.run(post(front, f"/ingest/alertmanager/{'0' * 32}/", {}, accept_language="zh-CN", x_request_id="abcdef-0123"))
    assert (said.status, said.body["request_id"], said.headers["x-request-id"]) == (401, "abcdef-0123", "abcdef-0123")
    assert said.headers["content-language"] == "zh-hans" and not said.body["detail"].isascii()
    assert said.headers["x-content-type-options"] == "nosniff" and said.headers["content-security-policy"] and said.headers["permissions-policy"]
    assert asyncio.run(post(front, DOOR, notification(make_alert("A")))).headers["content-language"] == "en"


def test_every_way_to_name_the_key_is_the_same_sender(front, gate):
    keys.create("pagerduty", "Nagios", actor=None, key="b" * 32)
    event = {"routing_key": "b" * 32, "event_action": "trigger", "dedup_key": "k", "payload": {"summary": "S", "source": "s", "severity": "info"}}
    too_large = json.dumps({**event, "x": "x" * door.MIB}).encode()

    async def run() -> list[Said]:
        return [
            await post(front, "/ingest/alertmanager/", notification(make_alert("A")), authorization=f"Bearer {KEY}"),
            await post(front, "/v2/enqueue", event),
            await post(front, "/v2/change/enqueue", {"routing_key": "b" * 32, "payload": {"summary": "v2"}}),
            await post(front, "/v2/enqueue", {**event, "routing_key": "c" * 32}),
            await post(front, "/v2/enqueue", too_large, content_length=str(len(too_large))),
        ]

    answers = asyncio.run(run())
    assert [said.status for said in answers] == [202, 202, 202, 400, 413]
    assert front.lane.known == {keys.digest(KEY), keys.digest("b" * 32)}
    assert Alert.objects.filter(name="IngestTooLarge").exists() and answers[4].headers["connection"] == "close"


def test_the_lane_takes_what_is_posted_to_doors_and_these_are_open_to_all(front, settings):
    def request(path: str, method: str = "POST", scheme: str = "http") -> Any:
        return mock.Mock(path=path, scope={"method": method}, scheme=scheme)

    assert front.lane.takes(request(DOOR)) and front.lane.takes(request("/v2/enqueue"))
    for path, method in ((DOOR, "GET"), (DOOR[:-1], "POST"), ("/ingest/nothing/", "POST"), ("/v2/", "POST"), ("/alerts/act/", "POST")):
        assert not front.lane.takes(request(path, method)), path
    settings.SECURE = True
    assert not front.lane.takes(request(DOOR)) and front.lane.takes(request(DOOR, scheme="https"))
    doors = [pattern.name for part in get_resolver().url_patterns for pattern in getattr(part, "url_patterns", ()) if hasattr(pattern.callback, "door")]
    assert len(doors) >= 6
    for name in doors:
        rule = access.rule_for(f"detection:{name}", "POST")
        assert rule is not None and rule.needs is PUBLIC


def test_turns_go_round_in_the_order_of_asking():
    turns, order, begun = delivering.Turns(), [], []

    def ask(name: str) -> None:
        with turns.mine(60):
            order.append(name)

    with turns.mine(60):
        for name in ("a", "b", "c"):
            begun.append(threading.Thread(target=ask, args=(name,)))
            begun[-1].start()
            while len(turns.waiting) < len(begun) + 1:
                pass
        with pytest.raises(delivering.Busy), turns.mine(0.01):
            pass
    for thread in begun:
        thread.join(60)
    assert order == ["a", "b", "c"] and turns.waiting == []
