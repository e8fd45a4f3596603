"""Updates that are owed: planned, kept, missed, handed over (manual.md §7)."""

from datetime import UTC, datetime, timedelta

import pytest

from comms import audit, obligations, sweeps
from comms.models import Delivery, Obligation
from incidents import lifecycle
from incidents.acts import find, perform
from lib import clock as now_is
from lib.errors import Forbidden, Refused


def due(incident):
    row = obligations.current(incident)
    return None if row is None else row.due_at


def minutes(incident, since):
    return round((due(incident) - since).total_seconds() / 60)


@pytest.mark.parametrize(("severity", "expected"), [("P1", 15), ("P2", 30)])
def test_an_incident_owes_updates_by_its_severity(declare, severity, expected):
    incident = declare(severity=severity)
    assert minutes(incident, incident.detected_at) == expected


def test_a_p3_counts_working_time(declare, clock):
    clock.at(datetime(2026, 3, 7, 12, 0, tzinfo=UTC))  # a Saturday
    assert due(declare(severity="P3")) == datetime(2026, 3, 9, 10, 0, tzinfo=UTC)


def test_a_p4_owes_nothing(declare):
    assert due(declare(severity="P4")) is None


def test_an_update_keeps_what_is_owed_and_starts_the_next(declare, mina, clock):
    incident = declare(severity="P1")
    clock.move("+10m")
    entry = obligations.update(incident, "We look at it.", actor=mina)
    kept = Obligation.objects.get(closing="kept")
    assert kept.kept_by == entry
    assert minutes(incident, entry.at) == 15
    assert Obligation.objects.filter(closed_at=None).count() == 1


def test_a_sooner_promise_is_due_before_the_rhythm_and_a_later_one_is_not(declare, mina):
    incident = declare(severity="P1")
    entry = obligations.update(incident, "Soon more.", actor=mina, promise=timedelta(minutes=5))
    assert (minutes(incident, entry.at), obligations.current(incident).because) == (5, "promise")
    entry = obligations.update(incident, "Later more.", actor=mina, promise=timedelta(minutes=40))
    assert (minutes(incident, entry.at), obligations.current(incident).because) == (15, "cadence")


def test_a_p4_with_a_promise_owes_that(declare, mina):
    incident = declare(severity="P4")
    obligations.update(incident, "Tomorrow.", actor=mina, promise=timedelta(hours=20))
    assert obligations.current(incident).because == "promise"
    lifecycle.acknowledge(incident, actor=mina)
    assert obligations.current(incident).because == "promise"
    assert audit.invariants() == []


def test_a_miss_is_recorded_once_and_the_next_is_planned(declare, clock, kinds):
    incident = declare(severity="P1")
    first = due(incident)
    clock.move("+16m")
    assert sweeps.sweep_obligations() == 1
    assert sweeps.sweep_obligations() == 0
    assert kinds(incident).count("comms.update_missed") == 1
    assert due(incident) == first + timedelta(minutes=15)


def test_one_bad_row_holds_up_no_other(declare, clock, kinds, monkeypatch):
    first, second = declare(severity="P1"), declare(severity="P1", title="Another")
    real = obligations.timeline.record

    def record(incident, *args, **kwargs):
        if incident.pk == first.pk:
            raise ValueError("broken")
        return real(incident, *args, **kwargs)

    monkeypatch.setattr(obligations.timeline, "record", record)
    clock.move("+16m")
    assert sweeps.sweep_obligations() == 1
    assert "comms.update_missed" in kinds(second)
    assert Obligation.objects.get(incident=first).closed_at is None


def test_hours_without_an_engine_are_one_miss(declare, clock, kinds):
    incident = declare(severity="P1")
    clock.move("+5h")
    sweeps.sweep_obligations()
    assert kinds(incident).count("comms.update_missed") == 1
    assert due(incident) > now_is.now()


