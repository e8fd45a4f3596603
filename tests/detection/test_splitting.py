"""Some alerts of an incident turn out to be another one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from detection import audit, splitting
from detection.models import Alert, AlertGroup
from incidents import lifecycle, timeline
from incidents.models import Grant, Incident, State
from lib.errors import Forbidden, NotFound, Refused
from tests.detection.conftest import make_alert


@pytest.fixture(autouse=True)
def _sound(world):
    yield
    assert audit.invariants(full=True) == []


@pytest.fixture
def cara(person):
    return person("cara", roles=["commander"])


def incident_of(name):
    return Alert.objects.filter(name=name).order_by("-starts_at").first().incident


def split(name, actor, reason="another cause", **more):
    alerts = list(Alert.objects.filter(name=name))
    return splitting.split(alerts[0].incident, alerts, actor=actor, reason=reason, **more)


def test_chosen_alerts_become_a_new_related_incident(fire, cara, kinds):
    fire(make_alert("Down"), make_alert("Full", severity="error"))
    old = Incident.objects.get()
    new = split("Full", cara)
    assert (new.related_to, new.severity, new.title, new.state) == (old, "P2", "Full on api-0", State.DECLARED)
    assert [impact.service.slug for impact in new.impacts.all()] == ["api-gateway"]
    assert (incident_of("Down"), incident_of("Full")) == (old, new)
    assert kinds(new) == ["incidents.declared", "incidents.split_from"] and kinds(old)[-1] == "incidents.split_into"
    assert "Full on api-0" in timeline.lines(old)[-1].html and new.reference in timeline.lines(old)[-1].html
    assert old.reference in timeline.lines(new)[-1].html


def test_title_and_severity_may_be_said(fire, cara):
    fire(make_alert("Down"), make_alert("Full"))
    new = split("Full", cara, title="Disks", severity="P3")
    assert (new.title, new.severity) == ("Disks", "P3")


def test_its_steps_count_from_the_split(fire, cara, clock):
    fire(make_alert("Down"), make_alert("Full"))
    at = clock.move("+2h")
    new = split("Full", cara)
    assert new.detected_at < at and all(step.due_at is None or step.due_at >= at for step in new.steps.all())


@pytest.mark.parametrize("names", [[], ["Down", "Full"]])
def test_neither_none_nor_all_of_them_leave(fire, cara, names):
    fire(make_alert("Down"), make_alert("Full"))
    with pytest.raises(Refused):
        splitting.split(Incident.objects.get(), Alert.objects.filter(name__in=names), actor=cara, reason="no")
    assert Incident.objects.count() == 1


def test_neither_alerts_of_others_nor_of_what_is_over(fire, cara):
    fire(make_alert("Down"), make_alert("Full"), make_alert("Elsewhere", service="cache"))
    with pytest.raises(Refused):
        splitting.split(incident_of("Down"), Alert.objects.filter(name="Elsewhere"), actor=cara, reason="no")
    lifecycle.transition(incident_of("Down"), "resolved", actor=cara)
    with pytest.raises(Refused):
        split("Full", cara)
    assert Incident.objects.count() == 2


def test_who_may_not_command_may_not_split_but_who_took_command_may(fire, responder):
    fire(make_alert("Down"), make_alert("Full"))
    with pytest.raises(Forbidden):
        split("Full", responder)
    lifecycle.assign(Incident.objects.get(), "commander", responder, actor=responder)
    assert split("Full", responder).related_to == incident_of("Down")


def test_what_is_split_off_is_as_private_for_the_same_people(fire, person, cara):
    mina = person("mina")
    fire(make_alert("Down"), make_alert("Full"))
    old = lifecycle.set_private(Incident.objects.get(), True, actor=cara)
    lifecycle.grant(old, actor=cara, person=mina)
    new = split("Full", cara)
    assert new.is_private and set(Grant.objects.filter(incident=new).values_list("person", flat=True)) == {mina.pk, cara.pk}
    with pytest.raises(NotFound):
        split("Down", person("carl", roles=["commander"]))


def test_a_drill_stays_a_drill(fire, cara):
    fire(make_alert("Down"), make_alert("Full"))
    Incident.objects.update(is_drill=True)
    assert split("Full", cara).reference.startswith("DRILL-")


def test_splitting_twice_makes_one(fire, cara, kinds):
    fire(make_alert("Down"), make_alert("Full"))
    old, alerts = Incident.objects.get(), list(Alert.objects.filter(name="Full"))
    first = splitting.split(old, alerts, actor=cara, reason="another cause")
    before = kinds(old)
    assert splitting.split(old, alerts, actor=cara, reason="another cause") == first
    assert Incident.objects.count() == 2 and kinds(old) == before


def test_recovery_is_told_where_it_happened(fire, cara):
    fire(make_alert("Down"), make_alert("Full"))
    fire(make_alert("Full", status="resolved"))
    old = Incident.objects.get()
    new = split("Full", cara)
    new.refresh_from_db()
    old.refresh_from_db()
    assert new.recovered_at is not None and old.recovered_at is None


def test_what_is_left_without_a_firing_alert_has_recovered(fire, cara):
    fire(make_alert("Down"), make_alert("Full"))
    fire(make_alert("Full", status="resolved"))
    old = Incident.objects.get()
    new = split("Down", cara)
    new.refresh_from_db()
    old.refresh_from_db()
    assert new.recovered_at is None and old.recovered_at is not None


def test_others_of_the_service_keep_joining_the_original(fire, cara):
    fire(make_alert("Down"), make_alert("Full"))
    new = split("Full", cara)
    fire(make_alert("Slow"))
    assert incident_of("Slow") == incident_of("Down") != new


def test_the_same_thing_firing_again_follows_what_was_split_off(fire, cara, clock):
    fire(make_alert("Down"), make_alert("Full"))
    new = split("Full", cara)
    fire(make_alert("Full", start=Alert.objects.get(name="Full").starts_at, status="resolved"))
    clock.move("+3h")
    fire(make_alert("Full"), make_alert("Down"))
    assert incident_of("Full") == new and Alert.objects.filter(name="Full").count() == 2
    new.refresh_from_db()
    assert new.recovered_at is None


def test_it_reopens_what_was_split_off_for_an_hour_and_is_the_services_afterwards(fire, cara, clock):
    fire(make_alert("Down"), make_alert("Full"))
    old, new = Incident.objects.get(), split("Full", cara)
    for later, wanted in (("+30m", new), ("+2h", old), ("+10m", old)):
        fire(make_alert("Full", start=Alert.objects.filter(name="Full").order_by("starts_at").last().starts_at, status="resolved"))
        new = Incident.objects.get(pk=new.pk)
        if new.is_open:
            lifecycle.transition(new, "resolved", actor=cara)
        clock.move(later)
        fire(make_alert("Full"))
        assert incident_of("Full") == wanted
        assert wanted == old or Incident.objects.get(pk=new.pk).state == State.DIAGNOSING


def test_a_group_of_which_all_leave_goes_along(fire, cara):
    fire(make_alert("Down"), make_alert("Elsewhere", service="cache"))
    target = lifecycle.merge(incident_of("Elsewhere"), incident_of("Down"), actor=cara)
    new = split("Elsewhere", cara)
    fire(make_alert("More", service="cache"), make_alert("Slow"))
    assert incident_of("More") == new and incident_of("Slow") == target


def test_merging_takes_a_split_back(fire, cara):
    fire(make_alert("Down"), make_alert("Full"))
    old = Incident.objects.get()
    new = split("Full", cara)
    merged = lifecycle.merge(new, old, actor=cara)
    fire(make_alert("Full", start=Alert.objects.get(name="Full").starts_at, status="resolved"))
    fire(make_alert("Full", start=None), make_alert("Slow"))
    assert set(Alert.objects.values_list("incident", flat=True)) == {merged.pk}
    again = split("Full", cara)
    assert again.pk not in (old.pk, new.pk) and again.related_to == old


def test_a_split_can_be_split(fire, cara):
    fire(make_alert("Down"), make_alert("Full"), make_alert("Hot"))
    first = splitting.split(Incident.objects.get(), Alert.objects.filter(name__in=["Full", "Hot"]), actor=cara, reason="disks")
    second = split("Hot", cara)
    assert second.related_to == first and AlertGroup.objects.open().count() == 3


@pytest.mark.django_db(transaction=True)
def test_racing_splits_make_one(fire, cara):
    fire(make_alert("Down"), make_alert("Full"))
    old, alerts = Incident.objects.get(), list(Alert.objects.filter(name="Full"))

    def press(_number):
        try:
            return splitting.split(old, alerts, actor=cara, reason="another cause").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(press, range(4)))) == 1
    assert Incident.objects.count() == 2


def test_the_page_offers_it_and_carries_it_out(fire, client, cara):
    fire(make_alert("Down"), make_alert("Full"))
    old, alert = Incident.objects.get(), Alert.objects.get(name="Full")
    client.force_login(cara)
    assert "Split off…" in client.get(old.get_absolute_url()).content.decode()
    url = reverse("incidents:act", args=[old.reference, "split"])
    form = client.get(url, {"alerts": [alert.pk]}).content.decode()
    assert form.count('name="alerts"') == 2 and form.count("checked") == 1
    answer = client.post(url, {"alerts": [alert.pk], "reason": ""})
    assert answer.status_code == 422 and "checked" in answer.content.decode()
    assert client.post(url, {"alerts": [alert.pk], "reason": "another cause", "severity": "P2"}).status_code == 302
    assert incident_of("Full").severity == "P2"
    assert incident_of("Full").reference in client.get(old.get_absolute_url()).content.decode()


def test_the_page_does_not_offer_it_to_who_may_not(fire, client, responder):
    fire(make_alert("Down"), make_alert("Full"))
    client.force_login(responder)
    assert "Split off…" not in client.get(Incident.objects.get().get_absolute_url()).content.decode()


def test_the_api_splits(fire, client, cara):
    fire(make_alert("Down"), make_alert("Full"))
    old, alert = Incident.objects.get(), Alert.objects.get(name="Full")
    client.force_login(cara)
    url = f"/api/v1/incidents/{old.reference}/split/"
    answer = client.post(url, {"alerts": [alert.pk], "reason": "another cause", "title": "Disks"}, content_type="application/json")
    assert answer.status_code == 201
    assert answer.json() == {"incident": Incident.objects.get(title="Disks").reference}
    again = client.post(url, {"alerts": [alert.pk], "reason": "another cause"}, content_type="application/json")
    assert (again.status_code, again.json()) == (201, answer.json())


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 422), ({"alerts": [], "reason": "x"}, 422), ({"alerts": [99], "reason": "x"}, 422), ({"alerts": "all", "reason": "x"}, 422),
        ({"alerts": [2**80], "reason": "x"}, 422), ({"alerts": ["down", "full"], "reason": "x"}, 422), ({"alerts": [1], "reason": ""}, 422),
    ],
)  # fmt: skip
def test_the_api_refuses_what_makes_no_sense(fire, client, cara, said, status):
    fire(make_alert("Down"), make_alert("Full"))
    client.force_login(cara)
    url = f"/api/v1/incidents/{Incident.objects.get().reference}/split/"
    assert client.post(url, said, content_type="application/json").status_code in (status, 400)
    assert Incident.objects.count() == 1
