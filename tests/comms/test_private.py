"""A canary in a private incident appears in nothing that leaves, and in nothing that strangers read."""

import pytest

from comms import obligations
from comms.models import Delivery
from incidents import lifecycle
from incidents.models import Grant

CANARY = "canary-7f3a"


@pytest.fixture
def secret(declare, mina, wei):
    """A private P1 with canaries in all its words; Wei is named, and reads Chinese."""
    incident = declare(title=f"Breach {CANARY}", summary=f"See {CANARY}", severity="P1", private=True, grants=[Grant(person=wei)])
    lifecycle.note(incident, f"note {CANARY}", actor=mina)
    obligations.update(incident, f"update {CANARY}", actor=mina)
    return incident


def everything(sink):
    stored = " ".join(f"{row.subject} {row.body} {row.params} {row.answer}" for row in Delivery.objects.all())
    return stored + b" ".join(raw for _from, _to, raw in sink.mails).decode()


def test_only_who_may_see_it_is_told_and_nothing_of_it_is_said(sink, secret, run, person, mina, wei):
    run()
    assert {row.person for row in Delivery.objects.all()} == {mina, wei}
    assert CANARY not in everything(sink)
    assert "API gateway" not in everything(sink)
    assert "Private incident" in Delivery.objects.get(person=mina, kind="notice.declared").subject


def test_members_of_a_team_who_are_not_named_are_not_told(sink, teams, mina, wei, run):
    lifecycle.declare(title=f"Breach {CANARY}", severity="P1", actor=mina, private=True)
    run()
    assert {row.person for row in Delivery.objects.all()} == {mina}


def test_closing_it_meanwhile_stops_what_waits(sink, declare, run, mina, wei):
    from comms import sweeps

    incident = declare(title=f"Breach {CANARY}", severity="P1")
    sweeps.fan_out()
    lifecycle.set_private(incident, True, actor=mina)
    run()
    assert Delivery.objects.get(person=wei, kind="notice.declared").state == "dropped"
    assert CANARY not in everything(sink)


def test_strangers_find_no_trace_of_its_deliveries(sink, secret, run, person, client):
    run()
    stranger = person("sten", roles=["admin"])
    assert not Delivery.objects.visible_to(stranger).filter(incident=secret).exists()
