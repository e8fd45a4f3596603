"""Taking in again what was set aside."""

import json

import pytest

from accounts.models import AuditEntry
from detection import audit, belated, correlate, keys, mapping, taking, why
from detection.models import Alert, Change, SetAside
from detection.normal import BadAlert, Batch
from detection.sources import alertmanager, generic
from incidents import lifecycle
from incidents.models import Incident
from tests.detection.conftest import KEY, make_alert, notification
from tests.detection.test_api import api  # noqa: F401 - a fixture


@pytest.fixture
def refuse(send, monkeypatch):
    """Sends alerts that the reader of today does not understand; from then on it does."""

    def post(*alerts, reason="bad_status"):
        def stubborn(_alert):
            raise BadAlert(reason)

        with monkeypatch.context() as patch:
            patch.setattr(alertmanager, "_alert", stubborn)
            assert send(notification(*alerts)).status_code == 422
        return SetAside.objects.latest("pk")

    return post


def test_what_can_be_read_now_goes_the_whole_way_and_shows_where(refuse, client, responder):
    row = refuse(make_alert("A"))
    client.force_login(responder)
    assert "Take in again" in client.get("/alerts/set-aside/").content.decode()
    answer = client.post(f"/alerts/set-aside/{row.pk}/take/")
    alert = Alert.objects.get()
    assert answer.headers["Location"] == alert.get_absolute_url() and alert.incident == Incident.objects.get() and alert.severity == "P1"
    row.refresh_from_db()
    assert row.taken_at and row.alert == alert and row.payload == ""
    client.post(f"/alerts/set-aside/{row.pk}/take/")
    alert.refresh_from_db()
    assert alert.times == 1 and AuditEntry.objects.filter(action="set_aside.take").count() == 1
    assert "Taken in: the alert" in client.get("/alerts/set-aside/").content.decode()
    assert audit.invariants(full=True) == []


def test_what_still_cannot_be_read_stays_with_its_reason_of_now(send, client, responder):
    send(notification({**make_alert("A"), "status": "odd"}))
    SetAside.objects.update(reason="bad_time")
    client.force_login(responder)
    text = client.post(f"/alerts/set-aside/{SetAside.objects.get().pk}/take/", follow=True).content.decode()
    row = SetAside.objects.get()
    assert "It still cannot be taken" in text and (row.reason, row.detail, row.taken_at) == ("bad_status", "odd", None) and not Alert.objects.exists()
    assert AuditEntry.objects.get(action="set_aside.take").after["refused"] == "bad_status"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"alerts": [', "it cannot be read at all"),
        (notification({**make_alert("A"), "status": "x", "annotations": {"password": "p"}}), "a secret in it was masked"),
        (notification({**make_alert("A"), "status": "x", "annotations": {"big": "x" * 70_000}}), "too long to be kept whole"),
    ],
)
def test_what_was_not_kept_as_it_was_sent_offers_no_button(send, api, client, responder, body, why):  # noqa: F811
    send(body)
    row = SetAside.objects.get()
    api("post", f"alerts/set-aside/{row.pk}/take/", {}, 409)
    client.force_login(responder)
    text = client.get("/alerts/set-aside/").content.decode()
    assert why in text and ">Take in again<" not in text


def test_all_of_a_reason_and_source_at_once(refuse, send, api):  # noqa: F811
    refuse(make_alert("A"), make_alert("B"))
    send(notification({**make_alert("C"), "status": "odd"}))
    refuse(make_alert("D"), reason="bad_labels")
    assert api("post", "alerts/set-aside/take/", {"source": "other"}) == {"taken": 0, "refused": 0, "reasons": []}
    told = api("post", "alerts/set-aside/take/", {"reason": "bad_status", "source": "alertmanager"})
    assert (told["taken"], told["refused"]) == (2, 1) and "neither" in told["reasons"][0]
    assert sorted(Alert.objects.values_list("name", flat=True)) == ["A", "B"]
    assert [row["reason"] for row in api("get", "alerts/set-aside/?reason=bad_labels")["results"]] == ["bad_labels"]


def test_all_at_once_from_the_page(refuse, client, responder):
    refuse(make_alert("A"), make_alert("B"))
    client.force_login(responder)
    assert "2 are taken in" in client.post("/alerts/set-aside/take/", {"reason": "bad_status"}, follow=True).content.decode()


def test_the_same_that_comes_again_and_is_refused_again_waits_again(refuse, responder):
    row = refuse(alert := make_alert("A"))
    assert taking.take(row, actor=responder).is_taken
    again = refuse(alert)
    assert again.pk == row.pk and again.times == 2 and again.taken_at is None and again.payload


def test_an_event_of_pagerduty_and_a_change(client, responder, monkeypatch):
    keys.create("pagerduty", "Nagios", actor=None, key=KEY)
    event = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "k", "payload": {"summary": "S", "source": "s", "severity": "grave"}}
    told = {"routing_key": KEY, "payload": {"summary": "", "source": "ci"}}
    assert client.post("/v2/enqueue", json.dumps(event), content_type="application/json").status_code == 400
    assert client.post("/v2/change/enqueue", json.dumps(told), content_type="application/json").status_code == 400
    one, two = SetAside.objects.order_by("pk")
    assert not taking.take(one, actor=responder).is_taken and not taking.take(two, actor=responder).is_taken
    SetAside.objects.filter(pk=two.pk).update(payload=two.payload.replace('"summary":""', '"summary":"4.12"'))
    monkeypatch.setattr("detection.sources.pagerduty.SEVERITIES", ("grave",))
    assert taking.take(one, actor=responder).alert.fingerprint == "k"
    assert taking.take(two, actor=responder).alert is None and Change.objects.get().summary == "4.12"


