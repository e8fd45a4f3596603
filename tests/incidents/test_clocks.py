"""Clocks run against the playbook's targets and follow severity, services, milestones and states."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents import clocks, lifecycle, playbook, services
from incidents.deadlines import sweep_steps
from incidents.models import Clock, Incident, Service


def rto(incident):
    return Clock.objects.get(incident=incident, kind="rto")


def rpo(incident, slug="primary-database"):
    return Clock.objects.get(incident=incident, kind="rpo", service__slug=slug)


def told(incident, kind="incidents.clock_breached"):
    return [json.loads(entry.body.content)["data"] for entry in incident.entries.filter(kind=kind).order_by("seq").select_related("body")]


@pytest.mark.parametrize(
    ("severity", "slugs", "target", "by"),
    [
        ("P1", [], 900, None),
        ("P1", ["api-gateway"], 300, "api-gateway"),  # the service's is stricter
        ("P1", ["api-gateway", "alerting"], 120, "alerting"),
        ("P1", ["file-storage"], 900, None),  # the severity's is stricter
        ("P2", ["file-storage"], 1800, "file-storage"),
        ("P3", ["api-gateway"], 4 * 3600, None),  # P3 and P4 keep the severity's
        ("P4", ["api-gateway"], 24 * 3600, None),
    ],
)
def test_the_recovery_target_is_the_strictest_for_p1_and_p2(declare, severity, slugs, target, by):
    row = rto(declare(severity=severity, services=slugs))
    assert (row.target_seconds, row.service.slug if row.service else None) == (target, by)
    assert row.is_working_time is (severity in ("P3", "P4"))


def test_it_runs_from_the_beginning(declare, clock):
    began = clock.now() - timedelta(minutes=4)
    row = rto(declare(services=[], began=began, detected=clock.now()))
    assert row.started_at == began
    assert row.due_at == began + timedelta(minutes=15)


def test_p3_runs_in_working_time(declare, clock):
    clock.at(datetime(2026, 3, 6, 16, 0, tzinfo=UTC))  # Friday: two hours left
    row = rto(declare(severity="P3", services=[]))
    assert abs(row.due_at - datetime(2026, 3, 9, 11, 0, tzinfo=UTC)) < timedelta(seconds=5)


def test_entering_the_watch_stops_it_and_back_to_diagnosing_clears_it(declare, commander, clock):
    incident = declare(services=[])
    clock.move("+10m")
    incident = lifecycle.transition(incident, "watching", actor=commander)
    assert rto(incident).stopped_at == incident.mitigated_at
    incident = lifecycle.transition(incident, "diagnosing", actor=commander, note="back again")
    assert rto(incident).stopped_at is None
    clock.move("+6m")
    sweep_steps()
    assert rto(incident).breached_at


def test_resolving_at_once_stops_it(declare, commander):
    incident = lifecycle.transition(declare(), "resolved", actor=commander)
    assert rto(incident).stopped_at == incident.mitigated_at


def test_a_broken_target_is_told_once(declare, clock):
    incident = declare(services=["cache"])
    clock.move("+5m")
    sweep_steps()
    sweep_steps()
    [entry] = told(incident)
    assert (entry["kind"], entry["service"], entry["target"]) == ("rto", "cache", 300)


def test_a_target_broken_between_two_sweeps_is_told_when_it_stops(declare, commander, clock):
    incident = declare(services=[])
    clock.move("+16m")
    incident = lifecycle.transition(incident, "watching", actor=commander)
    assert len(told(incident)) == 1
    sweep_steps()
    assert len(told(incident)) == 1


def test_a_false_alarm_breaks_no_target(declare, commander, clock):
    incident = lifecycle.transition(declare(), "dismissed", actor=commander)
    assert rto(incident).stopped_at
    clock.move("+2h")
    sweep_steps()
    assert told(incident) == []


def test_a_corrected_milestone_computes_the_verdict_anew(declare, commander, clock):
    incident = declare(services=[])
    clock.move("+14m")
    recovered = clock.now()
    clock.move("+6m")
    incident = lifecycle.transition(incident, "watching", actor=commander)
    assert rto(incident).breached_at
    for name in ("confirmed", "acknowledged"):
        Incident.objects.filter(pk=incident.pk).update(**{f"{name}_at": recovered})
    lifecycle.edit_milestone(incident, "mitigated", recovered, actor=commander, reason="it was back earlier")
    assert rto(incident).breached_at is None


def test_severity_and_services_move_the_target(declare, commander, clock):
    incident = declare(severity="P2", services=[])
    assert rto(incident).target_seconds == 3600
    lifecycle.set_services(incident, {"agent-coordinator": "outage"}, actor=commander)
    assert rto(incident).target_seconds == 600
    lifecycle.set_services(incident, {}, actor=commander)
    lifecycle.change_severity(incident, "P1", actor=commander, reason="it grows")
    assert rto(incident).target_seconds == 900
    assert Clock.objects.filter(incident=incident, kind="rto").count() == 1


def test_a_longer_target_is_not_broken_yet(declare, commander, clock):
    incident = declare(services=[])
    clock.move("+16m")
    sweep_steps()
    assert rto(incident).breached_at
    lifecycle.change_severity(incident, "P2", actor=commander, reason="smaller")
    assert rto(incident).breached_at is None


def test_data_exposure_is_the_age_of_the_last_recovery_point(declare, commander, clock):
    database = Service.objects.get(slug="primary-database")
    now = clock.now()
    for age in (120, 600):
        services.report_recovery_point(database, now - timedelta(seconds=age), actor=commander)
    row = rpo(declare(services=["primary-database"], began=now, detected=now))
    assert (row.exposure_seconds, row.target_seconds, row.stopped_at) == (120, 300, now)
    sweep_steps()
    assert rpo(row.incident).breached_at is None


def test_without_a_recovery_point_the_exposure_is_unknown(declare):
    row = rpo(declare(services=["primary-database"]))
    assert row.exposure_seconds is None
    sweep_steps()
    assert rpo(row.incident).breached_at is None


def test_too_old_a_recovery_point_breaks_the_target_once(declare, commander, clock):
    now = clock.now()
    services.report_recovery_point(Service.objects.get(slug="primary-database"), now - timedelta(minutes=6), actor=commander)
    incident = declare(services=["primary-database"], began=now, detected=now)
    sweep_steps()
    sweep_steps()
    [entry] = told(incident)
    assert (entry["kind"], entry["service"], entry["exposure"]) == ("rpo", "primary-database", 360)


def test_a_recovery_point_told_later_counts_for_open_incidents(declare, commander, clock):
    now = clock.now()
    incident = declare(services=["primary-database"], began=now, detected=now)
    services.report_recovery_point(Service.objects.get(slug="primary-database"), now - timedelta(seconds=30), actor=commander)
    assert rpo(incident).exposure_seconds == 30


def test_a_service_no_longer_hit_has_no_exposure(declare, commander):
    incident = declare(services=["primary-database", "cache"])
    lifecycle.set_services(incident, {"cache": "partial"}, actor=commander)
    assert list(Clock.objects.filter(incident=incident, kind="rpo").values_list("service__slug", flat=True)) == ["cache"]


def watch(incident):
    return Clock.objects.filter(incident=incident, kind="watch").first()


def test_a_p1_is_watched_for_thirty_minutes_and_told_once(incident, commander, clock, kinds):
    lifecycle.transition(incident, "watching", actor=commander)
    assert watch(incident).target_seconds == 1800
    clock.move("+29m")
    sweep_steps()
    assert "incidents.watch_over" not in kinds(incident)
    clock.move("+1m")
    sweep_steps()
    sweep_steps()
    assert kinds(incident).count("incidents.watch_over") == 1
    assert incident.steps.get(list="response", key="watch").done_at


@pytest.mark.parametrize("severity", ["P2", "P3", "P4"])
def test_the_others_have_no_watch(declare, commander, severity):
    incident = lifecycle.transition(declare(severity=severity), "watching", actor=commander)
    assert watch(incident) is None


def test_a_refire_begins_the_watch_anew(incident, commander, clock, kinds):
    lifecycle.transition(incident, "watching", actor=commander)
    clock.move("+20m")
    lifecycle.restart_watch(incident)
    clock.move("+20m")
    sweep_steps()
    assert "incidents.watch_over" not in kinds(incident)
    clock.move("+10m")
    sweep_steps()
    assert kinds(incident).count("incidents.watch_over") == 1


def test_leaving_the_watch_ends_it(incident, commander, clock, kinds):
    lifecycle.transition(incident, "watching", actor=commander)
    lifecycle.transition(incident, "diagnosing", actor=commander, note="back again")
    clock.move("+40m")
    sweep_steps()
    assert "incidents.watch_over" not in kinds(incident)
    lifecycle.transition(incident, "watching", actor=commander)
    assert watch(incident).stopped_at is None


def test_an_incident_keeps_the_targets_of_its_playbook(incident, commander):
    item = {**playbook.current().items("severities")["P1"], "rto_seconds": 60}
    playbook.edit("severities", "P1", item, actor=commander)
    lifecycle.set_services(incident, {}, actor=commander)
    assert rto(incident).target_seconds == 900


def test_recomputing_asks_a_constant_number_of_questions(declare, clock, django_assert_num_queries):
    few, many = declare(services=["cache"]), declare(services=[service.slug for service in Service.objects.all()])
    with CaptureQueriesContext(connection) as asked:
        clocks.recompute(few, now=clock.now())
    with django_assert_num_queries(len(asked)):
        clocks.recompute(many, now=clock.now())


def test_a_false_alarm_dismissed_late_is_not_called_a_broken_target(declare, commander, clock):
    incident = declare(services=[])
    clock.move("+20m")
    incident = lifecycle.transition(incident, "dismissed", actor=commander)
    assert rto(incident).breached_at is None
    assert told(incident) == []
