"""Setting right what came before a mapping: in batches, by lease, taken up again; what is over stays as it was."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from detection import audit, mapping, restating, setting_right
from detection.models import Alert, AlertGroup, Candidate, Mapping, Restatement
from detection.sweeps import restate
from incidents import lifecycle
from incidents.models import Incident, Service, State
from lib.failpoints import FailpointHit
from tests.detection.conftest import make_alert
from tests.detection.test_api import api  # noqa: F401 - a fixture


@pytest.fixture
def put(admin):
    """Makes a mapping, and sets nothing right yet."""

    def make(label, value, **means):
        if slug := means.get("service"):
            means["service"] = Service.objects.get(slug=slug)
        return mapping.put(label, value, means, actor=admin)[0]

    return make


@pytest.fixture
def fails(settings):
    """Lets a failpoint hit, or none."""

    def at(text):
        settings.FAILPOINTS = text

    settings.TESTING = True
    return at


@pytest.fixture(autouse=True)
def sound(db):
    """Whatever a test did, the rows hold together."""
    yield
    assert audit.invariants(full=True) == []


def many(count, name="A", **labels):
    return [make_alert(name, instance=f"i{number}", **labels) for number in range(count)]


def ended(*alerts):
    return [{**alert, "status": "resolved", "endsAt": alert["startsAt"]} for alert in alerts]


def close(incident, actor):
    lifecycle.transition(incident, State.CONFIRMED, actor=actor)
    lifecycle.transition(Incident.objects.get(pk=incident.pk), State.RESOLVED, actor=actor)
    return Incident.objects.get(pk=incident.pk)


def result():
    """What came of it, whatever the way there."""
    alerts = [
        (row.fingerprint, row.severity, row.service and row.service.slug, row.why, bool(row.incident_id)) for row in Alert.objects.order_by("fingerprint")
    ]
    incidents = [(one.severity, sorted(impact.service.slug for impact in one.impacts.all())) for one in Incident.objects.order_by("pk")]
    told = [(entry.kind, entry.incident_id) for entry in Incident.objects.get().entries.filter(kind="detection.mapped")]
    return alerts, incidents, len(told), list(Candidate.objects.values_list("status", "severity", "service__slug"))


def test_a_mapping_is_made_at_once_and_the_rest_is_the_sweeps(put, fire):
    fire(*many(3, severity="info"))
    with CaptureQueriesContext(connection) as few:
        put("alertname", "A", severity="P3")
    assert set(Alert.objects.values_list("severity", flat=True)) == {"P4"}
    assert [(one.looked, one.total) for one in restating.under_way()] == [(0, 3)]
    fire(*many(40, "B", severity="info"))
    with CaptureQueriesContext(connection) as many_more:
        put("alertname", "B", severity="P3")
    assert len(few) == len(many_more)
    assert restate() == 43 and restate() == 0 and not restating.under_way()
    assert set(Alert.objects.values_list("severity", flat=True)) == {"P3"}


@pytest.mark.parametrize("where", ["detection.restated=raise@2", "detection.half_restated=raise@3"])
def test_killed_in_the_middle_it_goes_on_and_ends_the_same(put, fire, fails, monkeypatch, clock, tmp_path, settings, where):
    monkeypatch.setattr(restating, "BATCH", 4)
    monkeypatch.setattr(restating, "TURN_SECONDS", 0)
    monkeypatch.setattr(setting_right, "hit", _dies(setting_right.hit))
    settings.DATA_DIR = tmp_path
    fire(*many(10, severity="warning", service="gone", host="h"))
    put("host", "h", severity="P1", service="cache")
    fails(where)
    with pytest.raises((FailpointHit, KeyboardInterrupt)):
        restate()
    row = Restatement.objects.get()
    assert row.done_at is None and 0 < row.looked < 10 and row.lease_token
    assert restate() == 0  # its lease still runs
    clock.move("+31s")
    fails("")
    assert restate() == 10 - row.looked
    broken = result()
    assert not restating.under_way() and set(Alert.objects.values_list("severity", "service__slug")) == {("P1", "cache")}
    assert broken[1] == [("P1", ["cache"])] and broken[2] <= 1
    Restatement.objects.update(done_at=None, position=0, looked=0)
    assert restate() == 10 and result() == broken


def _dies(hit):
    """A kill is nothing that `except Exception` holds up."""

    def fall(name):
        try:
            hit(name)
        except FailpointHit as error:
            raise KeyboardInterrupt from error

    return fall


def test_another_meaning_meanwhile_begins_anew_and_stops_who_is_at_it(put, fire, monkeypatch):
    monkeypatch.setattr(restating, "BATCH", 2)
    monkeypatch.setattr(restating, "TURN_SECONDS", 0)
    fire(*many(6, severity="info"))
    put("alertname", "A", severity="P3")
    whole = setting_right.unit

    def interrupted(*arguments):
        whole(*arguments)
        if not Mapping.objects.filter(severity="P2").exists():
            put("alertname", "A", severity="P2")

    monkeypatch.setattr(setting_right, "unit", interrupted)
    assert restate() == 2 and Restatement.objects.get().looked == 0
    assert restate() == 6 and set(Alert.objects.values_list("severity", flat=True)) == {"P2"} and Incident.objects.count() == 1


def test_a_mapping_taken_back_leaves_what_was_not_set_right_yet(put, fire, admin):
    fire(*many(2, severity="info"))
    mapping.forget(put("alertname", "A", severity="P1"), actor=admin)
    assert restate() == 0 and not Restatement.objects.exists() and set(Alert.objects.values_list("severity", flat=True)) == {"P4"}


def test_one_groups_trouble_holds_up_no_other_and_is_tried_again(put, fire, monkeypatch, clock):
    fire(*many(1, severity="info", service="api-gateway"), *many(1, "B", severity="info", service="cache"))
    put("severity", "info", severity="P3")
    whole = setting_right.unit

    def poisoned(asked, meant, source, group_id, keys):
        if Alert.objects.filter(pk__in=keys, name="A").exists() and len(keys) == 1:
            raise ValueError("poison")
        whole(asked, meant, source, group_id, keys)

    monkeypatch.setattr(setting_right, "units", lambda _mapping, alerts: [(row.source, row.group_id, [row.pk]) for row in alerts])
    monkeypatch.setattr(setting_right, "unit", poisoned)
    restate()
    assert dict(Alert.objects.values_list("name", "severity")) == {"A": "P4", "B": "P3"} and "poison" in Restatement.objects.get().error
    assert restate() == 0
    clock.move("+11m")
    assert audit.invariants() == [f"what mapping {Mapping.objects.get().pk} concerns is not set right yet"]
    monkeypatch.setattr(setting_right, "unit", whole)
    restate()
    assert set(Alert.objects.values_list("severity", flat=True)) == {"P3"} and not restating.under_way()


@pytest.mark.parametrize(("later", "severity"), [("+59m", "P4"), ("+61m", "P1")])
def test_what_ended_follows_only_while_its_incident_could_reopen(put, fire, person, clock, later, severity):
    cara = person("cara", roles=["commander"])
    fire(alert := make_alert("A"))
    fire(*ended(alert))
    incident = close(Incident.objects.get(), cara)
    before = incident.entries.count()
    clock.move(later)
    assert AlertGroup.objects.get().is_open
    put("alertname", "A", severity="P4", service="cache")
    restate()
    alert = Alert.objects.get()
    incident.refresh_from_db()
    assert (alert.severity, alert.incident) == (severity, incident)
    assert incident.severity == "P1" and incident.state == State.RESOLVED and incident.entries.count() == before


def test_what_still_fires_in_an_incident_that_is_over_gets_its_meaning_and_moves_nothing(put, fire, person, clock):
    cara = person("cara", roles=["commander"])
    fire(make_alert("A", severity="error"))
    incident = Incident.objects.get()
    lifecycle.transition(incident, State.DISMISSED, actor=cara, note="no fault")
    before, key = incident.entries.count(), AlertGroup.objects.get().key
    put("alertname", "A", severity="P1", service="cache")
    restate()
    alert = Alert.objects.get()
    incident.refresh_from_db()
    assert (alert.severity, alert.service.slug, alert.incident) == ("P1", "cache", incident) and Incident.objects.count() == 1
    assert (incident.severity, incident.state, incident.entries.count(), AlertGroup.objects.get().key) == ("P2", State.DISMISSED, before, key)


def test_what_ended_without_leading_anywhere_and_candidates_of_long_ago_stay(put, fire, clock):
    fire(one := make_alert("A", severity="info"), two := make_alert("B", severity="warning", service="cache"))
    fire(*ended(one, two))
    clock.move("+61m")
    assert Candidate.objects.get().status == "withdrawn" and AlertGroup.objects.get().is_open
    put("severity", "info", severity="P1")
    put("severity", "warning", severity="P1")
    assert restate() == 0 and dict(Alert.objects.values_list("name", "severity")) == {"A": "P4", "B": "P3"}


def test_pages_show_what_is_under_way_to_who_may_configure(put, fire, client, admin, responder, api):  # noqa: F811
    fire(*many(2, severity="info", service="gone"))
    row = put("alertname", "A", severity="P3")
    pages = (Alert.objects.all()[0].get_absolute_url(), "/alerts/unrouted/", "/settings/sources/", "/settings/mappings/under-way/")
    client.force_login(admin)
    for path in pages:
        assert "“alertname=A” has a new meaning: setting right 0 of 2 alerts" in client.get(path).content.decode()
    assert api("get", f"mappings/{row.pk}/")["under_way"] == {"looked": 0, "total": 2}
    restate()
    answer = client.get(pages[-1], headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true" and answer.content.strip() == b""
    assert all("has a new meaning" not in client.get(path).content.decode() for path in pages[:3])
    assert api("get", f"mappings/{row.pk}/")["under_way"] is None
    put("alertname", "A", severity="P4")
    client.force_login(responder)
    assert "has a new meaning" not in client.get(pages[0]).content.decode() and client.get(pages[-1]).status_code == 403
