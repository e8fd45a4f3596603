"""The lifecycle table, walked state by state, and what each change writes."""

from datetime import timedelta

import pytest
from django.db import transaction

from incidents import guards, lifecycle, steps
from incidents.lifecycle.states import TRANSITIONS
from incidents.models import Incident, Role, RoleAssignment, State
from lib import clock
from lib.errors import Forbidden, Refused

PAIRS = [(state, to) for state in State for to in State if state != to]


def put(incident, state):
    """Bring an incident into a state without walking there."""
    values = {"state": state}
    if state == State.MERGED:
        values["merged_into"] = incident
    if state not in (State.DECLARED, State.DISMISSED, State.MERGED):
        values["confirmed_at"] = values["acknowledged_at"] = incident.declared_at
    if state in (State.WATCHING, State.RESOLVED, State.CLOSED):
        values["mitigated_at"] = incident.declared_at
    if state in (State.RESOLVED, State.CLOSED):
        values["resolved_at"] = incident.declared_at
    Incident.objects.filter(pk=incident.pk).update(**values)
    return Incident.objects.get(pk=incident.pk)


@pytest.mark.parametrize(("state", "to"), PAIRS)
def test_the_table_alone_decides(incident, commander, state, to):
    incident = put(incident, state)
    if to in TRANSITIONS[state] and to != State.MERGED:
        assert lifecycle.transition(incident, to, actor=commander, note="because").state == to
    else:
        with pytest.raises(Refused) as refusal:
            lifecycle.transition(incident, to, actor=commander, note="because")
        assert refusal.value.status == 409
        assert set(refusal.value.extra["allowed"]) == {str(known) for known in TRANSITIONS[state] if known != State.MERGED}


@pytest.mark.parametrize(
    ("state", "to"),
    [(s, State.DIAGNOSING) for s in (State.FIXING, State.ROLLING_BACK, State.VERIFYING, State.WATCHING, State.RESOLVED)] + [(State.DISMISSED, State.DECLARED)],
)
def test_a_step_back_needs_its_reason(incident, commander, state, to):
    incident = put(incident, state)
    with pytest.raises(Refused) as refusal:
        lifecycle.transition(incident, to, actor=commander, note="  ")
    assert refusal.value.extra["missing"] == "note"
    assert lifecycle.transition(incident, to, actor=commander, note="errors are back").state == to


def test_skipping_forward_sets_the_skipped_milestones_and_says_so(incident, commander):
    done = lifecycle.transition(incident, State.RESOLVED, actor=commander)
    assert done.confirmed_at == done.mitigated_at == done.resolved_at
    entry = done.entries.get(kind="incidents.state")
    assert '"skipped":["confirmed","mitigated"]' in entry.body.content


def test_a_second_press_changes_nothing(incident, commander, kinds):
    lifecycle.transition(incident, State.CONFIRMED, actor=commander)
    before = kinds(incident)
    lifecycle.transition(incident, State.CONFIRMED, actor=commander)
    assert kinds(incident) == before


def test_back_to_diagnosing_takes_mitigation_back(incident, commander):
    lifecycle.transition(incident, State.WATCHING, actor=commander)
    again = lifecycle.transition(incident, State.DIAGNOSING, actor=commander, note="errors are back")
    assert again.mitigated_at is None and again.confirmed_at is not None
    assert '"not_recovered":true' in again.entries.filter(kind="incidents.state").last().body.content


def test_a_guard_may_refuse(incident, commander, monkeypatch):
    monkeypatch.setitem(guards.GUARDS, "test", lambda incident, to: "not yet" if to == "resolved" else None)
    with pytest.raises(Refused, match="not yet"):
        lifecycle.transition(incident, State.RESOLVED, actor=commander)
    assert lifecycle.transition(incident, State.FIXING, actor=commander).state == State.FIXING


def test_references_are_gapless_per_year_and_drills_have_their_own(declare):
    year = clock.now().year
    assert [declare().reference, declare().reference, declare(drill=True).reference] == [f"INC-{year}-001", f"INC-{year}-002", f"DRILL-{year}-001"]


@pytest.mark.parametrize(("fields", "status"), [({"title": " \x00"}, 422), ({"severity": "P9"}, 422), ({"services": ["no-such"]}, 422)])
def test_a_bad_declaration_leaves_nothing(declare, fields, status):
    with pytest.raises(Refused) as refusal:
        declare(**fields)
    assert refusal.value.status == status
    assert not Incident.objects.exists()


def test_began_is_the_alerts_start_only_within_a_day_of_receipt(declare):
    now = clock.now()
    recent, old = declare(began=now - timedelta(hours=23), detected=now), declare(began=now - timedelta(hours=25), detected=now)
    assert recent.began_at == now - timedelta(hours=23)
    assert old.began_at == old.detected_at
    assert declare(began=now + timedelta(hours=1), detected=now).began_at == now


def test_one_press_on_a_leaderless_p1_acknowledges_and_takes_command(incident, responder, kinds):
    taken = lifecycle.acknowledge(incident, actor=responder)
    assert taken.acknowledged_by == responder and taken.acknowledged_until > clock.now()
    assert RoleAssignment.objects.get(incident=incident, role=Role.COMMANDER, until=None).person == responder
    before = kinds(incident)
    lifecycle.acknowledge(incident, actor=responder)
    assert kinds(incident) == before


def test_acknowledging_a_p3_has_no_lease_and_takes_no_command(declare, responder):
    taken = lifecycle.acknowledge(declare(severity="P3"), actor=responder)
    assert taken.acknowledged_until is None
    assert not RoleAssignment.objects.filter(incident=taken).exists()


