"""Incidents over REST: the same rules and rights as the pages, in the shapes that scripts rely on."""

import pytest
from rest_framework.test import APIClient

from incidents import lifecycle
from incidents.models import Incident

URL = "/api/v1/incidents/"


def test_declaring_answers_with_the_whole_incident(api, commander):
    answer = api(commander).post(URL, {"title": "API answers 500", "severity": "P1", "services": ["api-gateway"], "users_affected_percent": "85"})
    assert answer.status_code == 201
    body = answer.json()
    assert body["reference"].startswith("INC-") and body["severity"] == "P1" and body["status"] == "declared" and body["services"] == ["api-gateway"]
    assert set(body["milestones"]) == {"began", "detected", "declared", "acknowledged", "confirmed", "mitigated", "resolved", "closed"}
    assert {clock["kind"] for clock in body["clocks"]} >= {"rto"}
    rto = next(clock for clock in body["clocks"] if clock["kind"] == "rto")
    assert rto["target_seconds"] == 300  # the strictest of P1's 15 min and the gateway's 5 min (manual.md §8)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"title": "x"}, 400),
        ({"title": "x", "severity": "P9"}, 400),
        ({"title": "x", "severity": "P1", "services": ["no-such"]}, 400),
        ({"title": "x", "severity": "P1", "users_affected_percent": 101}, 400),
        ({"title": "\u0000 ", "severity": "P1"}, 400),
        ([], 400),
        ("x", 400),
    ],
)
def test_bad_bodies_are_problems_and_leave_nothing(api, commander, body, status):
    answer = api(commander).post(URL, body)
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("application/problem+json")
    assert not Incident.objects.exists()


def test_who_may_what(api, incident, viewer, responder):
    assert APIClient().get(URL).status_code == 401
    assert api(viewer).get(URL).status_code == 200
    assert api(viewer).post(f"{URL}{incident.reference}/acknowledge/").status_code == 403
    assert api(responder, "read").post(f"{URL}{incident.reference}/acknowledge/").status_code == 403
    assert api(responder).post(f"{URL}{incident.reference}/acknowledge/").status_code == 200
    assert api(viewer).get(f"{URL}INC-1999-001/").status_code == 404


def test_a_refused_transition_names_what_is_allowed(api, incident, commander):
    client = api(commander)
    moved = client.post(f"{URL}{incident.reference}/transitions/", {"to": "confirmed"})
    assert moved.status_code == 200 and moved.json()["status"] == "confirmed"
    refused = client.post(f"{URL}{incident.reference}/transitions/", {"to": "closed"})
    assert refused.status_code == 409 and "resolved" in refused.json()["allowed"]


def test_the_acts_of_an_incident(api, incident, commander, responder):
    client, base = api(commander), f"{URL}{incident.reference}"
    assert client.post(f"{base}/severity/", {"severity": "P2", "reason": "half of it works"}).json()["severity"] == "P2"
    assert client.post(f"{base}/roles/", {"role": "scribe", "person": responder.username}).json()["roles"]["scribe"] == responder.username
    assert client.patch(f"{base}/", {"summary": "Look at the pool.", "services": {"cache": "outage"}}).json()["services"] == ["cache"]
    note = client.post(f"{base}/timeline/", {"text": "the pool is **full**"})
    assert note.status_code == 201 and note.json()["text"] == "the pool is **full**"
    assert client.post(f"{base}/redact/", {"seq": note.json()["seq"], "reason": "wrong incident"}).status_code == 200
    step = client.get(f"{base}/steps/").json()["results"][0]
    assert client.post(f"{base}/steps/{step['id']}/done/").json()["done_at"]
    early = client.post(f"{base}/milestones/", {"name": "began", "at": "2000-01-01T00:00:00Z", "reason": "users said so"})
    assert early.json()["milestones"]["began"].startswith("2000-01-01")
    other = lifecycle.declare(title="same", severity="P2", actor=commander)
    assert client.post(f"{URL}{other.reference}/merge/", {"into": incident.reference}).status_code == 200


