"""Alerts a second at 1, 50 and 500 a request, against Alertmanager taking the same alerts in the same run."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.harness.alerting import Alertmanager
from tests.harness.portal import Portal
from tests.harness.servers import Postgres

SIZES = (1, 50, 500)
CLIENTS = {1: 16, 50: 4, 500: 4}  # connections by alerts a request
SECONDS = 5.0
SERVICES = ("api-gateway", "cache", "primary-database", "logging")
NOWHERE = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
Body = Callable[[list[dict[str, Any]]], bytes]


def alert(number: int) -> dict[str, Any]:
    """One of a storm: its own fingerprint, a few names and services."""
    return {
        "status": "firing",
        "labels": {"alertname": f"Storm{number % 7}", "service": SERVICES[number % 4], "severity": "critical", "instance": f"i{number}"},
        "annotations": {"summary": f"storm {number}"},
        "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": f"{number:016x}",
    }


def notification(alerts: list[dict[str, Any]]) -> bytes:
    """As Alertmanager sends them to us."""
    envelope = {"version": "4", "groupKey": "{}", "receiver": "portal", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": ""}
    return json.dumps({**envelope, "status": "firing", "truncatedAlerts": 0, "alerts": alerts}).encode()


def posted(alerts: list[dict[str, Any]]) -> bytes:
    """As Prometheus sends them to Alertmanager."""
    return json.dumps([{key: one[key] for key in ("labels", "annotations", "startsAt", "generatorURL")} for one in alerts]).encode()


def rate(port: int, path: str, size: int, body: Body, numbers: "itertools.count[int]", expected: int) -> float:
    """Alerts accepted a second over :data:`CLIENTS` kept connections; bodies are made beforehand, so that only the server is timed.

    A source that is faster than it may be is asked to wait (503); what it sent then does not count.
    """
    clients = CLIENTS[size]
    ready = [[body([alert(next(numbers)) for _ in range(size)]) for _ in range(max(40, 800 // size))] for _ in range(clients)]
    taken = [0] * clients
    end = time.perf_counter() + SECONDS
    began = time.perf_counter()

    def send(index: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for one in ready[index]:
            if time.perf_counter() > end:
                break
            connection.request("POST", path, one, {"Content-Type": "application/json", "Host": f"localhost:{port}"})
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (expected, 503):
                raise RuntimeError(f"{path} answered {answer.status}")
            taken[index] += size if answer.status == expected else 0
        connection.close()

    threads = [threading.Thread(target=send, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(taken) / (time.perf_counter() - began)


def lines() -> list[tuple[str, str, str, str]]:
    """The lines of the table."""
    numbers = itertools.count()
    yard = Alertmanager(NOWHERE)
    yard.start()
    theirs = {size: rate(yard.port, "/api/v2/alerts", size, posted, numbers, 200) for size in SIZES}
    yard.close()
    found = []
    postgres = Postgres(is_durable=True)
    postgres.start()
    for title, database in (("SQLite", ""), ("PostgreSQL", postgres.create("ingest"))):
        portal = Portal(database=database).start()
        try:
            path = f"/ingest/alertmanager/{portal.manage('source', 'alertmanager', 'bench').strip()}/"
            for size in SIZES:
                ours = rate(portal.port, path, size, notification, numbers, 202)
                name = f"alerts in, {size} a request, one source over {CLIENTS[size]} connections ({title}, on disk)"
                found.append((name, f"{ours:,.0f}/s", f"Alertmanager, in memory {theirs[size]:,.0f}/s", f"{ours / theirs[size]:.2f}"))
        finally:
            portal.close()
    postgres.close()
    return found
