"""Several workers and several lanes at once: nothing is sent twice, and nobody waits for a stranger."""

import threading

import pytest
from django.db import connection

from comms import outbox, sweeps
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
                sweeps.drain_outbox()
            finally:
                connection.close()

        threads = [threading.Thread(target=drain) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(to for _from, [to], _raw in sink.mails) == sorted(f"k{number}@example.test" for number in range(40))
    assert set(Delivery.objects.values_list("state", "is_ambiguous")) == {("sent", False)}


@pytest.mark.django_db(transaction=True)
def test_a_channel_that_hangs_holds_up_no_other(settings, monkeypatch):
    settings.EMAIL_TIMEOUT = 2
    monkeypatch.setattr(base.Channel, "deadline_seconds", 2)
    with BadServer(MAIL="hang") as server:
        settings.EMAIL_URL = server.url()
        hanging, other = ask("mail"), ask("line", channel="console")
        done = threading.Thread(target=lambda: (sweeps.drain_outbox(), connection.close()))
        done.start()
        while Delivery.objects.get(pk=other.pk).state != "sent" or not hanging.tries.exists():
            assert done.is_alive()
        assert Delivery.objects.get(pk=hanging.pk).tries.get().outcome == "started"
        server.stopped.set()
        done.join()
    assert Delivery.objects.get(pk=hanging.pk).state == "due"
