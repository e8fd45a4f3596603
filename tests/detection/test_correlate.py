"""From alerts to groups, incidents and candidates."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from detection import audit, candidates
from detection.models import Alert, AlertGroup, Candidate, Envelope
from incidents import lifecycle
from incidents.models import Incident, State
from lib import clock as product_clock
from tests.detection.conftest import captured, make_alert, notification


def only():
    return Incident.objects.get()


@pytest.fixture(autouse=True)
def sound():
    """Whatever a test does, the rows fit together afterwards."""
    yield
    assert audit.invariants(full=True) == []


def test_a_critical_alert_declares_a_p1_on_its_service(fire, kinds):
    start = product_clock.now() - timedelta(minutes=3)
    answer = fire(make_alert(start=start))
    incident = only()
    assert answer == {"accepted": 1, "rejected": [], "incidents": [incident.reference]}
    assert (incident.severity, incident.state, [impact.service.slug for impact in incident.impacts.all()]) == ("P1", State.DECLARED, ["api-gateway"])
    assert abs(incident.began_at - start) < timedelta(milliseconds=1)
    assert incident.title == "Down on api-0" and incident.source == "detection:Alertmanager" and incident.declared_by is None
    assert kinds(incident) == ["incidents.declared", "detection.alerts"]
    alert = Alert.objects.get()
    assert alert.incident == incident and alert.group.incident == incident and alert.why["act"] == "opened"


def test_the_same_notification_again_changes_nothing(fire, kinds):
    alert = make_alert()
    first, second = fire(alert), fire(alert)
    assert first == second
    assert Alert.objects.get().times == 2
    assert kinds(only()) == ["incidents.declared", "detection.alerts"]
    assert Envelope.objects.count() == 2


def test_a_real_notification_opens_and_its_end_recovers_by_itself(fire, send, kinds):
    assert send(captured("prometheus-firing")).status_code == 202
    incident = only()
    assert incident.severity == "P1" and not incident.impacts.exists()
    assert Alert.objects.get().unknown_service == {"from": "unknown", "label": "service", "value": "checkout"}
    assert send(captured("prometheus-resolved")).status_code == 202
    incident.refresh_from_db()
    assert incident.recovered_at is not None and incident.state == State.DECLARED
    assert kinds(incident) == ["incidents.declared", "detection.alerts", "detection.alerts", "incidents.recovered"]


def test_alerts_of_one_service_share_an_incident_whatever_their_sender_grouped(fire):
    fire(make_alert("Latency", severity="warning"), make_alert("Down"), make_alert("Errors", severity="error"))
    incident = only()
    assert incident.severity == "P1" and incident.alerts.count() == 3
    assert sorted(Alert.objects.values_list("why__act", flat=True)) == ["joined", "joined", "opened"]


def test_other_services_have_their_own(fire):
    answer = fire(make_alert(), make_alert("Evicted", service="cache"))
    assert len(answer["incidents"]) == Incident.objects.count() == 2


def test_without_a_service_the_name_gathers(fire):
    fire(make_alert("A", service=None, instance="1"), make_alert("A", service=None, instance="2"), make_alert("B", service=None))
    assert sorted(Incident.objects.values_list("title", flat=True)) == ["A on 1", "B on api-0"]
    assert set(AlertGroup.objects.values_list("name", flat=True)) == {"A", "B"}


def test_a_joining_alert_raises_and_never_lowers(fire, kinds):
    fire(make_alert("A", severity="error"))
    fire(make_alert("B", severity="critical"))
    assert only().severity == "P1" and "incidents.severity" in kinds(only())
    fire(make_alert("C", severity="warning"), make_alert("D", severity="info"))
    assert only().severity == "P1"


def test_after_a_commander_set_it_machines_only_advise(fire, person, kinds):
    fire(make_alert("A", severity="error"))
    lifecycle.change_severity(only(), "P3", actor=person("cara", roles=["commander"]), reason="half as bad")
    fire(make_alert("B", severity="critical"))
    assert only().severity == "P3" and "incidents.severity_advised" in kinds(only())


def test_a_p3_waits_as_a_candidate_and_is_withdrawn_when_it_recovers(fire):
    alert = make_alert(severity="warning")
    assert fire(alert)["incidents"] == []
    candidate = Candidate.objects.get()
    assert (candidate.status, candidate.severity, candidate.service.slug) == ("waiting", "P3", "api-gateway")
    fire({**alert, "status": "resolved", "endsAt": make_alert(status="resolved")["endsAt"]})
    candidate.refresh_from_db()
    assert candidate.status == "withdrawn" and not Incident.objects.exists()


def test_a_candidate_waits_again_when_it_fires_within_the_hour(fire, clock):
    fire(make_alert(severity="warning", fingerprint="a"))
    fire(make_alert(severity="warning", fingerprint="a", status="resolved", start=Alert.objects.get().starts_at))
    clock.move("+5m")
    fire(make_alert(severity="warning", fingerprint="a"))
    assert Candidate.objects.get().status == "waiting"
    fire(make_alert(severity="warning", fingerprint="a", status="resolved", start=Alert.objects.order_by("-starts_at")[0].starts_at))
    clock.move("+61m")
    fire(make_alert(severity="warning", fingerprint="a"))
    assert sorted(Candidate.objects.values_list("status", flat=True)) == ["waiting", "withdrawn"]


def test_a_grave_alert_turns_a_candidate_into_an_incident(fire):
    fire(make_alert("A", severity="warning"))
    fire(make_alert("B"))
    candidate = Candidate.objects.get()
    assert (candidate.status, candidate.incident) == ("joined", only())
    assert only().alerts.count() == 2 and only().severity == "P1"


def test_p4_is_kept_alone(fire):
    fire(make_alert(severity="info"))
    alert = Alert.objects.get()
    assert (alert.severity, alert.group, alert.incident, alert.why["act"]) == ("P4", None, None, "kept")
    assert not Incident.objects.exists() and not Candidate.objects.exists() and not AlertGroup.objects.exists()


def test_an_accepted_candidate_counts_its_steps_from_its_declaration(fire, responder, clock, kinds):
    fire(make_alert(severity="warning"))
    clock.move("+20m")
    incident = candidates.accept(Candidate.objects.get(), actor=responder)
    assert incident.severity == "P3" and incident.alerts.count() == 1
    assert incident.detected_at < incident.declared_at - timedelta(minutes=19)
    assert min(step.due_at for step in incident.steps.exclude(due_at=None)) >= incident.declared_at
    assert kinds(incident) == ["incidents.declared", "detection.accepted"]
    assert candidates.accept(Candidate.objects.get(), actor=responder) == incident
    fire(make_alert("B", severity="warning"))
    assert incident.alerts.count() == 2


def test_a_dismissed_candidate_absorbs_its_own_resends_and_a_new_alert_asks_again(fire, responder):
    alert = make_alert(severity="warning")
    fire(alert)
    candidates.dismiss(Candidate.objects.get(), actor=responder)
    fire(alert)
    assert Candidate.objects.get().status == "dismissed"
    fire(make_alert("B", severity="warning"))
    assert sorted(Candidate.objects.values_list("status", flat=True)) == ["dismissed", "waiting"]


def test_a_dismissed_incident_absorbs_its_own_resends(fire, responder, kinds):
    alert = make_alert()
    fire(alert)
    lifecycle.transition(only(), State.DISMISSED, actor=responder, note="a test")
    before = kinds(only())
    fire(alert)
    assert kinds(only()) == before
    fire(make_alert("B"))
    assert Incident.objects.count() == 2


def test_for_a_confirmed_incident_the_watch_is_suggested(fire, responder, kinds):
    alert = make_alert()
    fire(alert)
    lifecycle.transition(only(), State.CONFIRMED, actor=responder)
    fire({**alert, "status": "resolved", "endsAt": alert["startsAt"]})
    assert kinds(only())[-2:] == ["detection.alerts", "incidents.watch_suggested"] and only().state == State.CONFIRMED


def test_one_of_two_ending_recovers_nothing(fire, kinds):
    one, two = make_alert("A"), make_alert("B")
    fire(one, two)
    fire({**one, "status": "resolved", "endsAt": one["startsAt"]})
    assert only().recovered_at is None
    fire({**two, "status": "resolved", "endsAt": two["startsAt"]})
    assert only().recovered_at is not None


def test_what_recovered_by_itself_and_fires_again_is_open_as_before(fire, clock, kinds):
    alert = make_alert()
    fire(alert)
    fire({**alert, "status": "resolved", "endsAt": alert["startsAt"]})
    clock.move("+10m")
    fire(make_alert())
    assert only().recovered_at is None and kinds(only())[-2:] == ["incidents.fires_again", "detection.alerts"]


def test_a_refire_while_watching_restarts_the_watch(fire, responder, clock, kinds):
    alert = make_alert()
    fire(alert)
    fire({**alert, "status": "resolved", "endsAt": alert["startsAt"]})
    lifecycle.transition(only(), State.WATCHING, actor=responder)
    clock.move("+20m")
    fire(make_alert())
    assert "incidents.watch_restarted" in kinds(only()) and only().state == State.WATCHING


@pytest.mark.parametrize(("minutes", "state", "count"), [(59, State.DIAGNOSING, 1), (61, State.RESOLVED, 2)])
def test_a_refire_after_resolving_reopens_for_an_hour_and_is_new_later(fire, responder, clock, minutes, state, count):
    alert = make_alert()
    fire(alert)
    fire({**alert, "status": "resolved", "endsAt": alert["startsAt"]})
    lifecycle.transition(only(), State.RESOLVED, actor=responder)
    clock.move(f"+{minutes}m")
    fire(make_alert())
    first = Incident.objects.order_by("pk")[0]
    assert (first.state, Incident.objects.count()) == (state, count)
    if count == 2:
        assert Incident.objects.order_by("pk")[1].related_to == first


def test_alerts_of_a_merged_incident_go_to_its_target(fire, person):
    cara = person("cara", roles=["commander"])
    fire(make_alert("A"))
    fire(make_alert("B", service="cache"))
    target, source = Incident.objects.order_by("pk")
    lifecycle.merge(source, target, actor=cara)
    assert target.alerts.count() == 2
    assert fire(make_alert("C", service="cache"))["incidents"] == [target.reference]
    assert target.alerts.count() == 3 and Incident.objects.count() == 2


def test_a_private_incident_is_joined_and_not_named(fire, person):
    fire(make_alert("A"))
    lifecycle.set_private(only(), True, actor=person("cara", roles=["commander"]))
    assert fire(make_alert("B"))["incidents"] == []
    assert only().alerts.count() == 2


def test_a_new_start_while_firing_continues_the_row(fire, state):
    now = product_clock.now()
    fire(make_alert(start=now - timedelta(minutes=9)))
    fire(make_alert(start=now - timedelta(minutes=5)))
    assert Alert.objects.get().starts_at == now - timedelta(minutes=9)
    fire(make_alert(start=now - timedelta(minutes=5), status="resolved", end=now))
    assert Alert.objects.get().status == "resolved"


def test_an_end_alone_opens_nothing(fire):
    fire(make_alert(status="resolved"))
    alert = Alert.objects.get()
    assert (alert.status, alert.fired, alert.why["act"]) == ("resolved", False, "end_only")
    assert not Incident.objects.exists()


def test_end_first_and_firing_later_leave_an_incident_to_look_at(fire):
    alert = make_alert()
    fire({**alert, "status": "resolved", "endsAt": alert["startsAt"]})
    fire(alert)
    assert only().recovered_at is not None and Alert.objects.get().status == "resolved"


def test_odd_starts_are_taken_with_a_note(fire):
    now = product_clock.now()
    fire(make_alert("Future", start=now + timedelta(days=3), service="cache"), make_alert("Old", start=now - timedelta(days=90)))
    notes = dict(Alert.objects.values_list("name", "why__notes"))
    assert notes == {"Future": ["start_future"], "Old": ["start_old"]}
    assert all(abs(incident.began_at - incident.detected_at) < timedelta(seconds=1) for incident in Incident.objects.all())


@pytest.mark.parametrize(("word", "severity"), [
    ("critical", "P1"), ("PAGE", "P1"), ("fatal", "P1"), ("error", "P2"), ("High", "P2"), ("warning", "P3"), ("moderate", "P3"), ("info", "P4"), ("none", "P4"),
    ("P2", "P2"), ("zebra", "P3"), (None, "P3"), ("", "P3"), ("сritical", "P3"),
])  # fmt: skip
def test_words_mean_severities(fire, word, severity):
    fire(make_alert(severity=word))
    assert Alert.objects.get().severity == severity


def count_queries(fire, alerts):
    with CaptureQueriesContext(connection) as queries:
        fire(*alerts)
    return len(queries)


def alerts_of(count, **labels):
    return [make_alert(f"A{number}", fingerprint=f"{count}-{number}", **labels) for number in range(count)]


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_500_alerts_cost_as_many_queries_as_one(fire, severity):
    fire(make_alert("warm", severity=severity, service="cache"))

    def costs(alerts):
        """Of their beginning, of hearing them again, of their end."""
        ended = [{**alert, "status": "resolved", "endsAt": alert["startsAt"]} for alert in alerts]
        return [count_queries(fire, batch) for batch in (alerts, alerts, ended)]

    one, many = costs(alerts_of(1, severity=severity)), costs(alerts_of(500, severity=severity, service="file-storage"))
    assert many == one
    assert Alert.objects.filter(status="resolved").count() == 501


def test_a_batch_and_incident_are_one_entry(fire, kinds):
    fire(*alerts_of(20))
    assert kinds(only()).count("detection.alerts") == 1


def test_truncation_is_remembered(send):
    assert send(captured("truncated-firing")).status_code == 202
    assert Envelope.objects.get().truncated == 3
    assert send(notification()).status_code == 202
