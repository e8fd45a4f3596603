"""Redis hung, gone, flushed, restarted; PostgreSQL hung, restarted: alerts stay accepted, nothing is lost, work goes on by itself."""

import time

import httpx
import pytest
import redis

from tests.harness.listening import Listener
from tests.harness.portal import Portal
from tests.harness.proxy import Proxy
from tests.harness.servers import Postgres, Redis, until
from tests.soak.storm import Traffic, say

pytestmark = pytest.mark.soak


def heard_of(smtp, reference: str) -> bool:
    return any(reference in str(mail.message["Subject"]) for mail in smtp.mails)


def declare(traffic: Traffic, title: str) -> str:
    return traffic.portal.api(traffic.token).post("/incidents/", json={"title": title, "severity": "P1", "services": ["cache"]}).json()["reference"]


@pytest.fixture
def ground():
    """PostgreSQL and Redis of this test alone, with a proxy before Redis."""
    database, broker = Postgres(is_durable=True).start(), Redis().start()
    assert isinstance(database, Postgres) and isinstance(broker, Redis)
    proxy = Proxy(broker.port)
    yield database, broker, proxy
    proxy.close()
    broker.close()
    database.close()


def test_redis_may_hang_vanish_forget_and_return(ground, make_portal, smtp):
    database, broker, proxy = ground
    portal: Portal = make_portal(database=database.create("portal"), redis=broker.url(port=proxy.port), smtp=smtp.url).start()
    traffic = Traffic(portal, seed=1)
    traffic.people(2)

    def through(title: str, prepare) -> float:
        traffic.figures.seconds.clear()
        traffic.figures.answers.clear()
        prepare()
        traffic.send_alerts(40, per_request=2)
        began = time.monotonic()
        reference = declare(traffic, title)
        until(lambda: heard_of(smtp, reference), 60, f"the notice while {title}", every=0.05)
        waited = time.monotonic() - began
        assert set(traffic.figures.answers) <= {"202", "200", "201"}, traffic.figures.answers
        say(
            f"Redis: {title}",
            p50_ms=round(1000 * traffic.figures.percentile(0.5)),
            p99_ms=round(1000 * traffic.figures.percentile(0.99)),
            first_notice_s=round(waited, 1),
        )
        return waited

    def restart() -> None:
        broker.end()
        broker.start()
        proxy.set("pass")

    def flush() -> None:
        proxy.set("pass")
        redis.Redis(port=broker.port).flushall()

    through("as it should be", lambda: None)
    through("hung", lambda: proxy.set("hang"))
    through("back from hanging", lambda: proxy.set("pass"))
    through("gone", lambda: proxy.set("refuse"))
    through("back", lambda: proxy.set("pass"))
    through("flushed", flush)
    slow = through("slow by 200 ms", lambda: proxy.set("slow", 0.2))
    assert slow < 5, f"the first notice took {slow:.1f} s with Redis slow"  # `trust.md`
    through("restarted, empty", restart)
    say("after Redis", **traffic.nothing_lost(smtp.mails))


def test_postgres_may_be_restarted_and_stay_away(ground, make_portal, smtp):
    database, broker, _ = ground
    portal: Portal = make_portal(database=database.create("portal"), redis=broker.url(1), smtp=smtp.url).start()
    traffic = Traffic(portal, seed=2)
    traffic.people(2)
    reference = declare(traffic, "watched")
    client = portal.client("admin")
    listener = Listener(portal, client, reference)
    listener.wait_for(1)
    before = portal.children()
    database.end()

    slowest = 0.0
    for path, kind in (
        (f"/incidents/{reference}/", "text/html"),
        (f"/api/v1/incidents/{reference}/", "application/problem+json"),
        ("/accounts/login/", "text/html"),
    ):
        for _ in range(3):
            began = time.monotonic()
            answer = client.get(path, headers={"Authorization": f"Bearer {traffic.token}"} if path.startswith("/api/") else {})
            slowest = max(slowest, time.monotonic() - began)
            if path != "/accounts/login/":
                assert answer.status_code == 503 and answer.headers["Retry-After"], (path, answer.status_code)
                assert kind in answer.headers["Content-Type"]
    answer = httpx.post(f"{portal.url}/ingest/alertmanager/{traffic.key}/", json={"version": "4", "alerts": []})
    assert answer.status_code == 503 and answer.headers["Retry-After"] and set(answer.json()) >= {"error", "detail"}
    assert httpx.get(f"{portal.url}/healthz").status_code == 200
    assert httpx.get(f"{portal.url}/readyz").status_code == 503
    assert slowest < 3, f"an answer took {slowest:.1f} s with the database away"
    time.sleep(20)
    assert portal.children() == before, "no process dies of a database that is away"

    began = time.monotonic()
    database.start()
    until(portal.is_ready, 60, "being ready again")
    back = time.monotonic() - began
    second = declare(traffic, "after the restart")
    until(lambda: heard_of(smtp, second), 60, "the first notice after the restart", every=0.05)
    noticed = time.monotonic() - began
    traffic.send_alerts(50)
    note = portal.api(traffic.token).post(f"/incidents/{reference}/timeline/", json={"text": "back"}).json()["seq"]
    listener.wait_for(note, 60)
    listener.close()
    assert listener.seqs == list(range(1, note + 1))
    for _ in range(3):  # restarted under load
        database.end()
        database.start()
        traffic.send_alerts(20)
    say("PostgreSQL away", slowest_503_s=round(slowest, 2), ready_again_s=round(back, 1), first_notice_s=round(noticed, 1), **traffic.nothing_lost(smtp.mails))


def test_postgres_may_hang(make_portal, smtp):
    database = Postgres(is_durable=True).start()
    assert isinstance(database, Postgres)
    database.create("portal")
    proxy = Proxy(database.port)
    portal: Portal = make_portal(database=database.dsn("portal", proxy.port), smtp=smtp.url).start()
    traffic = Traffic(portal, seed=3)
    traffic.people(2)
    client, api, before = portal.client("admin"), portal.api(traffic.token), portal.children()
    slowest = 0.0
    for _ in range(5):
        proxy.set("hang")
        for _ in range(3):
            began = time.monotonic()
            answers = [client.get("/"), api.get("/incidents/")]
            slowest = max(slowest, time.monotonic() - began)
            assert [answer.status_code for answer in answers] == [503, 503]
        proxy.set("pass")
        until(portal.is_ready, 60, "being ready again")
        traffic.send_alerts(20)
    reference = declare(traffic, "after the hanging")
    until(lambda: heard_of(smtp, reference), 60, "the first notice after it", every=0.05)
    assert portal.children() == before, "no process dies of a database that hangs"
    assert slowest < 3, f"two answers took {slowest:.1f} s with the database hung"
    say("PostgreSQL hung", slowest_503_s=round(slowest, 2), **traffic.nothing_lost(smtp.mails))
    proxy.close()
    database.close()
