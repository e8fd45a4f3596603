"""Ten thousand alerts in a minute while processes die, and thousands in one POST while servers vanish: all there once, incidents few."""

import os
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import httpx
import pytest

from tests.harness.proxy import Proxy
from tests.harness.servers import Postgres, Redis
from tests.soak.storm import SERVICES, Killer, Traffic, say

pytestmark = pytest.mark.soak

STORM = int(os.environ.get("STORM_COUNT", "10000"))  # fewer only while working on the test itself
SENDERS = 4
PER_REQUEST = 50
SECONDS = 60
FLOOD_CONNECTIONS, FLOOD_SECONDS = 64, 15
UNSLOWED = 1.0  # seconds within which half of the other source's alerts are in, whatever the others do


class OtherSource:
    """One alert after the other from a sender that has nothing to do with the storm; a lost or refused request is sent again."""

    def __init__(self, traffic: Traffic):
        self.traffic, self.key = traffic, traffic.portal.manage("source", "alertmanager", "other").strip()
        self.seconds: list[float] = []
        self.refused: Counter[str] = Counter()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        number = 0
        with httpx.Client(base_url=self.traffic.portal.url, timeout=20) as client:
            while not self.done.wait(0.5):
                number += 1
                body = self.traffic.notification([self.traffic.alert(1_000_000 + number)])
                while True:
                    began = time.monotonic()
                    try:
                        status = client.post(f"/ingest/alertmanager/{self.key}/", json=body).status_code
                    except httpx.HTTPError as error:
                        status = type(error).__name__
                    if status == 202:
                        break
                    self.refused[str(status)] += 1
                    time.sleep(0.1)
                self.seconds.append(time.monotonic() - began)
                self.traffic.fingerprints.append(body["alerts"][0]["fingerprint"])

    def stop(self) -> dict[str, object]:
        """Its figures; all that it sent was accepted, and it was not slowed."""
        self.done.set()
        self.thread.join(120)
        assert not self.thread.is_alive(), "the other source was never answered"
        assert set(self.refused) <= {"503", "ConnectError", "ReadError", "RemoteProtocolError", "ReadTimeout"}, self.refused
        slow = sorted(self.seconds)
        assert slow, "the other source has sent nothing"
        assert slow[len(slow) // 2] < UNSLOWED, f"half of the other source's alerts took more than {slow[len(slow) // 2]:.1f} s"
        return {"other_p50_ms": round(1000 * slow[len(slow) // 2]), "other_p99_ms": round(1000 * slow[int(len(slow) * 0.99)]), "other_sent": len(slow)}


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_storm_of_ten_thousand_is_few_incidents(request, make_portal, smtp, database):
    servers = {} if database == "sqlite" else {"database": request.getfixturevalue("postgres")(), "redis": request.getfixturevalue("redis")}
    portal = make_portal(smtp=smtp.url, **servers).start()
    traffic = Traffic(portal, seed=31)
    told = traffic.people(2)
    other = OtherSource(traffic)
    killer = Killer(portal, traffic.figures, seed=32, every=(2.0, 6.0))
    pause = SECONDS * SENDERS * PER_REQUEST / STORM
    failed: list[BaseException] = []

    def send() -> None:
        try:
            traffic.send_alerts(STORM // SENDERS, per_request=PER_REQUEST, every=pause)
        except BaseException as error:
            failed.append(error)

    began = time.monotonic()
    threads = [threading.Thread(target=send) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    lasted = time.monotonic() - began
    assert not any(thread.is_alive() for thread in threads), f"after {lasted:.0f} s the storm is not in: {dict(traffic.figures.answers)}"
    killer.stop()
    about_other = other.stop()
    if failed:
        raise failed[0]
    assert len(traffic.fingerprints) >= STORM
    facts = traffic.nothing_lost(smtp.mails)
    incidents = traffic.pages("/incidents/")
    assert len(incidents) <= len(SERVICES), [one["title"] for one in incidents]
    most = max((len(mails) for mails in (smtp.to(address) for address in told)), default=0)
    kills = dict(traffic.figures.kills)
    say(f"storm on {database}", seconds=round(lasted), kills=kills, incidents=len(incidents), mails_of_one_person=most, **about_other, **facts)


class Flood:
    """One source that sends single alerts over many connections as fast as it is answered, and heeds no request to wait."""

    def __init__(self, traffic: Traffic):
        self.traffic, self.answers = traffic, Counter[int]()
        self.taken: list[str] = []
        self.ends = time.monotonic() + FLOOD_SECONDS
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(number,)) for number in range(FLOOD_CONNECTIONS)]
        for thread in self.threads:
            thread.start()

    def _run(self, number: int) -> None:
        sent = 2_000_000 + number * 10_000
        with httpx.Client(base_url=self.traffic.portal.url, timeout=60) as client:
            while time.monotonic() < self.ends:
                sent += 1
                body = self.traffic.notification([self.traffic.alert(sent)])
                status = client.post(f"/ingest/alertmanager/{self.traffic.key}/", json=body).status_code
                with self.lock:
                    self.answers[status] += 1
                    if status == 202:
                        self.taken.append(body["alerts"][0]["fingerprint"])

    def wait(self) -> dict[str, object]:
        """Its figures, once it is over: each request was taken, or asked to come again."""
        for thread in self.threads:
            thread.join(FLOOD_SECONDS + 90)
        assert not any(thread.is_alive() for thread in self.threads)
        assert set(self.answers) <= {202, 503} and self.answers[202], self.answers
        self.traffic.fingerprints += self.taken
        return {"flood_a_second": round(self.answers[202] / FLOOD_SECONDS), "flood_refused": self.answers[503]}


@pytest.mark.parametrize("database", ["sqlite", "postgres", "slow postgres"])
def test_a_flood_of_one_source_slows_no_other(request, make_portal, smtp, database):
    proxy = None
    dsn = "" if database == "sqlite" else request.getfixturevalue("postgres")()
    if database == "slow postgres":
        parts = urlsplit(dsn)
        proxy = Proxy(parts.port or 5432)
        dsn = dsn.replace(f":{parts.port}", f":{proxy.port}")
    portal = make_portal(smtp=smtp.url, database=dsn).start()
    traffic = Traffic(portal, seed=35)
    if proxy is not None:
        proxy.set("slow", 0.002)  # 4 ms more for each of the many questions of a transaction
    other = OtherSource(traffic)
    flood = Flood(traffic)
    figures = {**flood.wait(), **other.stop()}
    if proxy is not None:
        proxy.set("pass")
    say(f"a flood over {FLOOD_CONNECTIONS} connections on {database}", **figures, **traffic.nothing_lost(smtp.mails))
    if proxy is not None:
        portal.close()
        proxy.close()


def test_thousands_in_one_post_on_sqlite(make_portal, smtp):
    portal = make_portal(smtp=smtp.url).start()
    traffic = Traffic(portal, seed=33)
    other = OtherSource(traffic)
    took = {f"{count}_in_s": round(seconds_of(traffic, count), 1) for count in (3_000, 20_000)}
    say("thousands in one POST on sqlite", **took, **other.stop(), **traffic.nothing_lost(smtp.mails))


def test_thousands_in_one_post_while_redis_hangs_and_postgres_restarts(make_portal, smtp):
    database, broker = Postgres(is_durable=True).start(), Redis().start()
    assert isinstance(database, Postgres) and isinstance(broker, Redis)
    proxy = Proxy(broker.port)
    try:
        portal = make_portal(smtp=smtp.url, database=database.create("portal"), redis=broker.url(port=proxy.port)).start()
        traffic = Traffic(portal, seed=34)
        other = OtherSource(traffic)
        took = {"3000_in_s": round(seconds_of(traffic, 3_000), 1)}
        proxy.set("hang")
        took["20000_in_s_redis_hung"] = round(seconds_of(traffic, 20_000), 1)
        breaker = threading.Timer(2.0, lambda: (database.end(), time.sleep(2), database.start()))
        breaker.start()
        took["20000_in_s_postgres_restarted"] = round(seconds_of(traffic, 20_000), 1)
        breaker.join()
        proxy.set("pass")
        say("thousands in one POST on postgres", **took, **other.stop(), **traffic.nothing_lost(smtp.mails))
    finally:
        proxy.close()
        broker.close()
        database.close()


def seconds_of(traffic: Traffic, count: int) -> float:
    """How long one POST of so many alerts takes until it is accepted."""
    began = time.monotonic()
    traffic.send_alerts(count, per_request=count)
    return time.monotonic() - began
