"""Who sees a private incident, and steps taken back, over REST."""

import pytest

from incidents import lifecycle, steps
from incidents.models import Grant, Step, Team
from tests.incidents.test_api import URL


@pytest.fixture
def secret(declare):
    """A private incident of the commander's."""
    return declare(title="canary-77aa", private=True)


def test_a_person_is_named_listed_and_no_longer_named(api, secret, commander, responder, kinds):
    client, base = api(commander), f"{URL}{secret.reference}"
    assert client.post(f"{base}/grants/", {"person": "rui"}).status_code == 200
    assert client.post(f"{base}/grants/", {"team": Team.objects.first().slug}).status_code == 200
    rows = client.get(f"{base}/grants/").json()["results"]
    assert [row["person"] for row in rows] == ["cara", "rui", None] and set(rows[0]) == {"id", "person", "team", "broke_glass"}
    assert api(responder).get(f"{base}/").status_code == 200
    assert api(responder).delete(f"{base}/grants/{rows[0]['id']}/").status_code == 403
    assert client.delete(f"{base}/grants/{rows[1]['id']}/").status_code == 204
    assert client.delete(f"{base}/grants/{rows[1]['id']}/").status_code == 404
    assert api(responder).get(f"{base}/").status_code == 404
    assert kinds(secret)[-1] == "incidents.revoked"


def test_grants_of_a_private_incident_are_not_there_for_others(api, secret, responder, declare):
    client, row = api(responder), Grant.objects.get(incident=secret)
    assert client.get(f"{URL}{secret.reference}/grants/").status_code == 404
    assert client.delete(f"{URL}{secret.reference}/grants/{row.pk}/").status_code == 404
    assert client.delete(f"{URL}{declare().reference}/grants/{row.pk}/").status_code == 404
    assert Grant.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("body", [{}, [], {"person": "rui", "team": "none"}, {"person": "nobody"}, {"team": "none"}, {"person": 5, "team": []}])
def test_a_bad_grant_is_refused(api, secret, commander, body):
    assert api(commander).post(f"{URL}{secret.reference}/grants/", body).status_code == 400
    assert Grant.objects.filter(incident=secret).count() == 1


def test_the_glass_is_broken_by_who_audits_with_a_reason(api, secret, responder, person):
    auditor, url = api(person("ada", roles=["admin"])), f"{URL}{secret.reference}/break-glass/"
    assert api(responder).post(url, {"reason": "x"}).status_code == 403
    assert auditor.post(url, {}).status_code == 400
    assert auditor.post(url, {"reason": "all asleep"}).json()["title"] == "canary-77aa"
    assert Grant.objects.get(incident=secret, broke_glass=True).person.username == "ada"


def test_a_step_is_ticked_and_taken_back(api, incident, commander, viewer, declare, kinds):
    client, base = api(commander), f"{URL}{incident.reference}/steps/"
    pk = client.get(base).json()["results"][0]["id"]
    assert client.post(f"{base}{pk}/done/").json()["done_by"] == "cara"
    undone = client.post(f"{base}{pk}/undo/", headers={"Idempotency-Key": "k"})
    assert undone.status_code == 200 and undone.json()["done_at"] is None
    assert client.post(f"{base}{pk}/undo/", headers={"Idempotency-Key": "k"}).json() == undone.json()
    assert kinds(incident).count("incidents.step_undone") == 1
    assert api(viewer).post(f"{base}{pk}/undo/").status_code == 403
    assert client.post(f"{URL}{declare().reference}/steps/{pk}/undo/").status_code == 404
    steps.complete(Step.objects.get(pk=pk), actor=commander)
    lifecycle.transition(incident, "dismissed", actor=commander, note="false alarm")
    assert client.post(f"{base}{pk}/undo/").status_code == 409


def test_steps_of_a_private_incident_are_not_there_for_others(api, secret, responder):
    step = Step.objects.filter(incident=secret).first()
    assert api(responder).post(f"{URL}{secret.reference}/steps/{step.pk}/undo/").status_code == 404
