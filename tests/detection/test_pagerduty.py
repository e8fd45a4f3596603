"""PagerDuty's Events API v2: what its clients send is taken and answered as PagerDuty does."""

import json
from pathlib import Path

import pytest

from detection import audit, keys
from detection.models import Alert, Change, Envelope, SetAside
from incidents.models import Incident, Service
from tests.detection.conftest import KEY

PAYLOADS = Path(__file__).parent / "payloads"


def recorded(name):
    """What its Python client sent, with our key in it."""
    return {**json.loads((PAYLOADS / f"pagerduty-{name}.json").read_text())["body"], "routing_key": KEY}


def trigger(key="k", **more):
    payload = {"summary": "Replication lag", "source": "db-1", "severity": "critical", **more.pop("payload", {})}
    return {"routing_key": KEY, "event_action": "trigger", "dedup_key": key, "payload": payload, **more}


@pytest.fixture
def duty(db):
    return keys.create("pagerduty", "Nagios", actor=None, key=KEY)[0]


@pytest.fixture
def enqueue(client, duty):
    def send(event, status=202, path="/v2/enqueue"):
        raw = event if isinstance(event, bytes) else json.dumps(event).encode()
        answer = client.generic("POST", path, raw, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    return send


def test_what_its_client_sent_is_taken(enqueue):
    told = enqueue(recorded("events-v2-trigger"))
    assert (told["status"], told["message"]) == ("success", "Event processed") and len(told["dedup_key"]) == 32
    alert = Alert.objects.get()
    assert (alert.fingerprint, alert.severity, alert.title, alert.name) == (told["dedup_key"], "P1", "High CPU on web-1", "cpu")
    assert alert.labels == {
        "source": "web-1.example.com", "component": "web", "group": "prod", "class": "cpu", "cpu": "97", "region": "eu", "severity": "critical",
    }  # fmt: skip
    assert alert.links == [{"href": "https://example.com", "text": "graph", "image": False}]
    assert enqueue(recorded("events-v2-trigger"))["dedup_key"] != told["dedup_key"]
    assert enqueue(recorded("events-v2-trigger-dedupkey"))["dedup_key"] == "my-key"
    assert Alert.objects.get(fingerprint="my-key").links == [{"href": "https://x/y.png", "text": "", "image": True}]
    assert enqueue(recorded("events-v2-acknowledge"))["dedup_key"] == "k" and enqueue(recorded("events-v2-resolve"))["dedup_key"] == "k"
    assert audit.invariants(full=True) == []


@pytest.mark.parametrize(("said", "severity"), [("critical", "P1"), ("error", "P2"), ("warning", "P3"), ("info", "P4")])
def test_its_severities_go_through_the_severity_map(enqueue, said, severity):
    enqueue(trigger(payload={"severity": said}))
    assert Alert.objects.get().severity == severity


def test_a_key_holds_trigger_and_resolve_together_and_opens_anew_after_the_end(enqueue, clock):
    for action in ("trigger", "trigger", "acknowledge", "resolve", "resolve", "acknowledge"):
        enqueue({**trigger("k" * 255), "event_action": action})
        clock.move("+1m")
    assert Alert.objects.get().times == 4 and not Alert.objects.get().is_firing and Incident.objects.get().recovered_at
    enqueue(trigger("k" * 255))
    assert Alert.objects.firing().count() == 1 and Alert.objects.count() == 2
    assert Alert.objects.firing().get().annotations["dedup_key"] == "k" * 255
    assert audit.invariants(full=True) == []


def test_an_acknowledgement_is_noted_and_told_and_calls_nobody_off(enqueue, kinds, client, responder):
    enqueue(trigger())
    enqueue({**trigger(), "event_action": "acknowledge"})
    enqueue({"routing_key": KEY, "event_action": "acknowledge", "dedup_key": "k"})
    alert, incident = Alert.objects.get(), Incident.objects.get()
    assert alert.acknowledged_at and incident.acknowledged_at is None and incident.acknowledged_by is None
    assert kinds(incident).count("detection.acknowledged") == 1
    client.force_login(responder)
    text = client.get(alert.get_absolute_url()).content.decode()
    assert "says that somebody works on it" in text
    assert "says that somebody works on" in client.get(incident.get_absolute_url()).content.decode()


def test_an_acknowledgement_of_what_nobody_knows_is_passed_over(enqueue):
    assert enqueue({"routing_key": KEY, "event_action": "acknowledge", "dedup_key": "k"})["status"] == "success"
    assert not Alert.objects.exists() and Envelope.objects.get().accepted == 0
    assert audit.invariants(full=True) == []


def test_details_of_any_shape_client_and_images_are_shown(enqueue, client, responder):
    details = {"nested": {"a": [1, 2]}, "service": "cache", "source": "not this one", "long": "x" * 3000, "none": None}
    images = [{"src": "https://i.example.org/a.png", "href": "https://i.example.org/", "alt": "Lag"}, {"src": "javascript:alert(1)"}, 17]
    enqueue(
        trigger(payload={"custom_details": details, "timestamp": "2015-07-17T08:42:58.315+0000"}, client="Nagios", client_url="https://nagios/", images=images)
    )
    alert = Alert.objects.get()
    assert alert.service.slug == "cache" and alert.labels["source"] == "db-1" and alert.url == "https://nagios/"
    assert alert.labels["nested"] == '{"a":[1,2]}' and len(alert.annotations["long"]) == 3000 and alert.annotations["client"] == "Nagios"
    assert [link["image"] for link in alert.links] == [True, False]
    client.force_login(responder)
    text = client.get(alert.get_absolute_url()).content.decode()
    assert 'href="https://i.example.org/a.png"' in text and "<img src=" not in text and "javascript:alert" not in text


@pytest.mark.parametrize(("change", "error"), [
    ({"event_action": "snooze"}, "event_action"),
    ({"payload": None}, "payload"),
    ({"payload": {"source": "s", "severity": "critical"}}, "payload.summary"),
    ({"payload": {"summary": "s", "severity": "critical"}}, "payload.source"),
    ({"payload": {"summary": "s", "source": "s"}}, "payload.severity"),
    ({"payload": {"summary": "s", "source": "s", "severity": "P1"}}, "critical, error, warning, info"),
    ({"dedup_key": "k" * 256}, "dedup_key"),
    ({"event_action": "resolve", "dedup_key": None}, "dedup_key"),
    ({"event_action": "acknowledge", "dedup_key": ""}, "dedup_key"),
    ({"routing_key": "f" * 32}, "Invalid routing key"),
    ({"routing_key": "short"}, "Length of 'routing_key'"),
    ({"routing_key": None}, "Length of 'routing_key'"),
])  # fmt: skip
def test_a_wrong_event_is_400_in_its_words(enqueue, change, error):
    told = enqueue({**trigger(), **change}, 400)
    assert (told["status"], told["message"]) == ("invalid event", "Event object is invalid") and error in told["errors"][0]
    assert not Alert.objects.exists() and SetAside.objects.exists() == ("routing_key" not in change)


def test_no_key_is_kept(enqueue):
    enqueue(trigger())
    enqueue(trigger(payload={"severity": "P9"}), 400)
    enqueue(json.dumps(trigger()).encode() + b"x", 400)
    assert SetAside.objects.count() == 2
    assert not any(KEY in text for text in [*Envelope.objects.values_list("body", flat=True), *SetAside.objects.values_list("payload", flat=True)])


def test_a_flood_is_429_and_raises_the_portals_own_alert(enqueue, monkeypatch):
    monkeypatch.setattr("detection.guard.BURST", 1.0)
    monkeypatch.setattr("detection.guard.PER_SECOND", 0.0001)
    enqueue(trigger())
    assert enqueue(trigger(), 429)["status"] == "throttle exceeded"
    assert Alert.objects.filter(name="IngestTooFast").exists()


def test_more_than_512_kib_is_413_and_raises_the_portals_own_alert(enqueue):
    for key_first in (True, False):
        event = trigger(payload={"summary": "x" * 512 * 1024})
        event = event if key_first else {**{name: value for name, value in event.items() if name != "routing_key"}, "routing_key": KEY}
        assert "512 KiB" in enqueue(event, 413)["message"]
    own = Alert.objects.get()
    assert own.name == "IngestTooLarge" and "512 KiB" in own.title


def test_a_change_is_kept_and_shown_beside_what_broke(enqueue, client, responder, duty):
    duty.default_service = Service.objects.get(slug="api-gateway")
    duty.save()
    assert enqueue(recorded("change-event"), path="/v2/change/enqueue") == {"status": "success", "message": "Change event processed"}
    change = Change.objects.get()
    assert (change.summary, change.origin, change.service.slug, change.source) == ("deployed v2", "ci", "api-gateway", duty)
    enqueue(trigger())
    client.force_login(responder)
    assert "deployed v2" in client.get(Alert.objects.get().get_absolute_url()).content.decode()
    assert "deployed v2" in client.get(Incident.objects.get().get_absolute_url()).content.decode()
    duty.refresh_from_db()
    assert duty.last_received_at


@pytest.mark.parametrize("time", ["2026-11-20T08:42:58.315+0000", "2026-11-20T08:42:58.315+00:00Z", "2026-11-20T08:42:58.315Z", "2026-11-20T08:42:58.315"])
def test_a_change_that_names_its_time_and_comes_again_is_one(enqueue, clock, time):
    event = {**recorded("change-event"), "payload": {"summary": "v3", "timestamp": time, "custom_details": {"service": "cache"}}}
    for _again in range(2):
        enqueue(event, path="/v2/change/enqueue")
    change = Change.objects.get()
    assert change.service.slug == "cache" and change.at.isoformat() == "2026-11-20T08:42:58.315000+00:00"


def test_changes_are_told_and_listed_by_rest(client, person, responder):
    client.force_login(responder)
    said = {"summary": "New checkout", "kind": "feature-flag", "url": "https://ci.example.org/1"}
    made = client.post("/api/v1/services/cache/changes/", said, content_type="application/json")
    assert made.status_code == 201 and made.json()["service"] == "cache" and made.json()["told_by"] == responder.username
    assert made.json()["links"] == [{"href": "https://ci.example.org/1", "text": "", "image": False}]
    for path in ("changes/", "changes/?service=cache", "services/cache/changes/"):
        assert [one["summary"] for one in client.get(f"/api/v1/{path}").json()["results"]] == ["New checkout"]
    assert client.get("/api/v1/changes/?service=api-gateway").json()["results"] == []
    for bad, status in (({"kind": "x"}, 400), ({**said, "url": "javascript:alert(1)"}, 422), ({**said, "at": "2099-01-01T00:00:00Z"}, 422)):
        assert client.post("/api/v1/services/cache/changes/", bad, content_type="application/json").status_code == status
    assert client.post("/api/v1/services/nowhere/changes/", said, content_type="application/json").status_code == 404
    client.force_login(person("vic", roles=["viewer"]))
    assert client.post("/api/v1/services/cache/changes/", said, content_type="application/json").status_code == 403
    assert Change.objects.count() == 1
