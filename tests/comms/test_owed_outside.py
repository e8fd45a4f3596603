"""What the public and the users are owed: from *confirmed* on, by condition, then by promise (manual.md §7)."""

from datetime import timedelta

import pytest

from comms import audit, figures, obligations, sweeps
from comms.models import Obligation
from incidents import lifecycle, playbook, timeline
from incidents.catalogue import Sentence, sentences
from incidents.signals import entry_recorded
from lib import clock as now_is
from lib.errors import Refused

KINDS = {"status_page": "statuspage.published", "users": "comms.users_told"}


@pytest.fixture(autouse=True)
def _only_this_room(monkeypatch):
    """The rooms above would publish by themselves, and keep what is owed."""
    kept = {name: one for name, one in entry_recorded.receivers.items() if name.startswith("comms.")}
    monkeypatch.setattr(entry_recorded, "receivers", kept)


@pytest.fixture
def confirm(declare, mina):
    """Declares and confirms."""

    def make(**fields):
        return lifecycle.transition(declare(**fields), "confirmed", actor=mina)

    return make


@pytest.fixture
def told(monkeypatch):
    """An entry that tells an audience outside, as statuspage and the announcements record it."""

    monkeypatch.setitem(sentences(), "statuspage.published", Sentence("message", "message", lambda data: "published"))

    def record(incident, audience, promised=None):
        data = {"audience": audience, "promised": promised.isoformat() if promised else None}
        return timeline.record(lifecycle.hold(incident.pk), KINDS[audience], data=data)

    return record


def owed(incident, audience):
    """(because, minutes after the incident was confirmed) of what is owed now."""
    row = obligations.current(incident, audience)
    return None if row is None else (row.because, round((row.due_at - incident.confirmed_at).total_seconds() / 60))


@pytest.mark.parametrize("audience", KINDS)
def test_nothing_is_owed_outside_before_confirmed(declare, audience):
    assert obligations.current(declare(severity="P1"), audience) is None


@pytest.mark.parametrize(
    ("severity", "page", "users"),
    [("P1", ("condition", 5), ("condition", 5)), ("P2", ("condition", 15), ("condition", 60)), ("P3", None, None), ("P4", None, None)],
)
def test_at_confirmed_each_severity_owes_what_the_manual_says(confirm, severity, page, users):
    incident = confirm(severity=severity)
    assert (owed(incident, "status_page"), owed(incident, "users")) == (page, users)
    assert audit.invariants() == []


def test_the_users_of_a_p2_hear_an_hour_after_the_impact_began_however_late_it_was_confirmed(declare, mina, clock):
    incident = declare(severity="P2")
    clock.move("+40m")
    incident = lifecycle.transition(incident, "diagnosing", actor=mina)
    assert obligations.current(incident, "users").due_at == incident.began_at + timedelta(hours=1)


@pytest.mark.parametrize("fields", [{"private": True}, {"severity": "P3"}])
def test_of_a_private_or_small_incident_nothing_is_owed_outside(confirm, fields):
    incident = confirm(**fields)
    assert [owed(incident, audience) for audience in KINDS] == [None, None]
    assert audit.invariants() == []


def test_a_drill_owes_the_users_but_not_the_status_page(confirm):
    incident = confirm(drill=True)
    assert (owed(incident, "status_page"), owed(incident, "users")[0]) == (None, "condition")


@pytest.mark.parametrize("audience", KINDS)
def test_telling_keeps_it_and_a_promise_starts_its_own_clock(confirm, told, audience):
    incident = confirm()
    entry = told(incident, audience, now_is.now() + timedelta(minutes=30))
    kept = Obligation.objects.get(audience=audience, closing="kept")
    assert kept.kept_by == entry
    assert owed(incident, audience) == ("promise", 30)
    told(incident, audience)
    assert owed(incident, audience) is None
    assert audit.invariants() == []


def test_one_audience_is_not_told_by_telling_another(confirm, told, mina):
    incident = confirm()
    told(incident, "status_page")
    obligations.update(incident, "We look at it.", actor=mina)
    assert owed(incident, "users")[0] == "condition"