def test_the_timeline_pages_by_sequence(api, incident, commander):
    for number in range(5):
        lifecycle.note(incident, f"note {number}", actor=commander)
    client, seen, url = api(commander), [], f"{URL}{incident.reference}/timeline/?limit=2"
    while url:
        page = client.get(url).json()
        seen += [line["seq"] for line in page["results"]]
        url = page["next"]
    incident.refresh_from_db()
    assert seen == list(range(1, incident.last_seq + 1))


def test_filters(api, declare, commander):
    open_one, other = declare(title="Gateway slow"), declare(severity="P3", services=["cache"], title="Cache cold")
    lifecycle.transition(open_one, "resolved", actor=commander)
    client = api(commander)

    def found(query):
        return {row["reference"] for row in client.get(f"{URL}?{query}").json()["results"]}

    assert found("status=open") == {other.reference}
    assert found("status=resolved") == found("severity=P1") == found("service=api-gateway") == found("q=gateway+slow") == {open_one.reference}
    assert found("since=2999-01-01") == set()
    assert client.get(f"{URL}?status=nonsense").status_code == 400
    assert client.get(f"{URL}?since=yesterday").status_code == 400


def test_a_private_incident_is_not_there_for_others(api, declare, responder, person):
    secret = declare(title="canary-51c0", private=True)
    client = api(responder)
    assert "canary-51c0" not in client.get(URL).content.decode()
    for path in ("", "timeline/", "steps/", "clocks/"):
        answer = client.get(f"{URL}{secret.reference}/{path}")
        assert answer.status_code == 404 and "canary" not in answer.content.decode()
    assert api(person("ada", roles=["admin"])).post(f"{URL}{secret.reference}/break-glass/", {"reason": "all asleep"}).status_code == 200


def test_an_idempotency_key_declares_once(api, commander):
    client, body = api(commander), {"title": "once", "severity": "P2"}
    first = client.post(URL, body, headers={"Idempotency-Key": "k1"})
    again = client.post(URL, body, headers={"Idempotency-Key": "k1"})
    assert first.json()["reference"] == again.json()["reference"] and Incident.objects.count() == 1
    assert client.post(URL, {**body, "title": "other"}, headers={"Idempotency-Key": "k1"}).status_code == 422


def test_what_is_too_long_is_refused_whole(api, commander, incident):
    client, long = api(commander), "x" * 20_001
    assert client.post(f"{URL}{incident.reference}/timeline/", {"text": long}).status_code == 400
    assert client.post(URL, {"title": "Long", "severity": "P2", "summary": long}).status_code == 400
    assert client.post(f"{URL}{incident.reference}/timeline/", {"text": "\u0958" * 15_000}).status_code == 422  # two characters each, once stored
    assert not incident.entries.filter(kind="incidents.note").exists() and Incident.objects.count() == 1


def test_a_list_costs_the_same_for_one_and_for_thirty(api, declare, commander, django_assert_max_num_queries):
    client = api(commander)
    declare()
    with django_assert_max_num_queries(16):
        client.get(URL)
    for _number in range(29):
        declare()
    with django_assert_max_num_queries(16):
        assert len(client.get(URL).json()["results"]) == 30


def test_if_match_refuses_what_was_changed_meanwhile(api, incident, commander):
    client, url = api(commander), f"{URL}{incident.reference}/"
    tag = client.get(url)["ETag"]
    assert client.patch(url, {"summary": "first"}, headers={"If-Match": tag}).status_code == 200
    assert client.patch(url, {"summary": "second"}, headers={"If-Match": tag}).status_code == 412
    incident.refresh_from_db()
    assert incident.summary == "first"


def test_a_patch_is_all_or_nothing(api, incident, responder):
    refused = api(responder).patch(f"{URL}{incident.reference}/", {"services": {"cache": "outage"}, "private": True})
    assert refused.status_code == 403
    assert [impact.service.slug for impact in incident.impacts.all()] == ["api-gateway"]


def test_drills_of_a_state(api, declare, commander):
    drill, real = declare(drill=True), declare()
    lifecycle.transition(real, "resolved", actor=commander)
    rows = api(commander).get(f"{URL}?status=drill,resolved").json()["results"]
    assert rows == []
    assert [row["reference"] for row in api(commander).get(f"{URL}?status=drill").json()["results"]] == [drill.reference]
