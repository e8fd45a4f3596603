"""The button that sends a real alert through, and what a source's page shows for each kind of sender."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from detection import audit, keys
from detection.models import Alert, Candidate, Envelope
from detection.sources import KINDS
from incidents.models import Incident


@pytest.fixture
def made(client, admin):
    """A source of each kind, and the administrator at the page."""
    client.force_login(admin)
    return {kind: keys.create(kind, f"My {kind}", actor=admin)[0] for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_test_alert_takes_the_senders_way_and_ends(client, made, kind):
    source = made[kind]
    path = reverse("detection:source-test", args=[source.slug])
    answer = client.post(path, {"severity": "P1", "status": "firing"}, follow=True)
    alert, incident = Alert.objects.get(), Incident.objects.get()
    assert answer.redirect_chain[-1][0] == alert.get_absolute_url() and f"Opened {incident.reference}" in answer.content.decode()
    assert (alert.source, alert.severity, alert.title) == (source, "P1", f"Test alert of My {kind}") and Envelope.objects.get().source == source
    assert "End the test alert" in client.get(source.get_absolute_url()).content.decode()
    client.post(path, {"severity": "P1", "status": "resolved"})
    alert.refresh_from_db()
    assert not alert.is_firing and audit.invariants(full=True) == []
    assert "Send a real alert through" in client.get(source.get_absolute_url()).content.decode()
    assert AuditEntry.objects.filter(action="source.test").count() == 2


@pytest.mark.parametrize("severity", ["P2", "P3", "P4"])
@pytest.mark.parametrize("kind", KINDS)
def test_its_severity_is_the_chosen_one(client, made, kind, severity):
    client.post(reverse("detection:source-test", args=[made[kind].slug]), {"severity": severity, "status": "firing"})
    assert Alert.objects.get().severity == severity
    assert (Incident.objects.count(), Candidate.objects.count()) == {"P2": (1, 0), "P3": (0, 1), "P4": (0, 0)}[severity]


def test_nonsense_and_strangers_send_nothing(client, made, responder):
    path = reverse("detection:source-test", args=[made["generic"].slug])
    for nonsense in ({}, {"severity": "P9", "status": "firing"}, {"severity": "P1", "status": "maybe"}):
        assert client.post(path, nonsense).status_code == 302
    client.force_login(responder)
    assert client.post(path, {"severity": "P4", "status": "firing"}).status_code == 403
    assert not Alert.objects.exists()


@pytest.mark.parametrize(("kind", "words"), [
    ("alertmanager", ["/ingest/alertmanager/{key}/", "webhook_configs", "send_resolved"]),
    ("generic", ["/ingest/generic/{key}/", "curl -sS"]),
    ("pagerduty", ["/v2/enqueue", "EventsApiV2Client(\"{key}\", base_url=", "routing_key"]),
])  # fmt: skip
def test_the_page_shows_address_and_ready_configuration(client, admin, kind, words):
    client.force_login(admin)
    text = client.post("/settings/sources/", {"kind": kind, "name": "New"}).content.decode()
    key = text.partition("<code>")[2][:32]
    assert keys.find(key, kind)
    for word in words:
        assert word.format(key=key) in text
    assert key not in client.get("/settings/sources/new/").content.decode()
