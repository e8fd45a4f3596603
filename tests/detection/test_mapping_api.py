"""What labels mean, what was set aside, sources' changes and acts on many alerts, over REST."""

import pytest

from accounts.models import AuditEntry
from detection.models import Alert, Candidate, Mapping, SetAside, Source
from detection.sweeps import restate
from incidents import lifecycle
from incidents.models import Incident, Service
from tests.detection.conftest import make_alert, notification
from tests.detection.test_api import api  # noqa: F401 - a fixture


def test_a_mapping_is_made_changed_and_taken_back(api, fire):  # noqa: F811
    body = {"label": "service", "value": "gw-eu-1", "service": "cache"}
    made = api("post", "mappings/", body, 201)
    assert made["service"] == "cache" and made["created_by"] == "ada" and made["under_way"] == {"looked": 0, "total": 0}
    restate()
    assert api("post", "mappings/", body) == made  # there already: nothing new, no entry
    restate()
    fire(make_alert("A", service="gw-eu-1"))
    assert Alert.objects.get().service.slug == "cache"
    assert api("put", f"mappings/{made['id']}/", {"service": "api-gateway"})["service"] == "api-gateway"
    assert api("get", "mappings/")["results"] == [api("get", f"mappings/{made['id']}/")]
    api("put", f"mappings/{made['id']}/", {"service": "no-such"}, 400)
    api("put", f"mappings/{made['id']}/", {"service": "cache"}, 412, headers={"If-Match": '"old"'})
    assert [entry.action for entry in AuditEntry.objects.order_by("seq")][-2:] == ["mapping.set", "mapping.set"]


def test_a_mapping_that_is_gone_is_not_there(api, client):  # noqa: F811
    row = api("post", "mappings/", {"label": "service", "value": "x", "service": "cache"}, 201)
    assert client.delete(f"/api/v1/mappings/{row['id']}/").status_code == 204
    assert client.delete(f"/api/v1/mappings/{row['id']}/").status_code == 404
    assert AuditEntry.objects.filter(action="mapping.delete").count() == 1


@pytest.mark.parametrize(
    "body", [{}, {"label": "service"}, {"label": "", "value": "x", "service": "cache"}, {"label": "a", "value": "x" * 201, "service": "cache"}, []]
)
def test_a_bad_mapping_is_refused(api, body):  # noqa: F811
    api("post", "mappings/", body, 400)
    assert not Mapping.objects.exists()


def test_the_unknown_service_of_an_alert_is_mapped_or_made(api, fire):  # noqa: F811
    fire(make_alert("A", service="gw-eu-1"), make_alert("B", service="new-thing"))
    one, two = Alert.objects.order_by("name")
    assert api("post", f"alerts/{one.pk}/map/", {"service": "cache"}, 201)["value"] == "gw-eu-1"
    restate()
    assert Alert.objects.get(pk=one.pk).service.slug == "cache"
    api("post", f"alerts/{one.pk}/map/", {"service": "cache"}, 409)
    assert api("post", f"alerts/{two.pk}/map/", {"service": None}, 201)["service"] == "new-thing"
    assert Service.objects.filter(slug="new-thing").exists()
    api("post", f"alerts/{two.pk}/map/", {}, 400)
    api("post", "alerts/999999/map/", {"service": "cache"}, 404)


def test_what_was_set_aside_is_listed_with_its_reason(api, send):  # noqa: F811
    send(notification({**make_alert("A"), "status": "odd"}))
    [row] = api("get", "alerts/set-aside/")["results"]
    assert row["source"] == "alertmanager" and row["reason"] == "bad_status" and "neither" in row["why"] and row["index"] == 0
    assert api("get", "alerts/set-aside/?source=other")["results"] == [] and SetAside.objects.count() == 1


def test_a_source_changes_its_name_and_service(api, source):  # noqa: F811
    assert api("patch", "sources/alertmanager/", {"service": "cache"})["service"] == "cache"
    assert api("patch", "sources/alertmanager/", {"name": "Frankfurt"})["name"] == "Frankfurt"
    assert Source.objects.get().default_service.slug == "cache"
    api("patch", "sources/alertmanager/", {"service": "no-such"}, 400)
    api("patch", "sources/alertmanager/", {"name": ""}, 400)
    api("patch", "sources/nowhere/", {"name": "x"}, 404)
    assert AuditEntry.objects.filter(action="source.change").count() == 2


def test_a_source_is_tried_by_a_real_alert(api, source):  # noqa: F811
    tried = api("post", "sources/alertmanager/test/", {"severity": "P4"}, 201)
    assert Alert.objects.get().pk == tried["alert"]
    api("post", "sources/alertmanager/test/", {"severity": "P9"}, 400)


def test_many_alerts_are_taken_on_and_dismissed(api, fire, commander):  # noqa: F811
    fire(make_alert("Down"), make_alert("Slow", severity="warning", service="cache"))
    ids = list(Alert.objects.values_list("pk", flat=True))
    assert api("post", "alerts/acknowledge/", {"alerts": ids}) == {"count": 1, "refusals": []}
    assert Incident.objects.get().acknowledged_by.username == "ada"
    assert api("post", "alerts/dismiss/", {"alerts": ids}) == {"count": 1, "refusals": []}
    assert Candidate.objects.get().status == "dismissed"
    api("post", "alerts/dismiss/", {"alerts": []}, 400)
    api("post", "alerts/dismiss/", {"alerts": "all"}, 400)


def test_alerts_of_a_private_incident_are_passed_over(api, fire, client, responder, commander):  # noqa: F811
    fire(make_alert("Down"))
    incident, alert = Incident.objects.get(), Alert.objects.get()
    lifecycle.set_private(incident, True, actor=commander)
    client.force_login(responder)
    assert api("post", "alerts/acknowledge/", {"alerts": [alert.pk]}) == {"count": 0, "refusals": []}


@pytest.mark.parametrize("path", ["mappings/", "alerts/set-aside/"])
def test_who_may_not(client, person, path):
    client.force_login(person("vic", roles=["viewer"]))
    assert client.get(f"/api/v1/{path}").status_code == 403


@pytest.fixture
def commander(person):
    """May command anything."""
    return person("cara", roles=["commander"])
