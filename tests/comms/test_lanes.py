"""Several workers and several lanes at once: nothing is sent twice, and nobody waits for a stranger."""

import threading

import pytest
from django.db import connection

from comms import drain, lanes, outbox, sweeps
from comms.channels import base
from comms.models import Delivery, Priority
from tests.comms.smtp import BadServer, Sink


def ask(key, **fields):
    return outbox.enqueue("channel.test", **{"channel": "email", "address": f"{key}@example.test", "params": {}, "key": key, **fields})


@pytest.mark.django_db(transaction=True)
def test_four_drains_at_once_send_each_key_once(settings):
    with Sink() as sink:
        settings.EMAIL_URL = sink.url()
        for number in range(40):
            ask(f"k{number}", priority=Priority(number % 2))
        ready = threading.Barrier(4)

        def drain():
            ready.wait()
            try:
                while sweeps.drain_outbox():
                    pass
            finally:
                connection.close()

        threads = [threading.Thread(target=drain) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(to for _from, [to], _raw in sink.mails) == sorted(f"k{number}@example.test" for number in range(40))
    assert set(Delivery.objects.values_list("state", "is_ambiguous")) == {("sent", False)}


@pytest.fixture
def hanging(settings, monkeypatch):
    """A mail server that takes no mail and says nothing, until it is stopped."""
    settings.EMAIL_TIMEOUT = 60
    monkeypatch.setattr(base.Channel, "deadline_seconds", 60)
    with BadServer(MAIL="hang") as server:
        settings.EMAIL_URL = server.url()
        yield server
        server.stopped.set()
        while lanes.run([]):
            pass


def is_being_tried(delivery):
    return delivery.tries.filter(outcome="started").exists()


@pytest.mark.django_db(transaction=True)
def test_a_channel_that_hangs_holds_up_no_other_and_no_later_turn(hanging):
    mail, beside = ask("mail"), ask("beside", channel="console")
    while not is_being_tried(mail) or Delivery.objects.get(pk=beside.pk).state != "sent":
        assert sweeps.drain_outbox() >= 1, "a lane that still runs is work"
    more = [ask(f"mail{number}", priority=Priority(number % 3)) for number in range(12)]
    call = ask("call", channel="console", priority=Priority.CALL)
    while Delivery.objects.get(pk=call.pk).state != "sent":
        sweeps.drain_outbox()
    assert is_being_tried(mail), "the call went out while the mail server still hung"
    hanging.stopped.set()
    while lanes.run([]):
        pass
    assert {Delivery.objects.get(pk=row.pk).state for row in [mail, *more]} == {"due"}


@pytest.mark.django_db(transaction=True)
def test_a_lane_has_no_more_threads_than_it_may(monkeypatch):
    begun, goes_on, lane = [], threading.Event(), drain.Lane("email", Priority.CALL)

    def work(found):
        begun.append(found)
        goes_on.wait(20)
        return 1

    monkeypatch.setattr(drain, "work", work)
    monkeypatch.setattr(lanes, "PATIENCE", 0.01)
    for _ in range(lanes.THREADS + 2):
        assert lanes.run([lane]) > 0
    assert begun == [lane] * lanes.THREADS
    goes_on.set()
    while lanes.run([]):
        pass
    assert len(begun) == lanes.THREADS


@pytest.mark.django_db(transaction=True)
def test_what_a_slow_lane_raises_is_raised_by_a_later_turn(monkeypatch):
    goes_on = threading.Event()

    def work(lane):
        goes_on.wait(20)
        raise ValueError("poison")

    monkeypatch.setattr(drain, "work", work)
    monkeypatch.setattr(lanes, "PATIENCE", 0.01)
    assert lanes.run([drain.Lane("email", Priority.CALL)]) == 1
    goes_on.set()
    with pytest.raises(ValueError, match="poison"):
        while lanes.run([]):
            pass


@pytest.mark.django_db(transaction=True)
def test_a_lane_that_hangs_ends_its_process_and_the_others_come_to_an_end(monkeypatch):
    goes_on, ended = threading.Event(), []

    def work(lane):
        goes_on.wait(20)
        return 1

    def end(code):
        ended.append((code, drain.stopping.is_set()))
        goes_on.set()

    monkeypatch.setattr(drain, "work", work)
    monkeypatch.setattr(drain, "stopping", threading.Event())
    monkeypatch.setattr(lanes, "PATIENCE", 0.01)
    monkeypatch.setattr(lanes, "STUCK_SECONDS", 0.0)
    monkeypatch.setattr(lanes, "finish", lambda: drain.stopping.set())
    monkeypatch.setattr(lanes.os, "_exit", end)
    lanes.run([drain.Lane("email", Priority.CALL)])
    assert ended == [(lanes.STUCK, True)]
    while lanes.run([]):
        pass


def test_a_process_that_ends_begins_no_further_mail(db, settings, monkeypatch):
    monkeypatch.setattr(drain, "stopping", threading.Event())
    with Sink() as sink:
        settings.EMAIL_URL = sink.url()
        ask("late", priority=Priority.INTERNAL)
        drain.stopping.set()
        assert drain.work(drain.Lane("email", Priority.INTERNAL)) == 0
        assert sink.mails == []
