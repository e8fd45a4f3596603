"""The pages: what they show, to whom, in how many queries; and what can be pressed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from detection import board, changes
from detection.models import Alert, Candidate, Mapping, SetAside, Source
from detection.sweeps import restate
from incidents import lifecycle
from incidents.models import Incident, Service
from tests.detection.conftest import make_alert, notification


@pytest.fixture
def page(client, admin):
    """Opens a page as the administrator and returns its text."""
    client.force_login(admin)

    def get(path, status=200):
        answer = client.get(path)
        assert answer.status_code == status, answer.content
        return answer.content.decode()

    return get


def queries(page, path):
    with CaptureQueriesContext(connection) as found:
        page(path)
    return len(found)


LISTS = [
    "/alerts/",
    "/alerts/?status=firing&severity=P1&q=Down",
    "/alerts/set-aside/",
    "/alerts/unrouted/",
    "/settings/sources/",
    "/api/v1/alerts/",
    "/api/v1/candidates/",
]


def test_a_list_costs_the_same_for_1_and_30_rows(page, fire, send):
    def costs():
        return {path: queries(page, path) for path in LISTS}

    fire(make_alert("Down"), make_alert("Slow", severity="warning", service=None), make_alert("Lost", service="nowhere"))
    send(b"[1]")
    costs()  # what is read once is read
    one = costs()
    fire(*(make_alert("Down", instance=f"i{number}") for number in range(30)))
    fire(*(make_alert(f"Slow{number}", severity="warning", service=None) for number in range(30)))
    send(notification(*range(30)))
    assert costs() == one


def test_an_alert_costs_the_same_with_a_long_history(page, fire):
    fire(make_alert("Down"))
    path = Alert.objects.get().get_absolute_url()
    page(path)
    one = queries(page, path)
    first = Alert.objects.get()
    days = [f"2025-01-{number + 1:02d}" for number in range(25)]
    fire(*(make_alert("Down", start=f"{day}T00:00:00Z", end=f"{day}T01:00:00Z", status="resolved") for day in days))
    assert Alert.objects.filter(fingerprint=first.fingerprint).count() == 26
    assert queries(page, path) == one


def test_firing_alerts_stand_first_and_explain_themselves(page, fire):
    over = make_alert("Over", severity="info")
    fire({**over, "status": "resolved", "endsAt": over["startsAt"]}, make_alert("Lost", service="checkout"))
    text = page("/alerts/")
    assert text.index("Lost on api-0") < text.index("Over on api-0")
    alert = Alert.objects.get(name="Lost")
    text = page(alert.get_absolute_url())
    assert f"Opened {Incident.objects.get().reference}" in text and "because its label severity says “critical”" in text
    assert "nobody here knows the service “checkout”" in text and "Make “checkout” a service" in text


def test_an_alert_of_a_private_incident_is_not_there_for_others(page, client, fire, person, responder):
    fire(make_alert("Canary"))
    alert, incident = Alert.objects.get(), Incident.objects.get()
    lifecycle.set_private(incident, True, actor=person("cara", roles=["commander"]))
    page(alert.get_absolute_url(), 404)
    for path in ("/alerts/", "/api/v1/alerts/", "/api/v1/alerts/?q=Canary"):
        assert "Canary" not in page(path)
    assert "Nothing matches" in page("/alerts/?q=Canary")
    assert alert.get_absolute_url() not in page("/alerts/?q=Canary")
    assert client.get(f"/api/v1/alerts/{alert.pk}/").status_code == 404 and client.get(f"/api/v1/incidents/{incident.reference}/alerts/").status_code == 404
    client.force_login(person("eve", roles=["viewer"], extra_abilities=["see_private"]))
    assert "Canary" in client.get("/alerts/").content.decode()


def test_many_are_taken_on_at_once(page, client, fire, responder):
    fire(make_alert("A"), make_alert("B", service="cache"))
    client.force_login(responder)
    answer = client.post("/alerts/act/", {"act": "acknowledge", "alert": [alert.pk for alert in Alert.objects.all()]}, follow=True)
    assert "You are on 2 incidents" in answer.content.decode()
    assert set(Incident.objects.values_list("acknowledged_by", flat=True)) == {responder.pk}


def test_many_candidates_are_dismissed_at_once(page, client, fire, responder):
    fire(make_alert("A", severity="warning"), make_alert("B", severity="warning", service="cache"))
    client.force_login(responder)
    client.post("/alerts/act/", {"act": "dismiss", "alert": [alert.pk for alert in Alert.objects.all()]})
    assert set(Candidate.objects.values_list("status", "settled_by")) == {("dismissed", responder.pk)}
    assert AuditEntry.objects.filter(action="candidate.dismiss").count() == 2


def test_choosing_nothing_or_nonsense_changes_nothing(client, fire, responder):
    client.force_login(responder)
    assert client.post("/alerts/act/", {"act": "acknowledge", "alert": ["x", "-1", "9" * 30, "²"]}, follow=True).status_code == 200


def test_a_candidate_is_accepted_from_the_page(client, fire, responder):
    fire(make_alert("Slow", severity="warning"))
    candidate = Candidate.objects.get()
    assert list(board.candidates(responder)) == [candidate]
    client.force_login(responder)
    answer = client.post(f"/candidates/{candidate.pk}/accept/")
    assert answer.headers["Location"] == Incident.objects.get().get_absolute_url()
    assert not board.candidates(responder).exists()


def test_an_unknown_service_is_mapped_and_its_group_follows(client, admin, fire, kinds):
    fire(make_alert("A", service="checkout"), make_alert("A", service="checkout", instance="2"))
    client.force_login(admin)
    client.post(f"/alerts/{Alert.objects.all()[0].pk}/map/", {"service": "cache"})
    restate()
    incident = Incident.objects.get()
    assert set(Alert.objects.values_list("service__slug", flat=True)) == {"cache"}
    assert [impact.service.slug for impact in incident.impacts.all()] == ["cache"] and "detection.mapped" in kinds(incident)
    fire(make_alert("B", service="checkout"), make_alert("C", service="cache"))
    assert Incident.objects.count() == 1 and incident.alerts.count() == 4
    assert AuditEntry.objects.filter(action="mapping.set").exists()


def test_an_unknown_service_becomes_a_service(client, admin, fire):
    fire(make_alert("A", service="Check_Out"))
    client.force_login(admin)
    client.post(f"/alerts/{Alert.objects.get().pk}/map/", {"make": "1"})
    restate()
    assert Service.objects.filter(slug="check-out").exists() and Alert.objects.get().service.slug == "check-out"
    assert Mapping.objects.get().value == "Check_Out"


def test_a_candidates_service_follows_the_mapping(client, admin, fire):
    fire(make_alert("A", service="checkout", severity="warning"))
    client.force_login(admin)
    client.post(f"/alerts/{Alert.objects.get().pk}/map/", {"service": "cache"})
    restate()
    assert Candidate.objects.get().service.slug == "cache"


def test_a_source_is_made_and_its_key_shown_once(client, admin):
    client.force_login(admin)
    answer = client.post("/settings/sources/", {"kind": "alertmanager", "name": "Frankfurt", "service": "cache"})
    text = answer.content.decode()
    source = Source.objects.get()
    key = text.split("/ingest/alertmanager/")[1].split("/")[0]
    assert len(key) == 32 and "no-store" in answer.headers["Cache-Control"] and "webhook_configs" in text
    again = client.get(source.get_absolute_url()).content.decode()
    assert key not in again and "KEY-OF-THIS-SOURCE" in again
    rotated = client.post(f"/settings/sources/{source.slug}/rotate/", {}).content.decode()
    assert rotated.split("/ingest/alertmanager/")[1].split("/")[0] not in (key, "KEY-OF-THIS-SOURCE")
    assert client.post("/settings/sources/", {"kind": "alertmanager", "name": "Frankfurt"}).status_code == 422
    assert client.post(source.get_absolute_url(), {"name": "Main", "service": ""}).status_code == 302
    source.refresh_from_db()
    assert (source.name, source.default_service) == ("Main", None)


@pytest.mark.parametrize("path", ["/settings/sources/", "/alerts/1/map/", "/settings/sources/x/rotate/"])
def test_configuring_asks_for_the_right(client, responder, path):
    client.force_login(responder)
    assert client.post(path).status_code == 403


@pytest.mark.parametrize("path", ["/alerts/act/", "/candidates/1/accept/", "/candidates/1/dismiss/"])
def test_acting_asks_for_the_right(client, person, path):
    client.force_login(person("vic", roles=["viewer"]))
    assert client.post(path).status_code == 403


def test_what_was_set_aside_is_shown_escaped(page, send):
    send(b'{"alerts": [{"status": "<script>alert(1)</script>"}]}')
    text = page("/alerts/set-aside/")
    assert "neither “firing” nor “resolved”" in text and "<script>alert" not in text
    assert SetAside.objects.count() == 1


def test_the_panel_of_an_incident_shows_its_alerts(page, fire):
    fire(make_alert("Down"), make_alert("Chatty", severity="info"))
    text = page(Incident.objects.get().get_absolute_url())
    assert "Down on api-0" in text and "Also firing on these services" in text and "Chatty on api-0" in text


def test_changes_cost_the_same_for_1_and_30_rows(page, fire):
    """Their list, and the pages of an alert and of an incident that show them."""
    fire(make_alert("Down"))
    service, admin = Service.objects.get(slug="api-gateway"), User.objects.get(username="ada")
    paths = ["/api/v1/changes/", "/api/v1/services/api-gateway/changes/", Alert.objects.get().get_absolute_url(), Incident.objects.get().get_absolute_url()]
    changes.report(service, summary="v1", kind="deployment", url="https://ci.example.org/1", actor=admin)
    for path in paths:
        assert "v1" in page(path)
    one = [queries(page, path) for path in paths]
    for number in range(30):
        changes.report(service, summary=f"v{number}", kind="deployment", actor=admin)
    assert [queries(page, path) for path in paths] == one
