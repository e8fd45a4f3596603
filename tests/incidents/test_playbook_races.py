"""Several at once: loaders, editors and sweeps on the same rows."""

import threading

import pytest
from django.db import connections

from incidents import lifecycle, playbook
from incidents.deadlines import sweep_steps
from incidents.models import PlaybookVersion, Step, TimelineEntry
from lib import clock

pytestmark = pytest.mark.django_db(transaction=True)


def together(*jobs):
    """Run the jobs at the same time, each with its own connection; what they raised."""
    barrier, raised = threading.Barrier(len(jobs)), []

    def run(job):
        try:
            barrier.wait(10)
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


def test_three_first_loads_make_one_version():
    PlaybookVersion.objects.all().delete()
    assert together(playbook.load, playbook.load, playbook.load) == []
    assert PlaybookVersion.objects.count() == 1


def test_edits_of_different_items_at_once_are_all_kept(commander):
    def remove(key):
        return lambda: playbook.edit("war_room", key, None, actor=commander)

    assert together(*(remove(key) for key in ("slack", "zoom", "document"))) == []
    assert playbook.current().items("war_room") == {}
    assert list(PlaybookVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]


def test_three_sweeps_tell_of_each_miss_once(incident, commander):
    lifecycle.acknowledge(incident, actor=commander)
    clock.move(3 * 3600)
    assert clock.now() > incident.declared_at  # read by this thread, whose connection is open
    assert together(sweep_steps, sweep_steps, sweep_steps) == []
    late = Step.objects.exclude(late_at=None).count()
    told = TimelineEntry.objects.filter(incident=incident)
    assert late > 10
    assert told.filter(kind="incidents.step_late").count() == late
    assert told.filter(kind="incidents.acknowledgement_asked").count() == 1
    assert told.filter(kind="incidents.clock_breached").count() == 1
    assert list(told.order_by("seq").values_list("seq", flat=True)) == list(range(1, told.count() + 1))
