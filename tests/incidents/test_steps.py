"""Lists open with the severity, follow it, are ticked by what happens and missed in public."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from incidents import lifecycle, playbook, steps
from incidents.deadlines import sweep_steps
from incidents.models import Incident, Step, TimelineEntry
from lib.errors import Forbidden

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # 10:00 on a working day


@pytest.fixture
def monday(clock):
    """It is Monday morning."""
    clock.at(MONDAY)
    return clock


def keys(incident, name):
    return set(Step.objects.pending().filter(incident=incident, list=name).values_list("key", flat=True))


def step(incident, key, name="response"):
    return Step.objects.get(incident=incident, list=name, key=key)


def minutes(incident, key, name="response"):
    return round((step(incident, key, name).due_at - incident.detected_at).total_seconds() / 60)


def told(incident, kind):
    return [json.loads(entry.body.content)["data"] for entry in incident.entries.filter(kind=kind).order_by("seq").select_related("body")]


@pytest.mark.parametrize(
    ("severity", "lists"), [("P1", {"response", "response_checklist"}), ("P2", {"response", "response_checklist"}), ("P3", {"response"}), ("P4", {"response"})]
)
def test_declaring_opens_the_lists_of_the_severity(declare, severity, lists):
    incident = declare(severity=severity)
    assert set(incident.steps.values_list("list", flat=True)) == lists


def test_times_count_from_the_detection(declare, clock):
    detected = clock.now() - timedelta(minutes=3)
    incident = declare(detected=detected)
    assert minutes(incident, "confirm") == 5
    assert minutes(incident, "recovery_notice") == 60
    assert step(incident, "watch").due_at is None


def test_an_accepted_candidates_times_count_from_its_declaration(declare, clock):
    now = clock.now()
    incident = declare(detected=now - timedelta(hours=2), t0=now)
    assert minutes(incident, "confirm") == 125


def test_p3_counts_working_time(monday, declare):
    monday.at(datetime(2026, 3, 6, 17, 50, tzinfo=UTC))  # Friday, ten minutes before the end of work
    incident = declare(severity="P3")
    assert step(incident, "queue").due_at.date() == datetime(2026, 3, 6, tzinfo=UTC).date()
    assert abs(step(incident, "handle").due_at - datetime(2026, 3, 9, 9, 20, tzinfo=UTC)) < timedelta(seconds=5)


def test_a_p4_is_due_the_next_working_day(monday, declare):
    incident = declare(severity="P4")
    assert abs(step(incident, "plan_maintenance").due_at - datetime(2026, 3, 3, 10, 0, tzinfo=UTC)) < timedelta(seconds=5)


def test_confirming_ticks_what_it_stands_for_and_opens_the_communication_checklist(incident, responder):
    lifecycle.transition(incident, "confirmed", actor=responder)
    assert step(incident, "confirm").done_by == responder
    assert step(incident, "start_process", "response_checklist").done_at
    assert step(incident, "first_diagnosis").done_at is None
    assert keys(incident, "communication_checklist") == {rule.key for rule in playbook.current().steps("communication_checklist", "P1")}
    [entry] = [entry for entry in told(incident, "incidents.step_done") if entry["because"] == "incidents.state"]
    assert {entry["key"], *(one["key"] for one in entry["more"])} == {"confirm", "confirm_real", "set_severity", "start_process"}


def test_skipping_ahead_ticks_everything_on_the_way(incident, responder):
    lifecycle.transition(incident, "fixing", actor=responder)
    assert {"confirm", "first_diagnosis", "start_fix"} & keys(incident, "response") == set()
    assert {"finish_fix", "war_room"} <= keys(incident, "response")


def test_taking_command_ticks_the_telling(incident, commander):
    lifecycle.assign(incident, "scribe", commander, actor=commander)
    assert step(incident, "tell_commander", "response_checklist").done_at is None
    lifecycle.assign(incident, "commander", commander, actor=commander)
    assert step(incident, "tell_commander", "response_checklist").done_at


@pytest.mark.parametrize(
    ("condition", "data", "met"),
    [
        ("a.b", {}, True),
        ("a.c", {}, False),
        ("a.bc", {}, False),
        ("a.b:to=x", {"to": "x"}, True),
        ("a.b:to=x", {"to": "y"}, False),
        ("a.b:to=x", {}, False),
        ("a.b:to=x|y", {"to": "y"}, True),
        ("a.b:to=x,by=p", {"to": "x", "by": "p"}, True),
        ("a.b:to=x,by=p", {"to": "x", "by": "m"}, False),
        ("a.b:skipped=c", {"skipped": ["b", "c"]}, True),
        ("a.b:skipped=c", {"skipped": []}, False),
        ("a.b:drill=False", {"drill": False}, True),
        ("a.b:who=None", {"who": None}, False),
    ],
)
def test_conditions_on_what_ticks_a_step(condition, data, met):
    assert steps.matches(condition, "a.b", data) is met


def test_an_entry_that_no_step_waits_for_asks_nothing_of_the_steps(incident, django_assert_num_queries):
    assert {"incidents.acknowledged", "statuspage.published"} <= playbook.incident_playbook(incident).ticking
    with django_assert_num_queries(0):
        steps.tick(TimelineEntry(incident=incident, kind="detection.alerts"), incident, {})


def test_a_person_ticks_and_takes_back(incident, responder, kinds):
    row = step(incident, "war_room")
    steps.complete(row, actor=responder)
    steps.complete(row, actor=responder)
    assert step(incident, "war_room").done_by == responder
    steps.undo(row, actor=responder)
    steps.undo(row, actor=responder)
    assert step(incident, "war_room").done_at is None
    assert kinds(incident)[-2:] == ["incidents.step_done", "incidents.step_undone"]


def test_who_may_only_see_ticks_nothing(incident, viewer):
    for act in (steps.complete, steps.undo):
        with pytest.raises(Forbidden):
            act(step(incident, "war_room"), actor=viewer)


def test_raising_owes_the_new_list_from_now_and_keeps_what_is_done(declare, commander, clock):
    incident = declare(severity="P3")
    lifecycle.transition(incident, "confirmed", actor=commander)
    clock.move("+20m")
    incident = lifecycle.change_severity(incident, "P1", actor=commander, reason="it grows")
    assert step(incident, "confirm").done_at
    assert minutes(incident, "start_fix") == 35
    assert minutes(incident, "first_diagnosis") == 30
    assert minutes(incident, "form_team", "response_checklist") == 35
    assert "media_statement" in keys(incident, "communication_checklist")
    assert incident.detected_at == Incident.objects.get(pk=incident.pk).detected_at


def test_a_step_of_both_lists_gets_its_new_time_when_raised(declare, commander, clock):
    incident = declare(severity="P2")
    assert minutes(incident, "confirm") == 30
    clock.move("+10m")
    incident = lifecycle.change_severity(incident, "P1", actor=commander, reason="it grows")
    assert minutes(incident, "confirm") == 15


def test_lowering_cancels_what_the_new_list_does_not_hold_with_the_reason(incident, commander, clock):
    clock.move("+2m")
    incident = lifecycle.change_severity(incident, "P2", actor=commander, reason="only one region")
    gone = step(incident, "war_room")
    assert gone.cancelled_at
    assert "only one region" in gone.cancel_reason
    assert {"confirm", "assess_impact", "verify_repair"} <= keys(incident, "response")
    [entry] = told(incident, "incidents.step_cancelled")
    assert "response.war_room" in entry["keys"]


def test_lowering_forgives_no_step_that_was_missed(incident, commander, clock):
    clock.move("+6m")
    sweep_steps()
    due = step(incident, "confirm").due_at
    lifecycle.change_severity(incident, "P2", actor=commander, reason="smaller")
    assert step(incident, "confirm").late_at
    assert step(incident, "confirm").due_at == due


def test_down_and_up_again_owes_the_cancelled_steps_anew(incident, commander, clock):
    lifecycle.change_severity(incident, "P2", actor=commander, reason="smaller")
    clock.move("+10m")
    lifecycle.change_severity(incident, "P1", actor=commander, reason="no, bigger")
    row = step(incident, "war_room")
    assert row.cancelled_at is None
    assert minutes(incident, "war_room") == 15


def test_a_missed_step_is_told_once(incident, clock, kinds):
    clock.move("+5m")
    assert sweep_steps()
    sweep_steps()
    late = told(incident, "incidents.step_late")
    assert sorted(entry["key"] for entry in late) == ["confirm", "confirm_real", "set_severity", "start_process", "tell_commander", "war_room"]
    assert step(incident, "confirm").late_at


def test_a_step_kept_in_time_is_never_late(incident, responder, clock):
    lifecycle.transition(incident, "confirmed", actor=responder)
    clock.move("+6m")
    sweep_steps()
    assert "confirm" not in {entry["key"] for entry in told(incident, "incidents.step_late")}


@pytest.mark.parametrize("state", ["dismissed", "closed"])
def test_nothing_is_owed_by_what_is_over(incident, commander, clock, state):
    for to in [state] if state == "dismissed" else ["resolved", "closed"]:
        lifecycle.transition(incident, to, actor=commander)
    assert not Step.objects.pending().filter(incident=incident).exists()
    clock.move("+3h")
    sweep_steps()
    assert told(incident, "incidents.step_late") == []


def test_a_dismissed_one_that_was_real_owes_its_steps_from_then(incident, commander, clock):
    lifecycle.transition(incident, "dismissed", actor=commander)
    clock.move("+30m")
    lifecycle.transition(incident, "declared", actor=commander, note="it is real")
    assert minutes(incident, "confirm") == 35


def test_imported_history_has_no_effects(incident, clock):
    Incident.objects.filter(pk=incident.pk).update(is_imported=True)
    clock.move("+3h")
    assert sweep_steps() == 0


def test_a_p1_without_commander_is_told_once_at_five_minutes(incident, clock, kinds):
    clock.move("+4m")
    sweep_steps()
    assert "incidents.no_commander" not in kinds(incident)
    clock.move("+1m")
    sweep_steps()
    sweep_steps()
    assert kinds(incident).count("incidents.no_commander") == 1


def test_a_commanded_p1_and_a_p2_need_nobody(incident, declare, responder, clock, kinds):
    other = declare(severity="P2")
    lifecycle.acknowledge(incident, actor=responder)
    clock.move("+6m")
    sweep_steps()
    assert "incidents.no_commander" not in kinds(incident) + kinds(other)


def test_one_raised_to_p1_gets_its_five_minutes(declare, commander, clock, kinds):
    incident = declare(severity="P2")
    clock.move("+20m")
    lifecycle.change_severity(incident, "P1", actor=commander, reason="it grows")
    clock.move("+4m")
    sweep_steps()
    assert "incidents.no_commander" not in kinds(incident)
    clock.move("+90s")
    sweep_steps()
    assert kinds(incident).count("incidents.no_commander") == 1


@pytest.mark.parametrize(("severity", "lease", "grace"), [("P1", 600, 120), ("P2", 1800, 300)])
def test_an_acknowledgement_without_a_sign_of_life_is_asked_once_then_lapses(declare, responder, clock, kinds, severity, lease, grace):
    incident = declare(severity=severity)
    lifecycle.acknowledge(incident, actor=responder)
    clock.move(f"+{lease - 5}s")
    sweep_steps()
    assert "incidents.acknowledgement_asked" not in kinds(incident)
    clock.move("+6s")
    sweep_steps()
    sweep_steps()
    assert kinds(incident).count("incidents.acknowledgement_asked") == 1
    clock.move(f"+{grace + 1}s")
    sweep_steps()
    sweep_steps()
    assert kinds(incident).count("incidents.acknowledgement_lapsed") == 1
    fresh = Incident.objects.get(pk=incident.pk)
    assert (fresh.acknowledged_by, fresh.acknowledged_until) == (None, None)
    assert fresh.acknowledged_at


def test_a_sign_of_life_renews_the_lease(incident, responder, clock, kinds):
    lifecycle.acknowledge(incident, actor=responder)
    clock.move("+9m")
    lifecycle.note(incident, "looking at the gateway", actor=responder)
    clock.move("+9m")
    sweep_steps()
    assert "incidents.acknowledgement_asked" not in kinds(incident)
    clock.move("+61s")
    sweep_steps()
    lifecycle.note(incident, "still here", actor=responder)
    clock.move("+3m")
    sweep_steps()
    assert "incidents.acknowledgement_lapsed" not in kinds(incident)


def test_a_recovered_incident_that_nobody_looked_at_is_told_once(declare, monday, kinds):
    incident = declare(severity="P3", actor=None)
    incident = lifecycle.mark_recovered(incident)
    assert incident.look_due_at
    monday.at(incident.look_due_at + timedelta(seconds=1))
    sweep_steps()
    sweep_steps()
    assert kinds(incident).count("incidents.look_due") == 1


def test_one_bad_incident_holds_up_no_other(declare, clock, monkeypatch, kinds):
    from incidents import deadlines

    first, second = declare(), declare()
    real = deadlines.timeline.record

    def record(incident, *args, **kwargs):
        if incident.pk == first.pk:
            raise ValueError("broken")
        return real(incident, *args, **kwargs)

    monkeypatch.setattr(deadlines.timeline, "record", record)
    clock.move("+5m")
    sweep_steps()
    assert "incidents.step_late" in kinds(second)
    assert step(first, "confirm").late_at is None


def test_the_sweep_asks_a_constant_number_of_questions_when_nothing_is_due(declare, django_assert_max_num_queries):
    for _number in range(8):
        declare(severity="P2")
    with django_assert_max_num_queries(16):
        assert sweep_steps() == 0


def test_what_is_over_needs_no_war_room_any_more_but_what_was_missed_stays_missed(incident, commander, clock, kinds):
    clock.move("+6m")
    sweep_steps(now=clock.now())
    assert step(incident, "war_room").late_at is not None
    lifecycle.transition(incident, "confirmed", actor=commander)
    lifecycle.transition(incident, "resolved", actor=commander)
    clock.move("+40m")
    sweep_steps(now=clock.now())
    assert step(incident, "war_room").cancelled_at is None
    gone = step(incident, "form_team", "response_checklist")
    assert (gone.cancelled_at is not None, gone.late_at, gone.cancel_reason) == (True, None, "resolved")
    assert step(incident, "recovery_notice").cancelled_at is None
