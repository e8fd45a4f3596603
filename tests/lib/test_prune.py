"""Pruning: old rows go in batches, one bad rule harms no other."""

from datetime import timedelta

import pytest

from lib import clock as product_clock
from lib import prune
from lib.models import Heartbeat


@pytest.fixture
def rules(monkeypatch):
    monkeypatch.setattr(prune, "_rules", {})
    monkeypatch.setattr(prune, "BATCH", 3)


def test_old_rows_go_and_young_ones_stay(db, rules):
    now = product_clock.now()
    Heartbeat.objects.bulk_create(Heartbeat(name=str(days), at=now - timedelta(days=days)) for days in range(10))
    prune.register("lib.heartbeats", lambda before: Heartbeat.objects.filter(at__lt=before), keep=timedelta(days=2, hours=1))
    assert prune.prune(now=now) == 7
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {"0", "1", "2"}
    assert prune.prune(now=now) == 0


def test_a_failing_rule_holds_up_no_other(db, rules, caplog):
    Heartbeat.objects.create(name="old", at=product_clock.now() - timedelta(days=9))
    prune.register("a.bad", lambda before: 1 / 0, keep=timedelta(days=1))
    prune.register("b.good", lambda before: Heartbeat.objects.filter(at__lt=before), keep=lambda: timedelta(days=1))
    assert prune.prune() == 1
    assert "a.bad" in caplog.text


def test_one_run_has_an_end(db, rules, monkeypatch):
    monkeypatch.setattr(prune, "BATCHES", 2)
    Heartbeat.objects.bulk_create(Heartbeat(name=str(number), at=product_clock.now() - timedelta(days=9)) for number in range(10))
    prune.register("lib.heartbeats", lambda before: Heartbeat.objects.filter(at__lt=before), keep=timedelta(days=1))
    assert [prune.prune(), prune.prune()] == [6, 4]
