"""Private incidents are seen by named people and nobody else."""

import pytest

from incidents import lifecycle
from incidents.models import Grant, Incident, Step, Team, TimelineEntry
from lib.errors import Forbidden, NotFound, Refused


@pytest.fixture
def secret(declare):
    """A private incident of the commander."""
    return declare(title="canary-7f3a", private=True)


def test_only_named_people_see_it(secret, commander, responder, person):
    admin = person("ada", roles=["admin"])
    assert Incident.objects.visible_to(commander).filter(pk=secret.pk).exists()
    for other in (responder, admin):
        assert not Incident.objects.visible_to(other).exists()
        assert not TimelineEntry.objects.visible_to(other).exists()
        assert not Step.objects.visible_to(other).exists()


def test_a_role_a_grant_and_a_team_give_sight(secret, commander, responder, person):
    lifecycle.assign(secret, "scribe", responder, actor=commander)
    assert Incident.objects.visible_to(responder).filter(pk=secret.pk).exists()
    friend, member = person("fay", roles=["responder"]), person("mo", roles=["responder"])
    lifecycle.grant(secret, actor=commander, person=friend)
    team = Team.objects.first()
    team.memberships.create(person=member)
    lifecycle.grant(secret, actor=commander, team=team)
    assert all(Incident.objects.visible_to(who).filter(pk=secret.pk).count() == 1 for who in (friend, member))
    lifecycle.revoke(secret, actor=commander, person=friend)
    assert not Incident.objects.visible_to(friend).exists()


def test_acts_on_what_one_cannot_see_find_nothing(secret, responder):
    with pytest.raises(NotFound):
        lifecycle.transition(secret, "confirmed", actor=responder)


def test_see_private_sees(secret, person):
    lead = person("sec", roles=["responder"], extra_abilities=["see_private"])
    assert Incident.objects.visible_to(lead).filter(pk=secret.pk).exists()


def test_breaking_the_glass_needs_audit_a_reason_and_leaves_an_entry(secret, responder, person, kinds):
    admin = person("ada", roles=["admin"])
    with pytest.raises(Forbidden):
        lifecycle.break_glass(secret, actor=responder, reason="curious")
    with pytest.raises(Refused):
        lifecycle.break_glass(secret, actor=admin, reason=" ")
    lifecycle.break_glass(secret, actor=admin, reason="its people are asleep")
    assert Grant.objects.get(incident=secret, person=admin).broke_glass
    assert "incidents.glass_broken" in kinds(secret)
    assert Incident.objects.visible_to(admin).filter(pk=secret.pk).exists()


def test_opening_it_up_shows_it_to_everybody(secret, commander, responder):
    lifecycle.set_private(secret, False, actor=commander)
    assert Incident.objects.visible_to(responder).filter(pk=secret.pk).exists()


def test_what_became_part_of_it_goes_with_it(declare, commander, responder, person):
    part, whole = declare(title="canary part"), declare(title="canary whole")
    within = declare(title="canary within")
    lifecycle.merge(within, part, actor=commander)
    lifecycle.merge(part, whole, actor=commander)
    lifecycle.set_private(whole, True, actor=commander)
    assert not Incident.objects.visible_to(responder).exists()
    friend = person("fay", roles=["responder"])
    lifecycle.grant(whole, actor=commander, person=friend)
    for who in (commander, friend):
        assert set(Incident.objects.visible_to(who)) == {part, whole, within}
    lifecycle.revoke(whole, actor=commander, person=friend)
    assert not Incident.objects.visible_to(friend).exists()
    lifecycle.set_private(whole, False, actor=commander)
    assert Incident.objects.visible_to(responder).count() == 3


def test_a_part_is_opened_with_its_whole_only(declare, commander):
    part, whole = declare(private=True), declare(private=True)
    lifecycle.merge(part, whole, actor=commander)
    with pytest.raises(Refused):
        lifecycle.set_private(Incident.objects.get(pk=part.pk), False, actor=commander)
    lifecycle.set_private(whole, False, actor=commander)
    assert not Incident.objects.filter(is_private=True).exists()
