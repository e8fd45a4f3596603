"""Who is told of what, in which words (manual.md §§1, 7)."""

import pytest

from comms import fanout, notices, sweeps
from comms.models import Alarm, Delivery, Fanout
from incidents import lifecycle
from incidents.models import Membership, Team
from lib.failpoints import FailpointHit


def test_a_p1_tells_every_response_team(sink, declare, run, mina, wei):
    incident = declare(severity="P1")
    run()
    told = Delivery.objects.filter(incident=incident, kind="notice.declared")
    assert {row.person for row in told} == {mina, wei}
    assert {row.state for row in told} == {"sent"}


def test_a_p2_tells_the_team_that_owns_what_is_hit(sink, declare, run, wei):
    declare(severity="P2", services=["primary-database"])
    run()
    assert {row.person for row in Delivery.objects.all()} == {wei}


def test_a_p2_without_an_owner_tells_operations(sink, declare, run, mina):
    declare(severity="P2", services=[])
    run()
    assert {row.person for row in Delivery.objects.all()} == {mina}


@pytest.mark.parametrize("severity", ["P3", "P4"])
def test_a_p3_or_p4_tells_the_lead(sink, declare, run, person, mina, severity):
    Membership.objects.create(team=Team.objects.get(slug="operations"), person=person("extra"))
    declare(severity=severity, services=["api-gateway"])
    run()
    assert {row.person for row in Delivery.objects.all()} == {mina}


def test_without_a_lead_the_team_is_told(sink, declare, run, wei):
    declare(severity="P3", services=["primary-database"])
    run()
    assert {row.person for row in Delivery.objects.all()} == {wei}


def test_without_anybody_in_a_team_everybody_who_may_respond_is_told_and_that_is_an_alarm(sink, shipped, run, mina, person):
    viewer = person("vic", roles=["viewer"])
    lifecycle.declare(title="Down", severity="P1", actor=None)
    run()
    told = {row.person for row in Delivery.objects.all()}
    assert mina in told
    assert viewer not in told
    assert Alarm.objects.get(code="nobody")


def test_the_notice_carries_the_manuals_fields_in_the_readers_language_and_zone(sink, declare, run, mina, wei):
    incident = declare(severity="P1", services=["api-gateway"])
    lifecycle.acknowledge(incident, actor=mina)
    run()
    english = Delivery.objects.get(kind="notice.declared", person=mina)
    for label in ("Incident", "Started at (UTC)", "Scope", "Current state", "Expected recovery", "Next update", "War room", "Incident commander"):
        assert f"\n{label}: " in english.body
    assert f"{incident.began_at:%H:%M} UTC" in english.body
    assert "API gateway (Partly affected)" in english.body
    assert "Slack channel #incident-war-room" in english.body
    assert "Incident commander: Mina Ops" in english.body
    assert english.subject == f"P1 · {incident.reference} · API answers 500"
    chinese = Delivery.objects.get(kind="notice.declared", person=wei)
    assert "影响范围: API 网关" in chinese.body
    assert "UTC+8 (" in chinese.body
    assert "#incident-war-room" in chinese.body


def test_fan_out_says_on_the_timeline_whom_it_told_and_why(sink, declare, run, kinds):
    incident = declare(severity="P1")
    run()
    assert "comms.told" in kinds(incident)


def test_fanning_out_twice_tells_once(sink, declare, run, settings, clock):
    declare(severity="P1")
    settings.FAILPOINTS = "comms.fan_out=raise"
    with pytest.raises(FailpointHit):
        sweeps.fan_out()
    settings.FAILPOINTS = ""
    clock.move("+2m")
    run()
    Fanout.objects.update(done_at=None)
    run()
    assert len(sink.mails) == 2


def test_a_fan_out_that_fails_is_tried_again(sink, declare, clock, monkeypatch, run):
    declare(severity="P1")
    real = notices.readers
    monkeypatch.setattr(fanout.notices, "readers", lambda *args: 1 / 0)
    assert sweeps.fan_out() == 1
    assert Fanout.objects.get().error
    monkeypatch.setattr(fanout.notices, "readers", real)
    run()
    assert sink.mails == []
    clock.move("+1m")
    run()
    assert len(sink.mails) == 2


def test_the_declaring_transaction_writes_one_row_however_many_are_told(declare):
    declare(severity="P1")
    assert Fanout.objects.count() == 1
    assert Delivery.objects.count() == 0


def test_raising_to_p1_calls_everybody_again(sink, declare, run, mina, wei):
    incident = declare(severity="P2", services=["api-gateway"])
    lifecycle.acknowledge(incident, actor=mina)
    run()
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    run()
    assert {row.person for row in Delivery.objects.filter(kind="notice.raised")} == {mina, wei}


def test_raising_to_p2_leaves_who_has_it_alone(sink, declare, run, mina, person):
    other = person("otto")
    Membership.objects.create(team=Team.objects.get(slug="operations"), person=other)
    incident = declare(severity="P3", services=["api-gateway"])
    lifecycle.acknowledge(incident, actor=mina)
    run()
    lifecycle.change_severity(incident, "P2", actor=mina, reason="it grows")
    run()
    assert {row.person for row in Delivery.objects.filter(kind="notice.raised")} == {other}


