"""What the public may read, taken from the rows in a constant number of queries."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from incidents import playbook
from statuspage import audit, bars, changes, snapshot
from statuspage.models import Component, ComponentChange

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SINCE = datetime(2026, 3, 8, tzinfo=UTC)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def test_every_service_is_a_component_in_its_group(db):
    playbook.in_force()
    taken = snapshot.take(datetime.now(UTC))
    assert [group.slug for group in taken.groups] == ["core", "data", "monitoring"]
    assert [one.slug for one in taken.components if one.group == "core"] == ["api-gateway", "agent-coordinator", "user-authentication", "workflow-engine"]
    first = taken.components[0]
    assert first.names == {"en": "API gateway", "zh-hans": "API 网关"}
    assert first.state == "operational"
    assert len(taken.days["api-gateway"]) == 90
    assert taken.uptime["api-gateway"] == 100
    assert audit.invariants(full=True) == []


def test_components_follow_the_playbook(db):
    playbook.in_force()
    number, _at = changes.state()
    playbook.edit("components", "cache", {"name": {"en": "Fast memory"}, "position": 1}, actor=None)
    playbook.edit("components", "logging", {"is_hidden": True}, actor=None)
    taken = snapshot.take(datetime.now(UTC))
    assert taken.revision == number + 2
    cache = next(one for one in taken.components if one.group == "data")
    assert cache.names == {"en": "Fast memory", "zh-hans": "缓存"}
    assert "logging" not in taken.days
    playbook.edit("components", "logging", None, actor=None)
    assert "logging" in snapshot.take(datetime.now(UTC)).days


def test_an_archived_service_vanishes(db):
    playbook.in_force()
    playbook.edit("services", "logging", None, actor=None)
    assert "logging" not in {one.slug for one in snapshot.take(datetime.now(UTC)).components}
    assert Component.objects.get(service__slug="logging").is_shown is False


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], [("operational", 0)] * 3),
        ([(NOON, "major_outage")], [("operational", 0), ("operational", 0), ("major_outage", 0)]),
        ([(SINCE, "partial_outage"), (SINCE + timedelta(hours=2), "operational")], [("partial_outage", 7200), ("operational", 0), ("operational", 0)]),
        ([(NOON - timedelta(days=1), "degraded_performance")], [("operational", 0), ("degraded_performance", 0), ("degraded_performance", 0)]),
        ([(NOON - timedelta(hours=13), "major_outage")], [("operational", 0), ("major_outage", 3600), ("major_outage", 43200)]),
        ([(NOON, "major_outage"), (NOON, "operational")], [("operational", 0)] * 3),
    ],
)
def test_a_day_shows_the_worst_that_was_published_on_it(history, expected):
    found = bars.days(history, since=SINCE, born=LONG_AGO, now=NOON, count=3)
    assert [(worst, seconds) for _date, worst, seconds in found] == expected


def test_days_before_a_component_was_there_say_nothing():
    found = bars.days([], since=SINCE, born=NOON - timedelta(hours=1), now=NOON, count=3)
    assert [worst for _date, worst, _seconds in found] == ["", "", "operational"]


def test_uptime_is_cut_so_that_100_means_never_down():
    found = bars.days([(SINCE, "major_outage"), (SINCE + timedelta(seconds=1), "operational")], since=SINCE, born=LONG_AGO, now=NOON, count=3)
    assert bars.uptime(found, since=SINCE, born=LONG_AGO, now=NOON) == Decimal("99.99")
    assert bars.uptime([], since=SINCE, born=LONG_AGO, now=NOON) == 100


def test_a_snapshot_costs_the_same_however_much_it_holds(db, django_assert_num_queries):
    playbook.in_force()
    now = datetime.now(UTC)
    ComponentChange.objects.bulk_create(ComponentChange(component=row, state="major_outage", at=now) for row in Component.objects.all() for _ in range(3))
    with django_assert_num_queries(7):
        snapshot.take(now)
