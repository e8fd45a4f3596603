"""Leases: two workers never share a row, and only the holder's result counts."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from lib import clock as product_clock
from lib import leases
from lib.models import NamedLease


def test_claim_counts_the_attempt_and_leaves_held_rows_out(job_model, db):
    job_model.objects.bulk_create(job_model(name=name) for name in "abc")
    first = leases.claim(job_model.objects.order_by("name"), seconds=30, limit=2)
    second = leases.claim(job_model.objects.order_by("name"), seconds=30, limit=2)
    assert [row.name for row in first] == ["a", "b"]
    assert [row.name for row in second] == ["c"]
    assert {row.attempts for row in first + second} == {1}
    assert leases.claim(job_model.objects.all(), seconds=30, limit=2) == []


def test_a_lapsed_lease_is_claimed_again_and_the_late_worker_writes_nothing(job_model, clock):
    job_model.objects.create(name="a")
    [late] = leases.claim(job_model.objects.all(), seconds=30, limit=1)
    clock.move("+31s")
    [quick] = leases.claim(job_model.objects.all(), seconds=30, limit=1)
    assert quick.attempts == 2
    assert not leases.settle(late, name="late")
    assert leases.settle(quick, name="quick")
    assert job_model.objects.get().name == "quick"


def test_a_settled_row_cannot_be_settled_twice(job_model, db):
    job_model.objects.create(name="a")
    [row] = leases.claim(job_model.objects.all(), seconds=30, limit=1)
    assert leases.settle(row)
    assert not leases.settle(row, name="again")


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_out_all_rows(job_model):
    job_model.objects.bulk_create(job_model(name=str(number)) for number in range(40))
    start = threading.Barrier(2)
    taken, errors = [[], []], []

    def work(mine):
        try:
            start.wait()
            while rows := leases.claim(job_model.objects.order_by("pk"), seconds=30, limit=3):
                mine += [row.pk for row in rows]
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    # A worker ends as soon as it finds nothing, which SKIP LOCKED may show it early: what it left is still there to claim.
    left = [row.pk for row in leases.claim(job_model.objects.all(), seconds=30, limit=40)]
    everything = taken[0] + taken[1] + left
    assert len(everything) == len(set(everything)) == 40
    assert not job_model.objects.exclude(attempts=1).exists()
    job_model.objects.all().delete()


def test_one_process_at_a_time_is_elected(db, monkeypatch):
    assert leases.elect("auditor", 30)
    assert leases.elect("auditor", 30)
    monkeypatch.setattr(leases, "holder", lambda: "another")
    assert not leases.elect("auditor", 30)
    assert leases.elect("other job", 30)


def test_a_silent_holder_is_followed_by_another(db, monkeypatch):
    assert leases.elect("auditor", 30)
    NamedLease.objects.update(until=product_clock.real() - timedelta(seconds=1))
    monkeypatch.setattr(leases, "holder", lambda: "another")
    assert leases.elect("auditor", 30)


def test_moving_the_clock_deposes_nobody(clock, monkeypatch):
    assert leases.elect("auditor", 30)
    clock.move("+2h")
    monkeypatch.setattr(leases, "holder", lambda: "another")
    assert not leases.elect("auditor", 30)
