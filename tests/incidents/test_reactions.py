"""One bad receiver never loses an entry, and what failed is tried again."""

import pytest

from incidents import lifecycle, reactions
from incidents.audit import invariants
from incidents.models import Incident, Reaction
from incidents.signals import entry_recorded


@pytest.fixture
def receiver(monkeypatch):
    """A receiver that fails while told to."""

    class Fickle:
        fails = True
        seen: list[int] = []

        def __call__(self, entry, incident, data):
            Incident.objects.filter(pk=incident.pk).update(summary="touched by the receiver")
            if self.fails:
                raise ValueError("no")
            self.seen.append(entry.seq)

    fickle = Fickle()
    fickle.seen = []
    monkeypatch.setattr(entry_recorded, "receivers", dict(entry_recorded.receivers))
    entry_recorded.connect("test.fickle", fickle, {"incidents.note"})
    return fickle


def test_a_failing_receiver_leaves_the_entry_and_takes_its_own_rows_back(incident, commander, receiver):
    entry = lifecycle.note(incident, "hello", actor=commander)
    incident.refresh_from_db()
    assert incident.last_seq == entry.seq and incident.summary == ""
    reaction = Reaction.objects.get(entry=entry, receiver="test.fickle")
    assert reaction.status == "failed" and "no" in reaction.error


def test_a_failed_reaction_is_tried_again_once_it_is_due(incident, commander, receiver, clock):
    entry = lifecycle.note(incident, "hello", actor=commander)
    receiver.fails = False
    assert reactions.retry() == 0
    clock.move("+10s")
    assert reactions.retry() == 1
    assert receiver.seen == [entry.seq]
    assert Reaction.objects.get(entry=entry, receiver="test.fickle").status == "done"
    clock.move("+1h")
    assert reactions.retry() == 0


def test_after_eight_attempts_it_is_dead_and_found_by_the_audit(incident, commander, receiver, clock):
    lifecycle.note(incident, "hello", actor=commander)
    for _attempt in range(8):
        clock.move("+1h")
        reactions.retry()
    assert Reaction.objects.get(receiver="test.fickle").status == "dead"
    assert any("dead" in finding for finding in invariants())


def test_a_good_receiver_runs_in_the_same_transaction(incident, commander, receiver):
    receiver.fails = False
    entry = lifecycle.note(incident, "hello", actor=commander)
    assert receiver.seen == [entry.seq]
    incident.refresh_from_db()
    assert incident.summary == "touched by the receiver"
