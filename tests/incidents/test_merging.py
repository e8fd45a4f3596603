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


def test_taking_in_what_fires_wakes_a_target_that_had_recovered(declare, commander):
    into = lifecycle.mark_recovered(declare(severity="P2", actor=None))
    assert into.recovered_at is not None
    assert lifecycle.merge(declare(), into, actor=commander).recovered_at is None


def test_the_highest_severity_of_either_stays(declare, commander):
    source, into = declare(), declare(severity="P3")
    lifecycle.change_severity(source, "P4", actor=commander, reason="nearly nothing")
    merged = lifecycle.merge(source, into, actor=commander)
    assert (merged.severity, merged.highest_severity) == ("P3", "P1")


def test_a_target_that_became_private_is_not_told_by_its_source(declare, commander, responder, client):
    source, into = declare(), declare(title="canary-merge-77")
    lifecycle.assign(source, "scribe", responder, actor=commander)
    lifecycle.merge(source, into, actor=commander)
    lifecycle.set_private(into, True, actor=commander)
    client.force_login(responder)
    for url in (f"/incidents/{source.reference}/", f"/api/v1/incidents/{source.reference}/"):
        answer = client.get(url)
        assert answer.status_code == 200 and "canary-merge-77" not in answer.content.decode()
    assert client.get(f"/api/v1/incidents/{source.reference}/").json()["merged_into"] is None
