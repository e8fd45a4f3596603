"""Heartbeats: the last sign of life of each part."""

from datetime import timedelta

import pytest

from lib import heartbeats
from lib.models import Heartbeat


def test_a_part_that_never_beat_has_no_age(db):
    assert heartbeats.age("engine") is None


def test_the_last_beat_counts_and_keeps_what_was_said(db, django_assert_num_queries):
    heartbeats.beat("engine", pid=1)
    with django_assert_num_queries(1):
        heartbeats.beat("engine", pid=2)
    assert heartbeats.age("engine") == pytest.approx(0, abs=5)
    assert Heartbeat.objects.get(name="engine").detail == {"pid": 2}


def test_ages_by_prefix(db):
    heartbeats.beat("web.1")
    heartbeats.beat("web.2")
    heartbeats.beat("engine")
    Heartbeat.objects.filter(name="web.1").update(at=Heartbeat.objects.get(name="web.1").at - timedelta(minutes=2))
    ages = heartbeats.ages("web.")
    assert list(ages) == ["web.1", "web.2"]
    assert ages["web.1"] == pytest.approx(120, abs=5)


def test_moving_the_clock_makes_nobody_look_dead(clock):
    heartbeats.beat("engine")
    clock.move("+2h")
    assert heartbeats.age("engine") < 5
