"""Ten thousand alerts in a minute while processes die, and thousands in one POST while servers vanish: all there once, incidents few."""

import os
import threading
import time
from collections import Counter

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
        """Its figures."""
        self.done.set()
        self.thread.join(120)
        assert not self.thread.is_alive(), "the other source was never answered"
        assert set(self.refused) <= {"503", "ConnectError", "ReadError", "RemoteProtocolError", "ReadTimeout"}, self.refused
        slow = sorted(self.seconds)
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
