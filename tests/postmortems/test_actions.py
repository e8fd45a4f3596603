"""Action items: days by horizon, owners, lateness once, who settles."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from comms.models import Delivery
from incidents import lifecycle
from incidents.models import Membership, Team
from lib import clock as product_clock
from lib.errors import Forbidden, NotFound, Refused
from postmortems import actions, sweeps
from postmortems import lifecycle as lifecycle_of_postmortems
from postmortems.models import ActionItem


@pytest.fixture
def item(postmortem, commander, responder):
    """One that the responder owns."""
    return actions.add(postmortem, actor=commander, title="Alert on memory at 80 %", owner=responder)


@pytest.mark.parametrize(
    "horizon, resolved, today, due",
    [
        ("immediate", date(2024, 1, 15), date(2024, 1, 16), date(2024, 1, 22)),
        ("short", date(2024, 1, 15), date(2024, 1, 16), date(2024, 2, 15)),
        ("long", date(2024, 1, 15), date(2024, 1, 16), date(2024, 4, 15)),
        ("short", date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 29)),
        ("immediate", date(2024, 1, 15), date(2024, 2, 1), date(2024, 2, 8)),
    ],
)
def test_the_horizon_gives_the_day(incident, horizon, resolved, today, due):
    incident.resolved_at = timezone.make_aware(timezone.datetime(resolved.year, resolved.month, resolved.day, 12))
    assert actions.default_due(incident, horizon, today) == due


@pytest.mark.parametrize(
    "told", [{"title": " "}, {"title": "x", "ticket_url": "javascript:alert(1)"}, {"title": "x", "owner": "person", "team": "team"}], ids=str
)
def test_what_makes_no_sense_is_refused(postmortem, commander, told):
    told = {**told, **({"owner": commander, "team": Team.objects.first()} if "owner" in told else {})}
    with pytest.raises(Refused) as refused:
        actions.add(postmortem, actor=commander, **told)
    assert refused.value.status == 422
    assert not ActionItem.objects.exists()


def test_an_owner_must_be_able_to_see_it(postmortem, commander, responder):
    lifecycle.set_private(postmortem.incident, True, actor=commander)
    with pytest.raises(Refused, match="may not see"):
        actions.add(postmortem, actor=commander, title="x", owner=responder)


def test_a_team_takes_over_from_a_person(item, commander):
    team = Team.objects.get(slug="operations")
    item = actions.change(item, actor=commander, team=team)
    assert (item.owner, item.team) == (None, team)


def test_who_changes_an_older_one_is_told(item, commander):
    actions.change(item, actor=commander, number=0, title="Alert at 70 %")
    with pytest.raises(actions.Moved):
        actions.change(item, actor=commander, number=0, title="Alert at 60 %")


def test_done_dropped_and_open_again(item, commander, kinds):
    assert actions.settle(item, "done", actor=commander).settled_by == commander
    actions.settle(item, "done", actor=commander)
    assert actions.settle(item, "open", actor=commander).settled_at is None
    with pytest.raises(Refused, match="why"):
        actions.settle(item, "dropped", actor=commander)
    assert actions.settle(item, "dropped", actor=commander, reason="superseded").dropped_because == "superseded"
    assert kinds(item.postmortem.incident).count("postmortems.action_done") == 3


def test_its_owner_settles_it_without_the_right_to_respond_others_do_not(postmortem, commander, viewer, person):
    item = actions.add(postmortem, actor=commander, title="Look at it", owner=viewer)
    with pytest.raises(Forbidden):
        actions.settle(item, "done", actor=person("vera", roles=["viewer"]))
    assert actions.settle(item, "done", actor=viewer).state == "done"
    with pytest.raises(Forbidden):
        actions.change(item, actor=viewer, title="x")


def test_a_late_one_is_recorded_once_and_its_owner_told(item, clock, kinds, responder):
    clock.move("+240h")
    assert (sweeps.sweep_actions(), sweeps.sweep_actions()) == (1, 0)
    assert kinds(item.postmortem.incident).count("postmortems.action_late") == 1
    assert list(Delivery.objects.filter(kind="postmortems.action_late").values_list("person", flat=True)) == [responder.pk]


def test_of_a_waived_post_mortem_nothing_is_chased(item, clock, kinds, commander):
    lifecycle_of_postmortems.waive(item.postmortem.incident, actor=commander, reason="Known flaw")
    clock.move("+240h")
    assert sweeps.sweep_actions() == 0
    assert "postmortems.action_late" not in kinds(item.postmortem.incident) and not Delivery.objects.filter(kind="postmortems.action_late").exists()


def test_a_later_day_gives_a_new_chance(item, clock, commander):
    clock.move("+240h")
    sweeps.sweep_actions()
    later = timezone.localdate(product_clock.now()) + timedelta(days=3)
    assert actions.change(item, actor=commander, due_on=later).late_at is None
    clock.move("+120h")
    assert sweeps.sweep_actions() == 1


def test_of_a_team_its_leads_are_told(postmortem, commander, clock, person):
    lead, member = person("olga"), person("otto")
    team = Team.objects.get(slug="operations")
    Membership.objects.create(team=team, person=lead, is_lead=True)
    Membership.objects.create(team=team, person=member)
    item = actions.add(postmortem, actor=commander, title="x", team=team)
    assert sweeps.owners(item) == [lead]
    assert set(ActionItem.objects.of(member)) == {item}


def test_nobody_finds_one_of_a_private_incident(item, commander, viewer):
    lifecycle.set_private(item.postmortem.incident, True, actor=commander)
    with pytest.raises(NotFound):
        actions.find(viewer, item.pk)
