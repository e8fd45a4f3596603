"""Many requests at once: one incident, nothing lost, on either database."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from unittest import mock

import pytest
from django.db import connection
from django.test import Client

from detection import audit, keys
from detection.models import Alert, AlertGroup, Envelope
from incidents import playbook
from incidents.models import Incident
from lib.db import StaleHead
from tests.detection.conftest import KEY, make_alert, notification

pytestmark = pytest.mark.django_db(transaction=True)


def post_at_once(payloads):
    """All of them at the same moment, each in a thread of its own; one that is told to come again does, as Alertmanager would."""
    barrier = Barrier(len(payloads))

    def post(payload):
        client = Client()
        barrier.wait()
        try:
            for _again in range(30):
                answer = client.post(f"/ingest/alertmanager/{KEY}/", data=json.dumps(payload), content_type="application/json")
                if answer.status_code != 503:
                    return answer.status_code, answer.json()
                assert answer.headers["Retry-After"]
            return answer.status_code, answer.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(payloads)) as pool:
        return list(pool.map(post, payloads))


@pytest.fixture
def ready(world):
    playbook.load()
    return keys.create("alertmanager", "Alertmanager", actor=None, key=KEY)[0]


def test_twenty_requests_at_once_open_one_incident(ready):
    answers = post_at_once([notification(make_alert("Down", instance=f"api-{number}")) for number in range(20)])
    assert [status for status, _body in answers] == [202] * 20
    incident = Incident.objects.get()
    assert all(body["incidents"] == [incident.reference] for _status, body in answers)
    assert Alert.objects.filter(incident=incident).count() == 20 and AlertGroup.objects.count() == 1
    assert list(incident.entries.order_by("seq").values_list("seq", flat=True)) == list(range(1, incident.last_seq + 1))
    assert audit.invariants(full=True) == []


def test_the_same_alert_ten_times_at_once_is_one_row(ready):
    alert = make_alert("Chatty", severity="info")
    answers = post_at_once([notification(alert)] * 10)
    assert [status for status, _body in answers] == [202] * 10
    assert Alert.objects.get().times == 10 and Envelope.objects.count() == 10


def test_beginning_and_end_at_once_leave_it_ended(ready):
    beginning = make_alert("Down")
    end = {**beginning, "status": "resolved", "endsAt": beginning["startsAt"]}
    post_at_once([notification(beginning), notification(end)] * 4)
    assert Alert.objects.get().status == "resolved"
    assert Incident.objects.get().recovered_at is not None
    assert audit.invariants(full=True) == []


def test_a_busy_database_is_503_within_two_seconds_and_nothing_is_half_stored(ready):
    with mock.patch("detection.delivering.PATIENCE", 0.2), mock.patch("detection.correlate.take", side_effect=_locked):
        answer = Client().post(f"/ingest/alertmanager/{KEY}/", data=json.dumps(notification(make_alert())), content_type="application/json")
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5" and answer.json()["error"] == "busy"
    assert not Envelope.objects.exists() and not Alert.objects.exists()


def _locked(*args):
    raise StaleHead("always")
