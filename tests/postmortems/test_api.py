"""REST: the same rules and rights as the pages."""

import pytest

from tests.calling import api

__all__ = ["api"]


def url(postmortem, rest=""):
    return f"/api/v1/postmortems/{postmortem.incident.reference}/{rest}"


def test_the_whole_way(postmortem, api, commander, lead):
    writer, reviewer = api(commander, "read", "write", "publish"), api(lead)
    body = writer.get(url(postmortem)).json()
    assert body["state"] == "draft" and body["allowed"] == ["in_review", "waived"]
    for section in body["sections"]:
        saved = writer.put(url(postmortem, f"sections/{section['key']}/"), {"text": f"About {section['key']}", "base": section["version"]}, format="json")
        assert saved.status_code == 200 and saved.json()["version"] == 1
    submitted = writer.post(url(postmortem, "submit/"), {"reviewers": ["lena"]}, format="json")
    assert submitted.status_code == 200 and submitted.json()["reviews"][0]["verdict"] == "waiting"
    assert reviewer.post(url(postmortem, "approve/"), {}, format="json").json()["state"] == "approved"
    assert writer.post(url(postmortem, "publish/"), {}, format="json").json()["edition"] == 1
    public = writer.post(url(postmortem, "public/"), {"document": {"en": "It was away."}, "confirmed": True}, format="json")
    assert public.status_code == 200 and public.json()["published_at"]
    closed = writer.post(f"/api/v1/incidents/{postmortem.incident.reference}/transitions/", {"to": "closed"}, format="json")
    assert closed.status_code == 200


def test_a_conflict_is_a_409_with_the_present_version(postmortem, api, commander):
    client = api(commander)
    client.put(url(postmortem, "sections/went_well/"), {"text": "One", "base": 0}, format="json")
    refused = client.put(url(postmortem, "sections/went_well/"), {"text": "Two", "base": 0}, format="json")
    assert refused.status_code == 409 and refused.json()["current"] == 1
    assert client.get(url(postmortem, "sections/went_well/versions/")).json()["results"][0]["text"] == "One"


def test_closing_too_early_is_a_409_with_the_reason(postmortem, api, commander):
    refused = api(commander).post(f"/api/v1/incidents/{postmortem.incident.reference}/transitions/", {"to": "closed"}, format="json")
    assert refused.status_code == 409
    assert "post-mortem is published, or waived" in refused.json()["detail"]


def test_below_the_incident(declare, resolve, api, commander):
    incident = resolve(declare(severity="P3"))
    client, address = api(commander), f"/api/v1/incidents/{incident.reference}/postmortem/"
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 201
    assert client.get(address).json()["incident"] == incident.reference
    assert client.get("/api/v1/postmortems/?state=unfinished&severity=P3").json()["results"][0]["incident"] == incident.reference


def test_action_items(postmortem, api, commander, responder):
    client = api(commander)
    made = client.post(
        "/api/v1/action-items/", {"incident": postmortem.incident.reference, "title": "Soak test", "horizon": "short", "owner": "rui"}, format="json"
    )
    assert made.status_code == 201 and made.json()["owner"] == "rui"
    pk = made.json()["id"]
    assert client.patch(f"/api/v1/action-items/{pk}/", {"team": "operations"}, format="json").json()["owner"] is None
    assert client.patch(f"/api/v1/action-items/{pk}/", {"ticket_url": "javascript:x"}, format="json").status_code == 400
    refused = client.post(f"/api/v1/action-items/{pk}/settle/", {"state": "dropped"}, format="json")
    assert refused.status_code == 422
    assert client.post(f"/api/v1/action-items/{pk}/settle/", {"state": "done"}, format="json").json()["state"] == "done"
    assert [row["id"] for row in client.get("/api/v1/action-items/?state=done&team=operations").json()["results"]] == [pk]
    assert client.get("/api/v1/action-items/?mine=1").json()["results"] == []


def test_rows_and_markdown(postmortem, api, commander):
    client = api(commander)
    rows = client.get(url(postmortem, "timeline/")).json()
    seq = next(row["seq"] for row in rows if row["shown"])
    changed = client.put(url(postmortem, f"timeline/{seq}/"), {"shown": True, "text": "In other words"}, format="json")
    assert changed.json()["text"] == "In other words"
    assert "In other words" in client.get(url(postmortem, "markdown/")).content.decode()
    assert client.put(url(postmortem, "timeline/9999/"), {"shown": True}, format="json").status_code == 404


@pytest.mark.parametrize(
    "path, body",
    [("submit/", {"reviewers": ["lena"]}), ("approve/", {}), ("return/", {"comment": "x"}), ("publish/", {}), ("waive/", {"reason": "x"}), ("resume/", {})],
)
def test_a_viewer_is_refused_each_act(postmortem, api, viewer, lead, path, body):
    assert api(viewer).post(url(postmortem, path), body, format="json").status_code == 403


def test_the_token_only_reads_where_it_may_only_read(postmortem, api, commander):
    assert api(commander, "read").put(url(postmortem, "sections/went_well/"), {"text": "x", "base": 0}, format="json").status_code == 403


@pytest.mark.parametrize("scope, status", [("write", 403), ("publish", 200)])
def test_a_token_needs_the_scope_to_publish_outside(in_state, api, commander, scope, status):
    told = {"document": {"en": "It was away."}, "confirmed": True}
    assert api(commander, scope).post(url(in_state("published"), "public/"), told, format="json").status_code == status


def test_a_changed_one_answers_with_another_tag(postmortem, api, commander):
    client = api(commander)
    tag = client.get(url(postmortem))["ETag"]
    assert client.get(url(postmortem), HTTP_IF_NONE_MATCH=tag).status_code == 304
    client.put(url(postmortem, "sections/went_well/"), {"text": "One", "base": 0}, format="json")
    assert client.get(url(postmortem), HTTP_IF_NONE_MATCH=tag).status_code == 200
    assert client.patch(url(postmortem), {"author": "cara"}, format="json", HTTP_IF_MATCH=tag).status_code == 412
