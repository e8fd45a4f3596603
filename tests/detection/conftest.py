"""The detection tests' world: the shipped playbook, one Alertmanager, and a sender that posts to the door."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detection import guard, keys, refusals
from detection.models import Alert
from incidents import playbook
from lib import clock as product_clock

PAYLOADS = Path(__file__).parent / "payloads"
KEY = "0123456789abcdef0123456789abcdef"


def captured(name):
    """What a real Alertmanager sent."""
    return json.loads((PAYLOADS / f"alertmanager-{name}.json").read_text())["body"]


def rfc(moment):
    """A time as Alertmanager writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(moment, datetime) else moment


def make_alert(name="Down", *, status="firing", start=None, end=None, fingerprint="", **labels):
    """One alert of a notification, with fixed defaults."""
    labels = {"alertname": name, "severity": "critical", "service": "api-gateway", **labels}
    return {
        "status": status,
        "labels": {key: value for key, value in labels.items() if value is not None},
        "annotations": {"summary": f"{name} on {labels.get('instance', 'api-0')}"},
        "startsAt": rfc(start or product_clock.now() - timedelta(minutes=1)),
        "endsAt": rfc(end) if end else ("0001-01-01T00:00:00Z" if status == "firing" else rfc(product_clock.now())),
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": fingerprint or f"{name}-{labels.get('instance', '0')}"[:60],
    }


def notification(*alerts, **more):
    """A notification of these alerts."""
    return {"version": "4", "status": "firing", "receiver": "portal", "alerts": list(alerts), **more}


@pytest.fixture(autouse=True)
def world(db):
    """The rules as they are shipped, and no memory of the last test."""
    guard.forget()
    refusals.forget()
    playbook.in_force()


@pytest.fixture
def source(db):
    """An Alertmanager with a known key."""
    return keys.create("alertmanager", "Alertmanager", actor=None, key=KEY)[0]


@pytest.fixture
def send(client, source):
    """Posts to the door: a payload, or bytes as they are."""

    def post(payload, *, key=KEY, content_type="application/json", **more):
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return client.generic("POST", f"/ingest/alertmanager/{key}/", raw, content_type=content_type, CONTENT_TYPE=content_type, **more)

    return post


@pytest.fixture
def fire(send):
    """Posts alerts that must be taken, and returns the answer."""

    def post(*alerts):
        answer = send(notification(*alerts))
        assert answer.status_code == 202, answer.content
        return answer.json()

    return post


@pytest.fixture
def kinds():
    """The kinds of an incident's entries in story order."""
    return lambda incident: list(incident.entries.order_by("seq").values_list("kind", flat=True))


@pytest.fixture
def admin(person):
    """May configure."""
    return person("ada", roles=["admin"])


@pytest.fixture
def responder(person):
    """May respond."""
    return person("rui", roles=["responder"])


@pytest.fixture
def state():
    """What the alerts are, without when they were heard of."""

    def rows():
        return sorted(Alert.objects.values_list("fingerprint", "status", "starts_at", "ends_at", "fired"))

    return rows
