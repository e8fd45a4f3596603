"""Many requests at once: one incident, nothing lost, on either database."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from unittest import mock

import pytest
from django.db import connection
from django.test import Client

from detection import audit, delivering, keys
from detection.models import Alert, AlertGroup, Envelope
from incidents import playbook
from incidents.models import Incident
from lib.db import StaleHead
from lib.failpoints import FailpointHit
from tests.detection.conftest import KEY, make_alert, notification

pytestmark = pytest.mark.django_db(transaction=True)


DOOR = f"/ingest/alertmanager/{KEY}/"


def post_at_once(payloads, path=DOOR):
    """All of them at the same moment, each in a thread of its own; one that is told to come again does, as Alertmanager would."""
    return at_once([(Client(), path, payload) for payload in payloads])


def at_once(requests):
    """Post all of these (client, path, payload) at the same moment: [(status, what was said to a good one), …]."""
    barrier = Barrier(len(requests))

    def post(request):
        client, path, payload = request
        barrier.wait()
        try:
            for _again in range(30):
                answer = client.post(path, data=json.dumps(payload), content_type="application/json")
                if answer.status_code != 503:
                    return answer.status_code, answer.json() if answer.status_code < 300 else None
                assert answer.headers["Retry-After"]
            return answer.status_code, answer.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(post, requests))


@pytest.fixture
def ready(world):
    playbook.in_force()
    return keys.create("alertmanager", "Alertmanager", actor=None, key=KEY)[0]


def test_fifty_requests_at_once_new_and_repeated_open_one_incident(ready):
    alerts = [make_alert("Down", instance=f"api-{number}") for number in range(20)]
    batches = [[alerts[number % 20], alerts[(number + 7) % 20]] if number % 3 == 0 else [alerts[number % 20]] for number in range(50)]
    answers = post_at_once([notification(*batch) for batch in batches])
    assert Counter(status for status, _body in answers) == {202: 50}
    incident = Incident.objects.get()
    assert all(body["incidents"] == [incident.reference] for _status, body in answers)
    assert Alert.objects.filter(incident=incident).count() == Alert.objects.count() == 20 and AlertGroup.objects.count() == 1
    assert sum(Alert.objects.values_list("times", flat=True)) == sum(map(len, batches)) and Envelope.objects.count() == 50
    assert gapless(incident)
    assert audit.invariants(full=True) == []


def gapless(incident):
    incident.refresh_from_db()
    return list(incident.entries.order_by("seq").values_list("seq", flat=True)) == list(range(1, incident.last_seq + 1))


PRESSES = {
    "acknowledge": lambda old, other, alerts: {},
    "transitions": lambda old, other, alerts: {"to": "dismissed"},
    "merge": lambda old, other, alerts: {"into": other.reference, "reason": "the same"},
    "split": lambda old, other, alerts: {"alerts": alerts, "reason": "another cause"},
}


@pytest.mark.parametrize("act", PRESSES)
def test_people_act_while_alerts_come(ready, person, act):
    first = [make_alert("Down", instance=f"api-{number}") for number in range(6)]
    post_at_once([notification(*first), notification(make_alert("Elsewhere", service="cache"))])
    old, other = Incident.objects.get(services__slug="api-gateway"), Incident.objects.get(services__slug="cache")
    leaving = list(Alert.objects.filter(incident=old).order_by("pk").values_list("pk", flat=True)[:2])
    cara = Client()
    cara.force_login(person("cara", roles=["commander"]))
    press = (cara, f"/api/v1/incidents/{old.reference}/{act}/", PRESSES[act](old, other, leaving))
    later = [make_alert("Down", instance=f"api-{number}") for number in range(6, 12)]
    ends = [{**alert, "status": "resolved", "endsAt": alert["startsAt"]} for alert in first[:3]]
    posts = [(Client(), DOOR, notification(alert)) for alert in [*later, *ends, *first[3:], *later]]
    answers = at_once([*posts[:9], press, press, press, *posts[9:]])
    pressed = [status for status, _body in answers[9:12]]
    assert Counter(status for status, _body in answers[:9] + answers[12:]) == {202: len(posts)}
    assert set(pressed) <= {200, 201, 409} and min(pressed) < 300
    assert Alert.objects.count() == 13 and Alert.objects.firing().count() == 10
    assert all(gapless(incident) for incident in Incident.objects.all())
    assert audit.invariants(full=True) == []
    old.refresh_from_db()
    where = set(Alert.objects.filter(service__slug="api-gateway").values_list("incident", flat=True))
    if act == "merge":
        assert old.state == "merged" and where == {other.pk}
    elif act == "split":
        apart = Incident.objects.get(related_to=old)
        assert where == {old.pk, apart.pk} and list(apart.alerts.order_by("pk").values_list("pk", flat=True)) == leaving
    elif act == "transitions":
        assert old.state == "dismissed" and len(where) <= 2
    else:
        assert old.acknowledged_at and where == {old.pk}


def test_the_same_alert_ten_times_at_once_is_one_row(ready):
    alert = make_alert("Chatty", severity="info")
    answers = post_at_once([notification(alert)] * 10)
    assert [status for status, _body in answers] == [202] * 10
    assert Alert.objects.get().times == 10 and Envelope.objects.count() == 10


def test_events_without_starts_at_once_are_one_row_and_one_incident(world):
    playbook.in_force()
    keys.create("pagerduty", "Nagios", actor=None, key=KEY)
    trigger = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "k", "payload": {"summary": "Down", "source": "db-1", "severity": "critical"}}
    acknowledge = {"routing_key": KEY, "event_action": "acknowledge", "dedup_key": "k"}
    assert [status for status, _body in post_at_once([trigger] * 10, "/v2/enqueue")] == [202] * 10
    assert [status for status, _body in post_at_once([trigger, acknowledge] * 6, "/v2/enqueue")] == [202] * 12
    incident = Incident.objects.get()
    assert Alert.objects.get().times == 16 and Alert.objects.get().acknowledged_at
    assert list(incident.entries.values_list("kind", flat=True)).count("detection.acknowledged") == 1
    assert audit.invariants(full=True) == []


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


def _locked(*_args, **_kwargs):
    raise StaleHead("always")


def many():
    """Ten alerts, which go in by four transactions, the gravest last."""
    return [make_alert(f"A{number}", severity="warning" if number < 9 else "critical") for number in range(10)]


def test_a_very_large_notification_lets_others_in_between(ready, monkeypatch):
    monkeypatch.setattr(delivering, "MOST_AT_ONCE", 3)
    transactions, within, others = [], delivering.within, []

    def and_another(act, **more):
        done = within(act, **more)
        transactions.append(act)
        if len(transactions) == 1:
            others.extend(post_at_once([notification(make_alert("Other", service="cache"))]))
        return done

    monkeypatch.setattr(delivering, "within", and_another)
    [(status, body)] = post_at_once([notification(*many())])
    assert [status for status, _body in others] == [202]
    assert (status, body["accepted"], len(body["incidents"])) == (202, 10, 1)
    assert (Alert.objects.count(), Envelope.objects.count(), Incident.objects.count()) == (11, 2, 2)
    assert audit.invariants(full=True) == []


def test_a_crash_in_a_very_large_notification_is_mended_by_sending_it_again(ready, monkeypatch, settings):
    monkeypatch.setattr(delivering, "MOST_AT_ONCE", 3)
    settings.FAILPOINTS = "detection.before_commit=raise"
    raw = json.dumps(notification(*many())).encode()
    with pytest.raises(FailpointHit):
        Client().post(f"/ingest/alertmanager/{KEY}/", data=raw, content_type="application/json")
    assert (Alert.objects.count(), Envelope.objects.count()) == (9, 0)
    settings.FAILPOINTS = ""
    for _again in range(2):
        answer = Client().post(f"/ingest/alertmanager/{KEY}/", data=raw, content_type="application/json")
        assert (answer.status_code, answer.json()["accepted"], len(answer.json()["incidents"])) == (202, 10, 1)
    assert (Alert.objects.count(), Envelope.objects.count(), Incident.objects.count()) == (10, 2, 1)
    assert audit.invariants(full=True) == []