def test_any_word_of_a_person_renews_the_lease(incident, responder, clock):
    until = lifecycle.acknowledge(incident, actor=responder).acknowledged_until
    clock.move("+5m")
    lifecycle.note(incident, "looking at the pods", actor=responder)
    incident.refresh_from_db()
    assert incident.acknowledged_until >= until + timedelta(minutes=4)


def test_who_took_a_leaderless_incident_may_command_it(incident, responder):
    with pytest.raises(Forbidden):
        lifecycle.change_severity(incident, "P2", actor=responder, reason="only part of it")
    lifecycle.acknowledge(incident, actor=responder)
    assert lifecycle.change_severity(incident, "P2", actor=responder, reason="only part of it").severity == "P2"


def test_a_free_part_may_be_taken_but_not_given(incident, responder, commander, viewer):
    lifecycle.assign(incident, Role.SCRIBE, responder, actor=responder)
    with pytest.raises(Forbidden):
        lifecycle.assign(incident, Role.DATABASE, commander, actor=responder)
    with pytest.raises(Refused, match="cannot respond"):
        lifecycle.assign(incident, Role.DATABASE, viewer, actor=commander)
    lifecycle.assign(incident, Role.SCRIBE, None, actor=commander)
    assert RoleAssignment.objects.get(incident=incident).until is not None


def test_lowering_keeps_the_highest_and_machines_only_advise_afterwards(incident, commander, kinds):
    lowered = lifecycle.change_severity(incident, "P3", actor=commander, reason="a false reading")
    assert (lowered.severity, lowered.highest_severity, lowered.severity_by_commander) == ("P3", "P1", True)
    advised = lifecycle.advise_severity(incident, "P2", why={"alert": "HighLatency"})
    assert advised.severity == "P3"
    assert kinds(incident)[-1] == "incidents.severity_advised"


def test_a_machine_raises_and_never_lowers(declare):
    incident = declare(severity="P2", actor=None)
    assert lifecycle.advise_severity(incident, "P1", why={}).severity == "P1"
    assert lifecycle.advise_severity(incident, "P4", why={}).severity == "P1"


def test_a_viewer_may_do_nothing(incident, viewer):
    for act in (
        lambda: lifecycle.transition(incident, "confirmed", actor=viewer),
        lambda: lifecycle.acknowledge(incident, actor=viewer),
        lambda: lifecycle.note(incident, "hello", actor=viewer),
        lambda: lifecycle.edit(incident, title="x", actor=viewer),
        lambda: lifecycle.declare(title="x", severity="P1", actor=viewer),
    ):
        with pytest.raises(Forbidden):
            act()


def test_milestones_stay_in_order_and_keep_their_story(incident, commander):
    with pytest.raises(Refused, match="order"):
        lifecycle.edit_milestone(incident, "began", clock.now(), actor=commander, reason="typo")
    earlier = incident.detected_at - timedelta(minutes=4)
    edited = lifecycle.edit_milestone(incident, "began", earlier, actor=commander, reason="users told us earlier")
    assert edited.began_at == earlier
    entry = edited.entries.get(kind="incidents.milestone")
    assert incident.detected_at.isoformat() in entry.body.content and "users told us earlier" in entry.body.content
    with pytest.raises(Refused, match="not reached"):
        lifecycle.edit_milestone(incident, "closed", earlier, actor=commander, reason="x")


def test_recovered_by_itself_waits_for_a_look_and_an_acknowledgement_takes_it_on(incident, responder):
    marked = lifecycle.mark_recovered(incident)
    assert marked.state == State.DECLARED and marked.look_due_at > marked.recovered_at
    assert lifecycle.acknowledge(incident, actor=responder).recovered_at is None


def test_a_touched_incident_is_not_marked_recovered(incident, responder):
    lifecycle.acknowledge(incident, actor=responder)
    assert lifecycle.mark_recovered(incident).recovered_at is None


def test_everything_or_nothing(incident, commander, monkeypatch):
    """A crash inside a transition leaves neither state nor entry."""

    def crash(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr("incidents.lifecycle.states.clocks.on_state", crash)
    with pytest.raises(MemoryError), transaction.atomic():
        lifecycle.transition(incident, "confirmed", actor=commander)
    incident.refresh_from_db()
    assert incident.state == "declared" and not incident.entries.filter(kind="incidents.state").exists()


def test_a_person_who_moves_what_nobody_has_takes_it_on_under_a_lease(incident, responder):
    moved = lifecycle.transition(incident, "confirmed", actor=responder)
    assert moved.acknowledged_by == responder and moved.acknowledged_until > clock.now()


def test_raising_gives_an_acknowledgement_the_lease_of_the_new_severity(declare, responder, commander):
    quiet = lifecycle.acknowledge(declare(severity="P3"), actor=responder)
    raised = lifecycle.change_severity(quiet, "P1", actor=commander, reason="it spreads")
    assert raised.acknowledged_by == responder and raised.acknowledged_until > clock.now()


def test_reopened_by_a_machine_it_is_in_nobodys_hands(incident, commander):
    lifecycle.transition(incident, "resolved", actor=commander)
    reopened = lifecycle.transition(incident, "diagnosing", actor=None, note="fires again")
    assert reopened.acknowledged_by is None and reopened.acknowledged_until is None
    again = lifecycle.transition(lifecycle.transition(incident, "resolved", actor=commander), "diagnosing", actor=commander, note="seen it")
    assert again.acknowledged_by == commander and again.acknowledged_until is not None


def test_a_tick_stands_once_the_incident_is_over(incident, commander):
    step = steps.complete(incident.steps.first(), actor=commander)
    lifecycle.transition(incident, "dismissed", actor=commander)
    with pytest.raises(Refused, match="over"):
        steps.undo(step, actor=commander)