def test_going_on_after_telling_without_a_promise_owes_nothing_new(confirm, told, mina):
    incident = confirm()
    told(incident, "status_page")
    lifecycle.transition(incident, "fixing", actor=mina)
    assert owed(incident, "status_page") is None


@pytest.mark.parametrize("because", ["condition", "promise"])
def test_a_miss_is_recorded_and_chased_every_half_hour(confirm, told, clock, kinds, because):
    incident = confirm(severity="P2")
    if because == "promise":
        told(incident, "status_page", now_is.now() + timedelta(minutes=15))
    clock.move("+16m")
    sweeps.sweep_obligations()
    missed = incident.entries.filter(kind="comms.update_missed")
    assert missed.count() == 1
    assert (owed(incident, "status_page")) == (because, 45)
    assert sweeps.sweep_obligations() == 0


def test_a_raise_makes_it_due_sooner_but_never_in_the_past(confirm, mina, clock):
    incident = confirm(severity="P2")
    clock.move("+10m")
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    assert owed(incident, "users") == ("condition", 15)
    assert owed(incident, "status_page") == ("condition", 15)


def test_a_raise_from_p3_owes_and_a_fall_to_p3_ends_it_but_not_a_promise(confirm, told, mina):
    incident = confirm(severity="P3")
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    assert owed(incident, "users")[0] == "condition"
    told(incident, "status_page", now_is.now() + timedelta(minutes=30))
    lifecycle.change_severity(incident, "P3", actor=mina, reason="it was less")
    assert owed(incident, "users") is None
    assert owed(incident, "status_page")[0] == "promise"
    assert audit.invariants() == []


@pytest.mark.parametrize("end", ["resolved", "dismissed"])
def test_the_end_ends_it_promises_included(confirm, told, mina, end):
    incident = confirm()
    told(incident, "status_page", now_is.now() + timedelta(minutes=30))
    lifecycle.transition(incident, end, actor=mina)
    assert [owed(incident, audience) for audience in KINDS] == [None, None]
    assert audit.invariants() == []


def test_reopening_owes_a_word_again(confirm, told, mina, clock):
    incident = confirm()
    told(incident, "status_page")
    lifecycle.transition(incident, "resolved", actor=mina)
    clock.move("+40m")
    lifecycle.transition(incident, "diagnosing", actor=mina, note="it is back")
    assert owed(incident, "status_page") == ("condition", 45)


def test_a_merge_hands_a_promise_over(confirm, told, mina):
    source, target = confirm(), confirm()
    told(source, "status_page", now_is.now() + timedelta(minutes=3))
    lifecycle.merge(source, target, actor=mina, reason="the same")
    assert owed(source, "status_page") is None
    assert owed(target, "status_page") == ("promise", 3)
    assert audit.invariants() == []


def test_becoming_private_ends_it(confirm, mina):
    incident = confirm()
    lifecycle.set_private(incident, True, actor=mina)
    assert [owed(incident, audience) for audience in KINDS] == [None, None]
    assert audit.invariants() == []


def test_a_team_may_let_the_public_hear_nothing(shipped, confirm, mina):
    playbook.edit("publication", "P1", {"status_page": "none", "users": "none"}, actor=mina)
    assert owed(confirm(), "status_page") is None


def test_figures_name_every_audience_that_waits(confirm):
    owed_now = figures.next_updates(confirm(severity="P2")).value
    assert [row["audience"] for row in owed_now] == ["status_page", "war_room", "users"]


@pytest.mark.parametrize("audience", KINDS)
def test_the_public_is_not_told_by_a_word_to_the_war_room(confirm, mina, audience):
    with pytest.raises(Refused):
        obligations.update(confirm(), "words", actor=mina, audience=audience)


def test_a_word_that_is_not_planned_is_found(confirm):
    Obligation.objects.filter(incident=confirm(), audience="users").delete()
    assert [line for line in audit.invariants() if "users" in line]
