"""Mappings of labels: which decides, what already came follows, and what follows from a severity."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from detection import audit, keys, mapping, why
from detection.models import Alert, Candidate, Mapping
from detection.sweeps import restate
from incidents import lifecycle
from incidents.models import Incident, Service
from lib.errors import Forbidden, Refused
from tests.detection.conftest import make_alert
from tests.detection.test_api import api  # noqa: F401 - a fixture


@pytest.fixture
def put(admin):
    """Makes a mapping as the administrator."""

    def make(label, value, **means):
        source, replaces = means.pop("source", None), means.pop("replaces", False)
        if slug := means.get("service"):
            means["service"] = Service.objects.get(slug=slug)
        made = mapping.put(label, value, means, source=source, replaces=replaces, actor=admin)[0]
        restate()
        return made

    return make


@pytest.fixture(autouse=True)
def sound(db):
    """Whatever a test did, the rows hold together."""
    yield
    assert audit.invariants(full=True) == []


def only(name="A"):
    return Alert.objects.get(name=name)


def test_a_mapping_beats_slug_and_severity_map_and_says_so(put, fire):
    put("service", "api-gateway", service="cache")
    put("severity", "critical", severity="P4")
    fire(make_alert("A"))
    assert (only().service.slug, only().severity, Incident.objects.count()) == ("cache", "P4", 0)
    assert "because service “api-gateway” is mapped to it" in why.service(only()) and "because severity “critical” is mapped to it" in why.severity(only())


def test_one_of_the_source_beats_one_of_all_and_the_name_beats_other_labels(put, fire, source):
    put("alertname", "A", severity="P3", service="cache")
    put("severity", "critical", severity="P4")
    put("team", "db", service="file-storage", source=source)
    fire(make_alert("A", team="db"), make_alert("B", team="web"))
    assert (only().severity, only().service.slug, only("B").severity, only("B").service.slug) == ("P3", "file-storage", "P4", "api-gateway")
    assert "team “db” of Alertmanager" in why.service(only())


def test_a_mapping_of_another_source_is_nothing_to_this_one(put, fire):
    put("alertname", "A", severity="P4", source=keys.create("generic", "Script", actor=None)[0])
    fire(make_alert("A"))
    assert only().severity == "P1"


def test_an_archived_service_is_passed_over(put, fire):
    put("service", "api-gateway", service="cache")
    Service.objects.filter(slug="cache").update(archived=True)
    fire(make_alert("A"))
    assert only().service.slug == "api-gateway"


def test_a_waiting_candidate_that_becomes_grave_declares(put, fire, kinds):
    fire(make_alert("A", severity="warning"))
    assert Candidate.objects.get().status == "waiting"
    put("alertname", "A", severity="P1")
    incident = Incident.objects.get()
    assert (incident.severity, Candidate.objects.get().status, only().incident, only().why["act"]) == ("P1", "joined", incident, "opened")
    put("alertname", "A", severity="P1")
    assert Incident.objects.count() == 1 and kinds(incident).count("detection.alerts") == 1


def test_what_was_kept_becomes_a_candidate_or_an_incident(put, fire):
    fire(make_alert("A", severity="info"), make_alert("B", severity="info", service="cache"))
    put("alertname", "A", severity="P3")
    put("alertname", "B", severity="P2")
    assert Candidate.objects.get().service.slug == "api-gateway" and Incident.objects.get().severity == "P2"


def test_a_graver_alert_raises_its_incident_and_a_lesser_one_never_lowers_it(put, fire):
    fire(make_alert("A", severity="error"), make_alert("B", severity="error"))
    put("alertname", "A", severity="P1")
    incident = Incident.objects.get()
    assert incident.severity == "P1"
    put("alertname", "A", severity="P4")
    put("alertname", "B", severity="P3")
    incident.refresh_from_db()
    assert incident.severity == "P1" and incident.is_open and {only().severity, only("B").severity} == {"P4", "P3"} and only().incident == incident


def test_a_candidate_with_nothing_left_to_wait_for_is_withdrawn_with_the_reason(put, fire, client, responder):
    fire(make_alert("A", severity="warning"), make_alert("B", severity="warning"))
    put("alertname", "A", severity="P4")
    assert Candidate.objects.get().status == "waiting" and only().group is None
    b = only("B")
    put("alertname", "B", severity="P4")
    candidate = Candidate.objects.get()
    assert candidate.status == "withdrawn" and candidate.why == {"from": "mapping", "label": "alertname", "value": "B", "severity": "P4"}
    assert "since alertname “B” is mapped to P4" in why.withdrawn(candidate.why) and only("B").group is None and b.group_id == candidate.group_id
    fire(make_alert("C", severity="warning"))
    candidate.refresh_from_db()
    assert (candidate.status, candidate.why) == ("waiting", {})


def test_ended_alerts_open_nothing(put, fire):
    fire(alert := make_alert("A", severity="warning"))
    fire({**alert, "status": "resolved", "endsAt": alert["startsAt"]})
    put("alertname", "A", severity="P1")
    assert not Incident.objects.exists() and Candidate.objects.get().status == "withdrawn"


def test_any_label_gives_a_service_to_what_fires_and_its_incident_is_told(put, fire, kinds):
    fire(
        make_alert("A", service="checkout", host="h1"),
        make_alert("B", service=None, host="h1", severity="info"),
        make_alert("C", service=None, severity="info"),
    )
    put("host", "h1", service="cache")
    assert [only(name).service and only(name).service.slug for name in "ABC"] == ["cache", "cache", None]
    incident = Incident.objects.get()
    assert [impact.service.slug for impact in incident.impacts.all()] == ["cache"] and kinds(incident).count("detection.mapped") == 1
    fire(make_alert("D", service="cache"))
    assert Incident.objects.count() == 1 and incident.alerts.count() == 2


def test_incidents_that_the_person_may_not_see_follow_too(put, fire, person):
    fire(make_alert("A", service="checkout"))
    incident = Incident.objects.get()
    lifecycle.set_private(incident, True, actor=person("cara", roles=["commander"]))
    put("service", "checkout", service="cache")
    assert [impact.service.slug for impact in incident.impacts.all()] == ["cache"]


def test_replacing_takes_back_what_is_not_said_and_saying_adds(put):
    put("service", "x", service="cache")
    assert put("service", "x", severity="P2").service.slug == "cache"
    assert put("service", "x", severity="P3", replaces=True).service is None
    with pytest.raises(Refused):
        put("service", "x", replaces=True)
    assert AuditEntry.objects.filter(action="mapping.set").count() == 3
    put("service", "x", severity="P3")
    assert AuditEntry.objects.filter(action="mapping.set").count() == 3


def test_there_is_an_end_to_mappings(put, monkeypatch):
    monkeypatch.setattr(mapping, "MOST", 1)
    put("a", "b", severity="P1")
    with pytest.raises(Refused):
        put("a", "c", severity="P1")
    put("a", "b", severity="P2")


def test_mapping_asks_for_the_right(responder, fire):
    fire(make_alert("A", service="checkout"))
    for act in (
        lambda: mapping.put("a", "b", {"severity": "P1"}, actor=responder),
        lambda: mapping.map_alert(only(), {"severity": "P1"}, actor=responder),
        lambda: mapping.make_service(only(), actor=responder),
    ):
        with pytest.raises(Forbidden):
            act()
    assert not Mapping.objects.exists()


def test_mappings_cost_no_query_of_their_own(put, fire):
    def cost(name):
        with CaptureQueriesContext(connection) as found:
            fire(make_alert(name, severity="info"))
        return len(found)

    fire(make_alert("warm", severity="info"))
    before = cost("A")
    for number in range(20):
        put("alertname", f"X{number}", severity="P2", service="cache")
    assert cost("B") == before


def test_one_press_on_the_page_of_an_alert(client, admin, fire, source):
    fire(make_alert("A", severity="warning", host="h1"))
    client.force_login(admin)
    path = only().get_absolute_url()
    text = client.get(path).content.decode()
    assert "“A” from Alertmanager is always:" in text and '<option value="host">host=h1</option>' in text and "What its source said" in text
    client.post(f"{path}map/", {"label": "alertname", "only_source": "1", "severity": "P4"})
    restate()
    made = Mapping.objects.get()
    assert (made.label, made.value, made.source, made.severity, made.service) == ("alertname", "A", source, "P4", None)
    assert "Candidate: Recovered" not in client.get(path).content.decode()
    client.post(f"{path}map/", {"label": "host", "service": "cache", "severity": ""})
    restate()
    assert only().service.slug == "cache" and only().severity == "P4"
    assert "has no label “nope”" in client.post(f"{path}map/", {"label": "nope", "service": "cache"}, follow=True).content.decode()
    settings = client.get("/settings/sources/").content.decode()
    assert "alertname=A" in settings and "only from Alertmanager" in settings and "from all sources" in settings
    client.post("/settings/mappings/", {"label": "alertname", "value": "A", "source": source.slug, "service": "", "severity": "P3"})
    restate()
    assert only().severity == "P3" and Candidate.objects.filter(status="waiting").exists()
    client.post(f"/settings/mappings/{made.pk}/delete/")
    assert Mapping.objects.count() == 1 and only().severity == "P3"


def test_rest_knows_sources_and_severities(api, fire):  # noqa: F811
    fire(make_alert("A"))
    made = api("post", "mappings/", {"label": "alertname", "value": "B", "severity": "P4", "source": "alertmanager"}, 201)
    assert (made["source"], made["service"], made["severity"]) == ("alertmanager", None, "P4")
    assert api("put", f"mappings/{made['id']}/", {"service": "cache"})["severity"] == ""
    told = api("post", f"alerts/{only().pk}/map/", {"severity": "P2", "only_source": True}, 201)
    restate()
    assert (told["label"], told["value"], told["source"], told["severity"]) == ("alertname", "A", "alertmanager", "P2")
    assert only().severity == "P2" and Incident.objects.get().severity == "P1"
    api("post", f"alerts/{only().pk}/map/", {"label": "nope", "service": "cache"}, 409)
    api("post", "mappings/", {"label": "a", "value": "b", "severity": "P9"}, 400)
    api("post", "mappings/", {"label": "a", "value": "b"}, 400)
    api("post", "mappings/", {"label": "a", "value": "b", "severity": ""}, 422)


def test_what_belongs_to_no_service_is_gathered_and_mapped_by_one_press(client, admin, fire, person):
    fire(*(make_alert("A", service="checkout", severity="info", instance=f"i{number}") for number in range(3)), make_alert("B", service=None, severity="info"))
    client.force_login(admin)
    text = client.get("/alerts/unrouted/").content.decode()
    assert text.index("service=checkout") < text.index("alertname=B") and "3 alerts" in text and "Make it a service" in text
    assert "4 alerts that fire belong to no service" in client.get("/").content.decode()
    newest = Alert.objects.filter(name="A").latest("pk")
    answer = client.post(f"/alerts/{newest.pk}/map/", {"label": "service", "make": "1", "next": "/alerts/unrouted/"})
    restate()
    assert answer.headers["Location"] == "/alerts/unrouted/" and set(Alert.objects.filter(name="A").values_list("service__slug", flat=True)) == {"checkout"}
    client.post(f"/alerts/{only('B').pk}/map/", {"label": "alertname", "service": "cache"})
    restate()
    assert "Every alert has its service" in client.get("/alerts/unrouted/").content.decode()
    assert "belong to no service" not in client.get("/").content.decode()


def test_what_a_private_incident_holds_is_not_gathered_for_others(client, fire, person, responder):
    fire(make_alert("Canary", service="checkout"))
    lifecycle.set_private(Incident.objects.get(), True, actor=person("cara", roles=["commander"]))
    client.force_login(responder)
    assert "checkout" not in client.get("/alerts/unrouted/").content.decode() and "to no service" not in client.get("/").content.decode()
    assert "Firing, by severity" not in client.get("/alerts/").content.decode()


def test_what_fires_is_counted_by_severity_and_service(client, fire, responder):
    fire(make_alert("A"), make_alert("B", severity="info"), make_alert("C", severity="info", service=None))
    client.force_login(responder)
    text = client.get("/alerts/?status=firing&severity=P4").content.decode()
    assert (
        'severity=P4" aria-current="true">P4 <span class="count">2</span>' in text and 'service=api-gateway">API gateway <span class="count">2</span>' in text
    )


def test_why_says_what_was_true_when_it_was_decided(put, fire):
    fire(make_alert("A", severity="error", service="gone"), make_alert("B", severity="info"))
    put("alertname", "A", severity="P4", service="cache")
    said = why.explain(only(), reference="INC-1")
    assert said[0] == "Opened INC-1: a P2 declares an incident by itself" and "P4, because alertname “A” is mapped to it" in said
    assert "When that was decided: P2, because its label severity says “error”" in said
    assert "When that was decided: Unassigned, because nobody here knows the service “gone” of its label service" in said
    put("alertname", "B", severity="P3")  # decided anew
    assert why.explain(only("B"))[0].startswith("A candidate") and not any("When that" in one for one in why.explain(only("B")))
    put("alertname", "B", severity="P4")
    assert why.explain(only("B"))[0] == "Kept for the record: a P4 opens nothing" and "decided" not in only("B").why


def test_another_severity_from_its_sender_leaves_what_was_decided(fire):
    fire(alert := make_alert("A", severity="critical"))
    fire({**alert, "labels": {**alert["labels"], "severity": "warning"}})
    assert only().severity == "P3" and "a P1 declares" in why.explain(only())[0]
    assert "When that was decided: P1, because its label severity says “critical”" in why.explain(only())


def test_what_belongs_to_no_service_over_rest(api, fire):  # noqa: F811
    fire(make_alert("A", service="gone", severity="info"), make_alert("A", service="gone", severity="error", instance="2"))
    [row] = api("get", "alerts/unrouted/")
    assert row == {"label": "service", "value": "gone", "count": 2, "firing": 2, "severity": "P2", "newest": Alert.objects.latest("pk").pk}


def test_what_ended_long_ago_is_no_longer_worth_a_mapping(api, fire, clock):  # noqa: F811
    fire(alert := make_alert("A", service="gone", severity="info"))
    fire({**alert, "status": "resolved", "endsAt": alert["startsAt"]})
    assert len(api("get", "alerts/unrouted/")) == 1
    clock.move("+170h")
    assert api("get", "alerts/unrouted/") == []