def test_lowering_tells_nobody(sink, declare, run, mina):
    incident = declare(severity="P2")
    run()
    lifecycle.change_severity(incident, "P3", actor=mina, reason="calm")
    run()
    assert not Delivery.objects.filter(kind="notice.raised").exists()


def test_recovered_by_itself_tells_those_who_were_told_that_they_need_not_get_up(sink, declare, run, subjects, wei):
    incident = declare(severity="P2", services=["primary-database"])
    run()
    lifecycle.mark_recovered(incident)
    run()
    assert len(subjects(wei)) == 2
    assert Delivery.objects.get(kind="notice.recovered").person == wei


def test_recovered_before_anybody_was_told_wakes_nobody(sink, declare, run):
    incident = declare(severity="P1")
    sweeps.fan_out()
    lifecycle.mark_recovered(incident)
    run()
    assert sink.mails == []
    assert set(Delivery.objects.values_list("state", flat=True)) == {"dropped"}


def test_the_end_is_told_to_who_was_told(sink, declare, run, mina, wei):
    incident = declare(severity="P1")
    run()
    lifecycle.transition(incident, "resolved", actor=mina)
    run()
    assert {row.person for row in Delivery.objects.filter(kind="notice.over", state="sent")} == {mina, wei}


def test_a_drill_sends_nothing_and_says_exercise(sink, declare, run, wei):
    declare(severity="P1", drill=True)
    run()
    assert sink.mails == []
    rows = Delivery.objects.all()
    assert {(row.channel, row.state) for row in rows} == {("recorder", "sent")}
    assert all(row.subject.startswith(("EXERCISE", "演练")) for row in rows)


def test_a_notice_that_cannot_be_delivered_is_told_on_the_timeline(bad, declare, run, kinds):
    bad(RCPT="554 5.7.1 never")
    incident = declare(severity="P1")
    run()
    assert kinds(incident).count("comms.not_delivered") == 2


def test_who_has_it_is_asked_for_a_sign_of_life(sink, declare, run, mina, clock):
    from incidents import sweeps as core

    incident = declare(severity="P1")
    lifecycle.acknowledge(incident, actor=mina)
    clock.move("+11m")
    core.sweep_steps()
    run()
    assert [row.person for row in Delivery.objects.filter(kind="notice.still_on_it", state="sent")] == [mina]


@pytest.mark.parametrize(("severity", "is_told"), [("P1", True), ("P2", False)])
def test_a_p1_that_has_not_recovered_is_told_to_everybody_again(sink, declare, run, mina, wei, subjects, severity, is_told):
    incident = declare(severity=severity, services=["primary-database"])
    lifecycle.transition(incident, "diagnosing", actor=mina)
    lifecycle.transition(incident, "watching", actor=mina)
    run()
    assert not Delivery.objects.filter(kind="notice.not_recovered").exists()
    lifecycle.transition(incident, "diagnosing", actor=mina, note="errors are back")
    run()
    told = Delivery.objects.filter(kind="notice.not_recovered", state="sent")
    assert {row.person for row in told} == ({mina, wei} if is_told else set())
    assert not is_told or told.get(person=mina).subject.startswith("Not recovered · P1 · ")


@pytest.mark.parametrize(("has_backup", "private", "expected"), [(True, False, "wei"), (False, False, "mina"), (True, True, "wei")])
def test_a_p1_without_a_commander_goes_to_the_backup_or_the_leads(sink, declare, run, person, wei, clock, kinds, has_backup, private, expected):
    from incidents import sweeps as core

    lead = person("root", roles=["admin", "commander"])
    incident = declare(severity="P1", private=private, actor=lead)
    if has_backup:
        lifecycle.assign(incident, "backup", wei, actor=lead)
    clock.move("+6m")
    core.sweep_steps()
    core.sweep_steps()
    run()
    row = Delivery.objects.get(kind="notice.no_commander", state="sent")
    assert row.person.username == expected
    assert kinds(incident).count("incidents.no_commander") == 1


def test_without_backup_and_leads_a_p1_without_a_commander_is_told_to_the_teams(sink, declare, run, mina, wei, clock):
    from incidents import sweeps as core

    declare(severity="P1")
    Membership.objects.update(is_lead=False)
    clock.move("+6m")
    core.sweep_steps()
    run()
    assert {row.person for row in Delivery.objects.filter(kind="notice.no_commander")} == {mina, wei}


def test_hundreds_are_told_with_a_constant_number_of_queries(sink, declare, person, django_assert_max_num_queries):
    team = Team.objects.get(slug="security")
    for number in range(30):
        Membership.objects.create(team=team, person=person(f"p{number}"))
    declare(severity="P1")
    with django_assert_max_num_queries(30):
        sweeps.fan_out()
    assert Delivery.objects.count() == 32