def test_an_alert_of_a_private_incident_is_not_shown(refuse, fire, person, responder, client, api):  # noqa: F811
    fire(make_alert("A"))
    lifecycle.set_private(Incident.objects.get(), True, actor=person("cara", roles=["commander"]))
    row = refuse(make_alert("B"))
    told = api("post", f"alerts/set-aside/{row.pk}/take/", {})
    assert told == {"taken": True, "alert": None, "why": ""}
    client.force_login(responder)
    text = client.get("/alerts/set-aside/").content.decode()
    assert "taken in" in text and "B on api-0" not in text and "Taken in: the alert" not in text


@pytest.mark.parametrize("path", ["/alerts/set-aside/1/take/", "/alerts/set-aside/take/", "/api/v1/alerts/set-aside/1/take/", "/api/v1/alerts/set-aside/take/"])
def test_taking_in_asks_for_the_right(client, person, path):
    client.force_login(person("vic", roles=["viewer"]))
    assert client.post(path).status_code == 403


def test_what_is_gone_is_not_there(client, responder, api):  # noqa: F811
    api("post", "alerts/set-aside/99/take/", {}, 404)
    client.force_login(responder)
    assert client.post("/alerts/set-aside/99/take/").status_code == 404


def refused_event(client, **more):
    """An event of PagerDuty's whose severity its protocol does not know, and its row."""
    event = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "k", "payload": {"summary": "S", "source": "s", "severity": "grave"}, **more}
    assert client.post("/v2/enqueue", json.dumps(event), content_type="application/json").status_code == 400
    return SetAside.objects.get()


def test_a_word_that_a_mapping_explains_is_taken_in_again_and_taken_from_then_on(client, person):
    source = keys.create("pagerduty", "Nagios", actor=None, key=KEY)[0]
    row = refused_event(client)
    client.force_login(person("ada", roles=["admin"]))
    text = client.get("/alerts/set-aside/").content.decode()
    assert "“grave” from Nagios means:" in text
    assert "It still cannot be taken" in client.post(f"/alerts/set-aside/{row.pk}/take/", follow=True).content.decode()
    told = {"label": "severity", "value": "grave", "source": source.slug, "severity": "P1", "next": "/alerts/set-aside/"}
    assert client.post("/settings/mappings/", told).headers["Location"] == "/alerts/set-aside/"
    client.post(f"/alerts/set-aside/{row.pk}/take/")
    alert = Alert.objects.get()
    assert (alert.severity, alert.incident) == ("P1", Incident.objects.get())
    event = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "l", "payload": {"summary": "T", "source": "s", "severity": "grave"}}
    assert client.post("/v2/enqueue", json.dumps(event), content_type="application/json").status_code == 202
    assert set(Alert.objects.values_list("severity", flat=True)) == {"P1"} and audit.invariants(full=True) == []


def test_who_may_not_map_is_not_asked_what_a_word_means(client, responder):
    keys.create("pagerduty", "Nagios", actor=None, key=KEY)
    refused_event(client)
    client.force_login(responder)
    assert "means:" not in client.get("/alerts/set-aside/").content.decode()


@pytest.fixture
def grave(admin):
    """PagerDuty's source, and how its strange word is explained."""
    source = keys.create("pagerduty", "Nagios", actor=None, key=KEY)[0]
    return source, lambda: mapping.put("severity", "grave", {"severity": "P1"}, actor=admin)


@pytest.mark.parametrize(("later", "is_old"), [("+3h", False), ("+60h", True)])
def test_without_a_start_it_counts_from_when_it_was_received(client, responder, grave, clock, later, is_old):
    row = refused_event(client)
    grave[1]()
    now = clock.move(later)
    assert taking.take(row, actor=responder).is_taken
    alert, incident = Alert.objects.get(), Incident.objects.get()
    assert alert.starts_at == row.received_at and alert.is_firing and alert.received_at >= now
    assert incident.detected_at >= now and (incident.began_at == row.received_at) is not is_old and (incident.began_at >= now) is is_old
    said = " ".join(why.explain(alert))
    assert "counts from when it was received then" in said and ("more than a day later" in said) is is_old


def test_an_old_word_of_what_fires_already_is_no_news(client, responder, grave, clock):
    source = grave[0]
    event = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "k", "payload": {"summary": "S", "source": "s", "severity": "error"}}
    client.post("/v2/enqueue", json.dumps(event), content_type="application/json")
    start = Alert.objects.get().starts_at
    clock.move("+1h")
    row = refused_event(client)
    grave[1]()
    clock.move("+3h")
    taking.take(row, actor=responder)
    assert [alert.starts_at for alert in Alert.objects.filter(source=source)] == [start] and Incident.objects.count() == 1


def test_an_end_that_was_set_aside_ends_when_it_was_received_unless_it_fired_since(clock, responder):
    source = keys.create("generic", "Script", actor=None, key=KEY)[0]
    told = generic.parse({"title": "T", "dedup_key": "k", "status": "resolved"}).alerts
    correlate.take(source, [correlate.Delivery(Batch(), b"", generic.parse({"title": "T", "dedup_key": "k"}).alerts)], clock.now())
    ended = clock.move("+1h")
    clock.move("+2h")
    [timely] = belated.timed(source, told, ended)
    assert (timely.starts_at, timely.ends_at) == (Alert.objects.get().starts_at, ended)
    correlate.take(source, [correlate.Delivery(Batch(), b"", generic.parse({"title": "T", "dedup_key": "k"}).alerts)], clock.now())
    assert belated.timed(source, told, ended) == []
