"""Health, recovery points and who is in a team."""

from datetime import timedelta

import pytest

from incidents import lifecycle, services, teams
from incidents.models import RecoveryPoint, Service, Team
from lib.errors import Forbidden, Refused


@pytest.fixture
def admin(person):
    return person("ada", roles=["admin"])


@pytest.fixture
def database():
    return Service.objects.get(slug="primary-database")


def test_health_is_the_worst_open_incident(declare, commander, viewer, database):
    one = declare(severity="P3", services=["primary-database"])
    two = declare(severity="P2", services=["primary-database"])
    lifecycle.set_services(two, {"primary-database": "outage"}, actor=commander)
    found = services.health(viewer)[database.pk]
    assert (found.level, found.severity, found.incidents) == ("outage", "P2", 2)
    lifecycle.transition(two, "resolved", actor=commander)
    assert services.health(viewer)[database.pk].level == "partial"
    lifecycle.transition(one, "dismissed", actor=commander)
    assert database.pk not in services.health(viewer)


def test_health_says_nothing_of_private_incidents_or_drills(declare, commander, viewer, database):
    declare(services=["primary-database"], private=True)
    declare(services=["primary-database"], drill=True)
    assert services.health(viewer) == {}
    assert services.health(commander)[database.pk].incidents == 1


def test_a_recovery_point_is_kept_once(database, responder, clock):
    at = clock.now() - timedelta(minutes=1)
    services.report_recovery_point(database, at, actor=responder)
    services.report_recovery_point(database, at, actor=responder)
    assert RecoveryPoint.objects.get().at == at


def test_a_recovery_point_of_a_fast_clock_counts_as_now(database, responder, clock):
    now = clock.now()
    assert services.report_recovery_point(database, now + timedelta(minutes=4), actor=responder).at <= clock.now()


@pytest.mark.parametrize("shift", [timedelta(minutes=6), timedelta(days=-4000)])
def test_a_recovery_point_out_of_reason_is_refused(database, responder, clock, shift):
    with pytest.raises(Refused) as refused:
        services.report_recovery_point(database, clock.now() + shift, actor=responder)
    assert refused.value.status == 422


def test_who_may_only_see_reports_no_recovery_point(database, viewer, clock):
    with pytest.raises(Forbidden):
        services.report_recovery_point(database, clock.now(), actor=viewer)


def test_a_team_has_one_lead(admin, responder, commander):
    team = Team.objects.get(slug="database")
    teams.put_member(team, responder, is_lead=True, actor=admin)
    teams.put_member(team, commander, is_lead=True, actor=admin)
    assert {row.person: row.is_lead for row in team.memberships.all()} == {responder: False, commander: True}
    with pytest.raises(Refused):
        teams.set_members(team, {responder: True, commander: True}, actor=admin)
    teams.drop_member(team, commander, actor=admin)
    assert [row.person for row in team.memberships.all()] == [responder]


def test_only_who_may_configure_changes_a_team(commander, responder):
    with pytest.raises(Forbidden):
        teams.put_member(Team.objects.get(slug="database"), responder, is_lead=False, actor=commander)


def test_somebody_switched_off_joins_no_team(admin, person):
    with pytest.raises(Refused):
        teams.put_member(Team.objects.get(slug="database"), person("off", is_active=False), is_lead=False, actor=admin)
