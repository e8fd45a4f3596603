"""The plain form: one object or a list, by key in the path or in the header; identity without a dedup_key."""

import json

import pytest

from detection import audit, keys
from detection.models import Alert, Envelope, SetAside
from incidents.models import Incident, Service
from tests.detection.conftest import KEY


@pytest.fixture
def plain(db):
    return keys.create("generic", "Script", actor=None, key=KEY)[0]


@pytest.fixture
def post(client, plain):
    def send(payload, status=202, path=f"/ingest/generic/{KEY}/", **headers):
        answer = client.generic("POST", path, json.dumps(payload).encode(), content_type="application/json", headers=headers)
        assert answer.status_code == status, answer.content
        return answer.json()

    return send


def test_one_object_opens_an_incident_of_its_service_and_severity(post):
    told = post(
        {
            "title": "Disk full on db-1",
            "severity": "emergency",
            "service": "primary-database",
            "description": "0 bytes\nleft",
            "labels": {"host": "db-1", "free": 0},
            "url": "https://graphs.example.org/1",
        }
    )
    alert, incident = Alert.objects.get(), Incident.objects.get()
    assert told == {"accepted": 1, "rejected": [], "incidents": [incident.reference]}
    assert (alert.severity, alert.service.slug, alert.title, alert.summary) == ("P1", "primary-database", "Disk full on db-1", "0 bytes\nleft")
    assert alert.labels == {"host": "db-1", "free": "0", "severity": "emergency", "service": "primary-database"} and alert.url
    assert audit.invariants(full=True) == []


def test_the_open_row_is_meant_until_it_ends(post, clock):
    post({"title": "Slow", "severity": "info", "service": "cache"})
    clock.move("+5m")
    post({"title": "Slow", "severity": "low", "service": "cache"})  # severity says how bad it is, not what it is
    first = Alert.objects.get()
    assert first.times == 2 and first.is_firing
    clock.move("+5m")
    post({"title": "Slow", "service": "cache", "status": "resolved"})
    first.refresh_from_db()
    assert (first.ends_at - first.starts_at).total_seconds() == pytest.approx(600, abs=5)
    post({"title": "Slow", "service": "cache", "status": "resolved"})
    assert Alert.objects.get().times == 4
    clock.move("+5m")
    post({"title": "Slow", "service": "cache"})
    assert sorted(Alert.objects.values_list("is_firing", flat=True)) == [False, True]
    assert audit.invariants(full=True) == []


def test_labels_and_service_tell_alerts_apart_and_a_dedup_key_holds_them_together(post):
    post([{"title": "Slow"}, {"title": "Slow", "service": "cache"}, {"title": "Slow", "labels": {"host": "a"}}, {"title": "Slow", "labels": {"host": "b"}}])
    assert Alert.objects.count() == 4
    long, spaced = "k" * 255, " k "
    post([{"title": f"Disk at {percent} %", "dedup_key": key} for key in ("k", long, spaced) for percent in (91, 92)])
    assert Alert.objects.count() == 7 and set(Alert.objects.filter(fingerprint="k").values_list("times", "title")) == {(2, "Disk at 92 %")}


def test_within_one_request_what_stands_later_was_said_later(post):
    post([{"title": "A", "status": "resolved"}, {"title": "A"}, {"title": "B"}, {"title": "B", "status": "resolved"}])
    assert {name: Alert.objects.filter(name=name, is_firing=True).count() for name in "AB"} == {"A": 1, "B": 0}


def test_a_bad_one_is_set_aside_and_its_siblings_are_kept(post):
    told = post([{"title": "First"}, {"severity": "P1"}, {"title": "Last"}])
    assert told["accepted"] == 2 and [one["index"] for one in told["rejected"]] == [1] and "no title" in told["rejected"][0]["error"]
    assert SetAside.objects.get().reason == "no_title" and Envelope.objects.get().rejected == 1
    told = post({"severity": "P1"}, 422)
    assert told["error"] == "unprocessable" and told["rejected"][0]["index"] == 0


def test_the_key_may_stand_in_the_header_and_is_of_this_kind_alone(post, client):
    assert post({"title": "A"}, path="/ingest/generic/", Authorization=f"Bearer {KEY}")["accepted"] == 1
    assert post({"title": "A"}, 401, path="/ingest/generic/")["error"] == "unauthorized"
    assert post({"alerts": []}, 401, path=f"/ingest/alertmanager/{KEY}/")["error"] == "unauthorized"


def test_a_source_may_have_a_service_of_its_own_and_says_if_nobody_knows_one(post, plain):
    plain.default_service = Service.objects.get(slug="cache")
    plain.save()
    post([{"title": "A"}, {"title": "B", "service": "checkout"}])
    assert Alert.objects.get(name="A").service.slug == "cache" and Alert.objects.get(name="B").unknown_service["value"] == "checkout"


def test_more_than_1_mib_is_413_and_raises_the_portals_own_alert(post):
    assert "1 MiB" in post({"title": "x" * 1024 * 1024}, 413)["detail"]
    own = Alert.objects.get()
    assert own.name == "IngestTooLarge" and "1 MiB" in own.title


def test_a_flood_is_503_and_raises_the_portals_own_alert(post, monkeypatch):
    monkeypatch.setattr("detection.guard.BURST", 1.0)
    monkeypatch.setattr("detection.guard.PER_SECOND", 0.0001)
    post({"title": "A"})
    assert post({"title": "A"}, 503)["error"] == "too_many_requests"
    assert Alert.objects.filter(name="IngestTooFast").exists()


def test_an_alert_that_begins_with_a_byte_order_mark_leaves_the_audit_clean(client, plain):
    assert client.post(f"/ingest/generic/{KEY}/", b'\xef\xbb\xbf{"title": "From PowerShell"}', content_type="application/json").status_code == 202
    assert audit.invariants(full=True) == []


def test_a_forgotten_slash_costs_no_alert(client, plain):
    answer = client.post(f"/ingest/generic/{KEY}", b'{"title": "No slash"}', content_type="application/json")
    assert answer.status_code == 308 and answer["Location"].endswith(f"/{KEY}/")
