"""Random `kill -9` of every process through 500 acts, 500 alerts and their deliveries, on both databases."""

import os
import threading
import time

import pytest

from tests.harness.listening import Listener
from tests.soak.storm import Killer, Traffic, say

pytestmark = pytest.mark.soak

ACTS = ALERTS = int(os.environ.get("SOAK_COUNT", "500"))  # fewer only while working on the test itself

ACTORS = 10


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nothing_is_lost_when_processes_are_killed(request, make_portal, smtp, database):
    servers = {} if database == "sqlite" else {"database": request.getfixturevalue("postgres")(), "redis": request.getfixturevalue("redis")}
    portal = make_portal(smtp=smtp.url, **servers).start()
    traffic = Traffic(portal, seed=20261122)
    traffic.people(4)
    watched = portal.api(traffic.token).post("/incidents/", json={"title": "watched", "severity": "P3", "services": []}).json()["reference"]
    listener = Listener(portal, portal.client("admin"), watched)
    failed: list[BaseException] = []

    def guarded(work, *args, **values):
        def run():
            try:
                work(*args, **values)
            except BaseException as error:
                failed.append(error)

        return threading.Thread(target=run)

    began = time.monotonic()
    killer = Killer(portal, traffic.figures, seed=4711)
    threads = [guarded(traffic.send_alerts, ALERTS, pause=0.2), guarded(notes_on, traffic, watched, min(25, ACTS // 8))]
    threads += [guarded(traffic.act, ACTS // ACTORS, pause=0.05) for _ in range(ACTORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(900)
    killer.stop()
    if failed:
        raise failed[0]
    lasted = time.monotonic() - began
    facts = traffic.nothing_lost(smtp.mails)
    told = traffic._timeline(watched)
    listener.wait_for(len(told), 60)
    listener.close()
    assert listener.seqs == list(range(1, len(told) + 1)), "the listener heard something twice or not at all"
    say(f"kill -9 on {database}", seconds=round(lasted), kills=dict(traffic.figures.kills), answers=dict(traffic.figures.answers), **facts)


def notes_on(traffic: Traffic, reference: str, count: int) -> None:
    """Notes on the incident that somebody listens to while the door is killed."""
    with traffic.portal.api(traffic.token) as client:
        for number in range(count):
            traffic._say(client, f"/incidents/{reference}/timeline/", {"text": f"watched {number}"})
            time.sleep(0.4)
