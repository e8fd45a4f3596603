"""The silences' pages and REST: who may, what they show, in how many queries."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from detection import silences
from detection.foresight import foresee
from detection.models import Alert, Silence
from detection.sweeps import sweep_silences
from incidents import lifecycle
from incidents.models import Incident
from lib import clock as product_clock
from tests.detection.conftest import make_alert


@pytest.fixture
def commander(person):
    """May hold a source."""
    return person("cara", roles=["commander"])


def form(*matchers, **more):
    """What the browser sends for these lines (label, op, value), all ticked."""
    lines = {"m-TOTAL_FORMS": len(matchers), "m-INITIAL_FORMS": 0}
    for number, (label, op, value) in enumerate(matchers):
        lines |= {f"m-{number}-use": "on", f"m-{number}-label": label, f"m-{number}-op": op, f"m-{number}-value": value}
    return {"length": "120", "source": "", **lines, **more}


def hours(count):
    return product_clock.now() + timedelta(hours=count)


def one(actor, name="Down", **more):
    return silences.create([{"label": "alertname", "op": "=", "value": name}], ends=hours(2), actor=actor, **more)


def test_the_form_begins_with_the_labels_of_the_alert_and_counts_at_once(client, responder, fire):
    fire(make_alert("Down"), make_alert("Down", instance="2"), make_alert("Up", service="cache"))
    alert = Alert.objects.filter(name="Down")[0]
    client.force_login(responder)
    assert f"/silences/new/?alert={alert.pk}" in client.get("/alerts/").content.decode()
    assert f"/silences/new/?alert={alert.pk}" in client.get(alert.get_absolute_url()).content.decode()
    text = client.get(f"/silences/new/?alert={alert.pk}").content.decode()
    ticked = re.findall(r'name="m-(\d)-use" [^>]*checked', text)
    assert [re.search(rf'name="m-{number}-label" value="(\w*)"', text)[1] for number in ticked[:2]] == ["alertname", "service"]
    assert 'value="critical"' in text and "It would hide 2 alerts that fire now" in text


def test_a_silence_is_made_from_the_form(client, responder):
    client.force_login(responder)
    answer = client.post("/silences/new/", form(("alertname", "=", "Down"), ("", "=", ""), comment="known"), follow=True)
    made = Silence.objects.get()
    assert made.matchers == [{"label": "alertname", "op": "=", "value": "Down"}] and made.created_by == responder and made.comment == "known"
    assert timedelta(hours=1, minutes=59) < made.ends_at - made.starts_at <= timedelta(hours=2)
    assert "alertname = Down" in answer.content.decode()


def test_until_a_time_of_ones_own(client, responder):
    client.force_login(responder)
    until = hours(5).replace(second=0, microsecond=0)
    assert client.post("/silences/new/", form(("a", "=", "x"), length="until")).status_code == 422
    client.post("/silences/new/", form(("a", "=", "x"), length="until", until=until.strftime("%Y-%m-%dT%H:%M")))
    assert Silence.objects.get().ends_at == until


@pytest.mark.parametrize(
    "said", [form(), form(("a", "=~", ".*")), form(("a", "=~", "(a+)+")), form(("a", "==", "x")), form(("a", "=", "x"), length="9"), {"m-TOTAL_FORMS": "x"}]
)
def test_a_form_that_cannot_be_keeps_what_was_typed(client, responder, said):
    client.force_login(responder)
    answer = client.post("/silences/new/", said)
    assert answer.status_code == 422 and not Silence.objects.exists()


def test_the_count_works_with_and_without_script_and_changes_nothing(client, responder, fire, clock):
    fire(make_alert("Down"), make_alert("Down", instance="2"))
    clock.move("+30h")
    fire(make_alert("Down", instance="3", status="resolved"))
    client.force_login(responder)
    said = form(("alertname", "=~", "Do.*"), act="count")
    page = client.post("/silences/new/", said).content.decode()
    fragment = client.post("/silences/new/", said, headers={"HX-Request": "true"}).content.decode()
    for text in (page, fragment):
        assert "It would hide 2 alerts that fire now" in text and "last 24 hours 1, in the last 7 days 3" in text and "Down on api-0" in text
    assert "<html" in page and "<html" not in fragment and not Silence.objects.exists()
    wrong = client.post("/silences/new/", form(("alertname", "=~", "("), act="count"), headers={"HX-Request": "true"})
    assert "no regular expression" in wrong.content.decode()


def test_a_count_knows_no_alert_of_a_private_incident(client, responder, fire, person):
    fire(make_alert("Canary"))
    lifecycle.set_private(Incident.objects.get(), True, actor=person("cara", roles=["commander"]))
    client.force_login(responder)
    text = client.post("/silences/new/", form(("alertname", "=", "Canary"), act="count"), headers={"HX-Request": "true"}).content.decode()
    assert "It would hide 0 alerts" in text and "Canary" not in text
    assert client.get(f"/silences/new/?alert={Alert.objects.get().pk}").status_code == 404
    for odd in ("x", "9" * 30, "²", ""):
        assert client.get(f"/silences/new/?alert={odd}").status_code == 200


def test_the_list_shows_what_is_hidden_and_ends_and_extends(client, responder, fire):
    held = one(responder, comment="known")
    fire(make_alert("Down"))
    client.force_login(responder)
    text = client.get("/silences/").content.decode()
    assert "hides 1 now" in text and "known" in text and "alertname = Down" in text
    assert "silenced" in client.get("/alerts/").content.decode()
    client.post(f"/silences/{held.pk}/extend/", {"minutes": "480"})
    held.refresh_from_db()
    assert held.ends_at > hours(7)
    assert "1 alert that still fires is placed now" in client.post(f"/silences/{held.pk}/end/", follow=True).content.decode()
    assert sweep_silences() == 1 and Incident.objects.count() == 1
    assert f"ended early by {responder}" in client.get("/silences/?state=over").content.decode()
    assert client.post(f"/silences/{held.pk}/extend/", {"minutes": "480"}, follow=True).status_code == 200


def test_a_source_is_held_by_one_press_and_let_through(client, admin, source, fire):
    client.force_login(admin)
    assert "P1s too" in client.get(source.get_absolute_url()).content.decode()
    client.post(f"/settings/sources/{source.slug}/hold/", {"next": source.get_absolute_url()})
    fire(make_alert())
    assert not Incident.objects.exists()
    for path in ("/", "/alerts/", source.get_absolute_url()):
        text = client.get(path).content.decode()
        assert "Alertmanager is held until" in text and "Let it through now" in text and "P1s too" in text
    client.post(f"/silences/{Silence.objects.get().pk}/end/", {"next": "/"})
    assert "is held until" not in client.get("/").content.decode()
    assert sweep_silences() == 1 and Incident.objects.count() == 1


def test_a_storm_offers_the_lever_to_who_may_pull_it(client, commander, responder, fire):
    fire(*(make_alert("Down", instance=str(number)) for number in range(100)))
    for who, offered in ((commander, True), (responder, False)):
        client.force_login(who)
        for path in ("/", "/alerts/"):
            text = client.get(path).content.decode()
            assert "Alertmanager storms: 100 alerts" in text and ("Hold this source" in text) is offered


PRESSES = [
    ("/silences/new/", "responder"),
    ("/silences/{}/end/", "responder"),
    ("/silences/{}/extend/", "responder"),
    ("/settings/sources/{}/hold/", "commander"),
]


@pytest.mark.parametrize(("path", "least"), PRESSES)
def test_rights_of_pages(client, person, source, admin, path, least):
    held = one(admin)
    path = path.format(source.slug if "sources" in path else held.pk)
    below = {"responder": "viewer", "commander": "responder"}[least]
    client.force_login(person("low", roles=[below]))
    assert client.post(path, form(("a", "=", "x"))).status_code == 403
    client.force_login(person("enough", roles=[least]))
    assert client.post(path, form(("a", "=", "x"))).status_code == 302


def test_the_rest(client, responder, commander, person, source, fire):
    client.force_login(responder)
    body = {"matchers": [{"label": "alertname", "op": "=", "value": "Down"}], "ends_at": hours(2).isoformat(), "comment": "known"}

    def call(method, path, body=None, status=200, **more):
        answer = getattr(client, method)(f"/api/v1/{path}", body, content_type="application/json", **more)
        assert answer.status_code == status, answer.content
        return answer.json()

    made = call("post", "silences/", body, 201, headers={"Idempotency-Key": "k1"})
    assert call("post", "silences/", body, 201, headers={"Idempotency-Key": "k1"}) == made and Silence.objects.count() == 1
    assert (made["state"], made["created_by"], made["source"], made["hides"]) == ("active", "rui", None, 0)
    fire(make_alert())
    assert call("get", f"silences/{made['id']}/")["hides"] == 1
    assert "Silenced by" in " ".join(call("get", "alerts/")["results"][0]["why"])
    later = call("post", "silences/", {**body, "starts_at": hours(1).isoformat()}, 201)
    listed = {state: [row["id"] for row in call("get", f"silences/?state={state}")["results"]] for state in ("active", "pending", "over")}
    assert listed == {"active": [made["id"]], "pending": [later["id"]], "over": []}
    assert call("post", f"silences/{made['id']}/end/")["state"] == "over" and call("post", f"silences/{made['id']}/end/")["ended_early_by"] == "rui"
    call("get", "silences/?state=odd", status=400)
    call("get", "silences/999999/", status=404)
    for wrong, status in (
        ({}, 400),
        ({**body, "matchers": "x"}, 400),
        ({**body, "matchers": [{"label": "a", "op": "~", "value": ""}]}, 400),
        ({**body, "matchers": [{"label": "a", "op": "=~", "value": "("}]}, 422),
        ({**body, "matchers": []}, 422),
        ({**body, "ends_at": hours(-1).isoformat()}, 422),
        ({**body, "source": "nobody"}, 400),
        ({**body, "matchers": [], "source": source.slug}, 403),
    ):
        call("post", "silences/", wrong, status)
    call("post", f"sources/{source.slug}/hold/", status=403)
    longer = {"ends_at": hours(6).isoformat()}
    told = call("post", f"silences/{later['id']}/extend/", longer, headers={"Idempotency-Key": "k2"})
    assert call("post", f"silences/{later['id']}/extend/", longer, headers={"Idempotency-Key": "k2"}) == told
    assert Silence.objects.get(pk=later["id"]).ends_at > hours(5) and told["state"] == "pending"
    call("post", f"silences/{made['id']}/extend/", longer, 409)
    call("post", f"silences/{later['id']}/extend/", {"ends_at": hours(-1).isoformat()}, 422)
    call("post", f"silences/{later['id']}/extend/", {}, 400)
    call("post", "silences/999999/extend/", longer, 404)
    client.force_login(person("vera", roles=["viewer"]))
    call("post", "silences/", body, 403)
    call("post", f"silences/{later['id']}/extend/", longer, 403)
    call("post", "silences/foresee/", {"matchers": body["matchers"]}, 403)
    client.force_login(commander)
    held = call("post", f"sources/{source.slug}/hold/", status=201)
    assert held["source"] == source.slug and held["matchers"] == []
    call("post", "sources/nobody/hold/", status=404)


def test_each_costs_the_same_for_1_and_30(client, admin, source, fire):
    def costs():
        found = {}
        for path in ("/silences/", "/api/v1/silences/", "/silences/new/", "/", "/alerts/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            found[path] = len(queries)
        return found

    def more(count, at):
        for number in range(count):
            one(admin, f"N{at}{number}", comment="x")
        fire(*(make_alert(f"N{at}{number}") for number in range(count)))

    client.force_login(admin)
    more(1, "a")
    silences.hold(source, actor=admin)
    costs()  # what is read once is read
    alone = costs()
    more(30, "b")
    assert costs() == alone


def test_what_a_silence_would_hide_over_rest(client, responder, person, source, fire):
    fire(make_alert("Down"), make_alert("Down", instance="2"), make_alert("Canary", service="cache"))
    lifecycle.set_private(Incident.objects.get(impacts__service__slug="cache"), True, actor=person("cara", roles=["commander"]))
    client.force_login(responder)

    def call(body, status=200):
        answer = client.post("/api/v1/silences/foresee/", body, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    told = call({"matchers": [{"label": "alertname", "op": "=~", "value": "Do.*|Canary"}]})
    assert (told["firing"], told["last_24_hours"], told["last_7_days"], told["is_cut"]) == (2, 2, 2, False)
    assert set(told["alerts"]) == set(Alert.objects.filter(name="Down").values_list("pk", flat=True)) and not Silence.objects.exists()
    assert call({"source": source.slug})["firing"] == 2
    call({"matchers": []}, 422)
    call({"matchers": [{"label": "a", "op": "=~", "value": "("}]}, 422)
    call({"matchers": "x"}, 400)


def test_counting_asks_the_firing_and_the_week_each_by_one_stretch(client, responder, fire):
    fire(make_alert("Down"))
    with CaptureQueriesContext(connection) as found:
        foresee(responder, [{"label": "alertname", "op": "=", "value": "Down"}], None)
    assert len(found) == 3