def test_raising_and_lowering_plan_anew(declare, mina, clock):
    incident = declare(severity="P2")
    clock.move("+5m")
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    assert minutes(incident, incident.detected_at) == 15
    lifecycle.change_severity(incident, "P4", actor=mina, reason="it was nothing")
    assert due(incident) is None
    assert set(Obligation.objects.exclude(closed_at=None).values_list("closing", flat=True)) == {"replanned", "ended"}


def test_a_raise_after_the_new_rhythm_ran_out_is_no_instant_miss(declare, mina, clock):
    incident = declare(severity="P2")
    clock.move("+20m")
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    assert due(incident) > now_is.now()


@pytest.mark.parametrize("end", ["resolved", "dismissed"])
def test_the_end_ends_it(declare, mina, end):
    incident = declare(severity="P1")
    lifecycle.transition(incident, end, actor=mina)
    assert due(incident) is None
    assert audit.invariants() == []


def test_reopening_owes_again(declare, mina, clock):
    incident = declare(severity="P1")
    lifecycle.transition(incident, "resolved", actor=mina)
    clock.move("+40m")
    lifecycle.transition(incident, "diagnosing", actor=mina, note="it is back")
    assert due(incident) > now_is.now()


def test_recovered_by_itself_owes_nothing_until_it_fires_again(declare):
    incident = declare(severity="P1")
    lifecycle.mark_recovered(incident)
    assert due(incident) is None
    lifecycle.fires_again(incident)
    assert due(incident) is not None
    assert audit.invariants() == []


def test_a_merge_hands_over_the_sooner_one(declare, mina, clock):
    source = declare(severity="P1")
    obligations.update(source, "Soon.", actor=mina, promise=timedelta(minutes=2))
    promised = due(source)
    target = declare(severity="P1")
    lifecycle.merge(source, target, actor=mina, reason="the same")
    assert due(source) is None
    assert due(target) == promised
    assert obligations.current(target).because == "promise"
    assert audit.invariants() == []


def test_the_teams_get_the_update_and_its_author_does_not(sink, declare, mina, wei, run):
    incident = declare(severity="P1")
    obligations.update(incident, "We roll back **now**.", actor=mina)
    run()
    row = Delivery.objects.get(kind="notice.update")
    assert row.person == wei
    assert "We roll back **now**." in row.body


def test_an_update_that_was_redacted_is_not_mailed(sink, declare, mina, run):
    incident = declare(severity="P1")
    entry = obligations.update(incident, "the password is hunter2", actor=mina)
    lifecycle.redact(incident, entry.seq, actor=mina, reason="a secret")
    run()
    assert "hunter2" not in Delivery.objects.get(kind="notice.update").body


def test_the_act_does_the_same(declare, mina):
    incident = declare(severity="P1")
    act = find("update")
    perform(act, incident, actor=mina, data=act.parse("5m we know more"))
    assert obligations.current(incident).because == "promise"
    assert incident.entries.get(kind="comms.update").actor == mina


def test_who_may_only_see_may_not_write_updates(declare, person):
    with pytest.raises(Forbidden):
        obligations.update(declare(), "hello", actor=person("vic", roles=["viewer"]))


@pytest.mark.parametrize("wrong", [{"text": " "}, {"audience": "mars"}, {"promise": timedelta(0)}, {"promise": timedelta(days=8)}])
def test_what_makes_no_sense_is_refused(declare, mina, wrong):
    with pytest.raises(Refused):
        obligations.update(declare(), **{"text": "words", "actor": mina, **wrong})


def test_a_missing_and_a_left_over_obligation_are_found(declare, mina):
    incident = declare(severity="P1")
    row = obligations.current(incident)
    Obligation.objects.filter(pk=row.pk).delete()
    assert len(audit.invariants()) == 1
    lifecycle.transition(incident, "resolved", actor=mina)
    Obligation.objects.create(incident=incident, since=row.since, due_at=now_is.now() + timedelta(hours=1), opened_at=row.opened_at)
    assert len(audit.invariants()) == 1
