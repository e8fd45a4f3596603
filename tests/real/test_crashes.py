"""A web process that dies in the middle of a request, and a database that falls silent: seen from outside, over HTTP."""

import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests.harness.proxy import Proxy
from tests.harness.servers import until
from tests.soak.storm import Traffic

pytestmark = pytest.mark.real
P1 = {"title": "After the silence", "severity": "P1", "services": ["cache"]}


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_retry_after_a_kill_in_mid_request_need_not_wait(database, request, make_portal):
    where = {} if database == "sqlite" else {"database": request.getfixturevalue("postgres")()}
    portal = make_portal(PORTAL_FAILPOINTS="accounts.before_commit=kill@1", **where).start()
    client = portal.api(portal.token())
    body, key = {"title": "Half-way", "severity": "P3", "services": ["cache"]}, {"Idempotency-Key": "k1"}
    with pytest.raises(httpx.TransportError):
        client.post("/incidents/", json=body, headers=key)

    def again():
        try:
            return client.post("/incidents/", json=body, headers=key)
        except httpx.TransportError:  # until the supervisor has brought it back
            return None

    answer = until(again, 60, "an answer after the kill")
    killed = time.monotonic()
    while answer.status_code == 409 and time.monotonic() - killed < 5:
        answer = client.post("/incidents/", json=body, headers=key)
    assert answer.status_code == 201, answer.text
    assert client.post("/incidents/", json=body, headers=key).json() == answer.json()
    assert [one["title"] for one in client.get("/incidents/").json()["results"]] == ["Half-way"]


def test_a_database_that_takes_connections_and_says_nothing(postgres, redis, make_portal, smtp):
    address = urlsplit(postgres())
    proxy = Proxy(address.port)
    portal = make_portal(database=address._replace(netloc=f"portal@127.0.0.1:{proxy.port}").geturl(), redis=redis, smtp=smtp.url).start()
    traffic = Traffic(portal, seed=1)
    traffic.people(1)
    browser, api = portal.client("admin"), portal.api(traffic.token)
    children = portal.children()

    proxy.set("hang")
    asked = [
        lambda: browser.get("/", timeout=12),
        lambda: api.get("/incidents/", timeout=12),
        lambda: api.post("/incidents/", json={"title": "Lost", "severity": "P3", "services": ["cache"]}, timeout=12),
        lambda: httpx.post(f"{portal.url}/ingest/alertmanager/{traffic.key}/", json={"version": "4", "alerts": []}, timeout=12),
    ]
    with ThreadPoolExecutor(40) as pool:  # more than there are threads for
        answers = [future.result() for future in [pool.submit(one) for one in asked * 10]]
    assert {answer.status_code for answer in answers} == {503}
    assert all(answer.headers["Retry-After"] for answer in answers)
    assert httpx.get(f"{portal.url}/healthz").status_code == 200

    proxy.set("pass")
    until(portal.is_ready, 60, "being ready again")
    made = until(lambda: (answer := api.post("/incidents/", json=P1)).status_code == 201 and answer, 30, "a declaration after it")
    reference = made.json()["reference"]
    until(lambda: any(reference in str(mail.message["Subject"]) for mail in smtp.mails), 60, "the notice after it")
    assert portal.children() == children, "no process died of it"
    proxy.close()
