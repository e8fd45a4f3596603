"""What may enter the outbox, and that it enters once."""

import threading

import pytest
from django.db import connection

from comms import outbox
from comms.models import Delivery
from incidents.models import Incident
from lib import vault


def test_a_key_enters_once(send):
    assert send("same") is not None
    assert send("same") is None
    assert Delivery.objects.count() == 1


def test_unknown_kinds_channels_and_preconditions_are_refused(send):
    for wrong in ({"kind": "no.such"}, {"channel": "pigeon"}, {"precondition": "if_it_rains"}):
        with pytest.raises(LookupError):
            send(**wrong)


def test_a_drill_goes_to_the_recorder(declare, send):
    delivery = send(incident=declare(drill=True))
    assert delivery.channel == "recorder"
    assert delivery.is_exercise


def test_imported_history_has_no_effects(declare, send):
    incident = declare()
    Incident.objects.filter(pk=incident.pk).update(is_imported=True)
    incident.refresh_from_db()
    assert send(incident=incident) is None


def test_many_at_once_leave_existing_keys_alone(send):
    send("one")
    outbox.enqueue_many(outbox.Letter("channel.test", "email", key, address="x@example.test") for key in ("one", "two"))
    assert sorted(Delivery.objects.values_list("key", flat=True)) == ["one", "two"]


def test_the_message_id_follows_from_the_key(send):
    assert outbox.message_id("a") == outbox.message_id("a") != outbox.message_id("b")
    assert send("a").message_id == outbox.message_id("a")


def test_secrets_are_sealed(send):
    delivery = send(kind="contact.code", params={"code": "123456"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT params, secret FROM comms_delivery")
        assert "123456" not in str(cursor.fetchall())
    assert outbox.params_of(Delivery.objects.get(pk=delivery.pk)) == {"code": "123456"}


@pytest.mark.django_db(transaction=True)
def test_eight_threads_with_one_key_make_one_row():
    made, ready = [], threading.Barrier(8)

    def ask():
        ready.wait()
        try:
            made.append(outbox.enqueue("channel.test", channel="email", address="x@example.test", key="race"))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len([row for row in made if row is not None]) == 1
    assert Delivery.objects.filter(key="race").count() == 1


def test_parameters_that_wait_sealed_are_sealed_anew_when_keys_are_rotated(send, fresh, settings):
    delivery = send(kind="contact.code", params={"code": "123456"})
    settings.VAULT_KEYS = {"new": b"n" * 32, **settings.VAULT_KEYS}
    assert vault.rotate() == 1
    settings.VAULT_KEYS = {"new": b"n" * 32}
    assert outbox.params_of(fresh(delivery)) == {"code": "123456"}
    assert vault.census() == {"new": 1}
