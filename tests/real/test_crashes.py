"""A web process that dies in the middle of a request, and a database that falls silent: seen from outside, over HTTP."""

import time

import httpx
import pytest

from tests.harness.servers import until

pytestmark = pytest.mark.real


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
