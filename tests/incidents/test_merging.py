"""One incident becomes part of another."""

import pytest

from incidents import lifecycle
from incidents.lifecycle import merging
from incidents.models import State, Step
from lib.errors import Refused


def test_the_source_ends_and_both_stories_say_so(declare, commander, kinds):
    source, into = declare(services=["cache"]), declare(severity="P2")
    merged = lifecycle.merge(source, into, actor=commander, reason="same cause")
    source.refresh_from_db()
    assert (source.state, source.merged_into) == (State.MERGED, into)
    assert "incidents.merged_into" in kinds(source) and "incidents.merged_from" in kinds(into)
    assert merged.severity == "P1"
    assert {impact.service.slug for impact in into.impacts.all()} == {"api-gateway", "cache"}
    assert not Step.objects.filter(incident=source).pending().exists()
    assert not source.clocks.filter(stopped_at=None).exists()


def test_merging_twice_is_harmless(declare, commander, kinds):
    source, into = declare(), declare()
    lifecycle.merge(source, into, actor=commander)
    before = kinds(into)
    lifecycle.merge(source, into, actor=commander)
    assert kinds(into) == before


@pytest.mark.parametrize(("source", "into"), [({"private": True}, {}), ({}, {"private": True}), ({"drill": True}, {}), ({}, {"drill": True})])
def test_private_and_open_drill_and_real_never_mix(declare, commander, source, into):
    with pytest.raises(Refused):
        lifecycle.merge(declare(**source), declare(**into), actor=commander)


def test_neither_into_itself_nor_into_what_is_over(declare, commander):
    one, other = declare(), declare()
    with pytest.raises(Refused):
        lifecycle.merge(one, one, actor=commander)
    lifecycle.transition(other, "resolved", actor=commander)
    with pytest.raises(Refused):
        lifecycle.merge(one, other, actor=commander)


def test_rooms_hand_over_in_the_same_transaction(declare, commander, monkeypatch):
    handed = []
    monkeypatch.setitem(merging._handovers, "test", lambda source, into: handed.append((source.reference, into.reference)))
    source, into = declare(), declare()
    lifecycle.merge(source, into, actor=commander)
    assert handed == [(source.reference, into.reference)]
