"""REST: the same alerts, candidates and sources for machines."""

import pytest

from detection.models import Alert, Candidate, Source
from incidents.models import Incident
from tests.detection.conftest import make_alert, notification


@pytest.fixture
def api(client, admin):
    """Calls the API as the administrator."""
    client.force_login(admin)

    def call(method, path, body=None, status=200, **more):
        words = [f"/api/v1/{path}"] if body is None else [f"/api/v1/{path}", body]
        kind = {} if body is None else {"content_type": "application/json"}
        answer = getattr(client, method)(*words, **kind, **more)
        assert answer.status_code == status, answer.content
        return answer.json()

    return call


def test_alerts_are_filtered(api, fire):
    over = make_alert("Over", severity="info")
    fire(make_alert("Down"), make_alert("Lost", service="nowhere", severity="error"), {**over, "status": "resolved", "endsAt": over["startsAt"]})
    names = lambda query: sorted(row["name"] for row in api("get", f"alerts/{query}")["results"])  # noqa: E731
    assert names("") == ["Down", "Lost", "Over"]
    assert names("?status=firing") == ["Down", "Lost"] and names("?status=resolved") == ["Over"]
    assert names("?severity=P1") == ["Down"] and names("?severity=P1,P4") == ["Down", "Over"]
    assert names("?service=api-gateway") == ["Down", "Over"] and names("?service=none") == ["Lost"]
    assert names("?source=alertmanager&q=nowhere") == ["Lost"] and names("?source=other") == []
    api("get", "alerts/?status=odd", status=400)


def test_an_alert_carries_everything(api, fire):
    fire(make_alert("Down"))
    row = api("get", "alerts/")["results"][0]
    assert row["incident"] == Incident.objects.get().reference and row["service"] == "api-gateway" and row["labels"]["alertname"] == "Down"
    assert row["why"][0].startswith("Opened INC-") and row["source"] == "alertmanager"
    assert api("get", f"alerts/{row['id']}/") == row
    assert api("get", f"incidents/{row['incident']}/alerts/")["results"] == [row]
    api("get", "alerts/999999/", status=404)


def test_pages_walk_through_all(api, fire):
    fire(*(make_alert(f"A{number}", severity="info") for number in range(7)))
    seen, path = [], "alerts/?limit=3"
    while path:
        page = api("get", path)
        seen += [row["name"] for row in page["results"]]
        path = page["next"] and page["next"].split("/api/v1/")[1]
    assert sorted(seen) == sorted(f"A{number}" for number in range(7))


def test_candidates_are_accepted_and_dismissed(api, fire):
    fire(make_alert("A", severity="warning"), make_alert("B", severity="warning", service="cache"))
    one, two = sorted(api("get", "candidates/")["results"], key=lambda row: row["title"])
    assert one["firing"] == 1 and one["status"] == "waiting"
    accepted = api("post", f"candidates/{one['id']}/accept/", {"severity": "P2"}, 201)
    assert Incident.objects.get(reference=accepted["incident"]).severity == "P2"
    assert api("post", f"candidates/{one['id']}/accept/", {}, 201) == accepted
    assert api("post", f"candidates/{two['id']}/dismiss/", {})["status"] == "dismissed"
    assert "was dismissed" in api("post", f"candidates/{two['id']}/accept/", {}, 409)["detail"]
    assert "already" in api("post", f"candidates/{one['id']}/dismiss/", {}, 409)["detail"]
    assert api("get", "candidates/")["results"] == [] and len(api("get", "candidates/?status=all")["results"]) == 2
    api("get", "candidates/?status=odd", status=400)
    api("post", "candidates/999999/accept/", {}, 404)


def test_the_same_press_twice_with_a_key_is_one(api, fire):
    fire(make_alert("A", severity="warning"))
    pk = Candidate.objects.get().pk
    answers = [api("post", f"candidates/{pk}/accept/", {}, 201, headers={"Idempotency-Key": "k"}) for _again in range(2)]
    assert answers[0] == answers[1] and Incident.objects.count() == 1


def test_a_source_tells_its_key_once(api, client):
    made = api("post", "sources/", {"kind": "alertmanager", "name": "Frankfurt", "service": "cache"}, 201)
    assert len(made["key"]) == 32 and made["service"] == "cache" and made["slug"] == "frankfurt"
    listed = api("get", "sources/")["results"][0]
    assert "key" not in listed and "key" not in api("get", "sources/frankfurt/") and listed["set_aside"] == 0
    rotated = api("post", "sources/frankfurt/rotate/", {"at_once": True})
    payload = notification(make_alert())
    assert client.post(f"/ingest/alertmanager/{made['key']}/", payload, content_type="application/json").status_code == 401
    assert client.post(f"/ingest/alertmanager/{rotated['key']}/", payload, content_type="application/json").status_code == 202
    api("post", "sources/", {"kind": "alertmanager", "name": "Frankfurt"}, 422)
    api("post", "sources/", {"kind": "carrier-pigeon", "name": "P"}, 400)
    assert Source.objects.count() == 1 and Alert.objects.count() == 1


@pytest.mark.parametrize(("path", "status"), [("alerts/", 200), ("candidates/", 200), ("sources/", 403)])
def test_rights(client, person, path, status):
    assert client.get(f"/api/v1/{path}").status_code == 401
    client.force_login(person("vic", roles=["viewer"]))
    assert client.get(f"/api/v1/{path}").status_code == status
    assert client.post("/api/v1/candidates/1/accept/", {}, content_type="application/json").status_code == 403
