"""Sources and their keys: made once, shown once, rotated, never stored or logged."""

import io
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from detection import keys, masking, refusals
from detection.delivering import Busy
from detection.models import Alert, Envelope, Source
from incidents.models import Service
from lib.errors import Forbidden, Refused
from portal.logs import mask
from tests.detection.conftest import KEY, make_alert, notification


def test_the_command_prints_the_key_alone(capsys):
    call_command("source", "alertmanager", "Alertmanager Frankfurt", "--service", "cache")
    key = capsys.readouterr().out.strip()
    assert len(key) == 32
    source = Source.objects.get()
    assert keys.find(key, "alertmanager") == source and source.slug == "alertmanager-frankfurt" and source.default_service.slug == "cache"
    assert key not in str(Source.objects.values().get())


def test_the_command_takes_a_key_from_standard_input(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(KEY + "\n"))
    call_command("source", "alertmanager", "A", "--key-stdin")
    assert capsys.readouterr().out.strip() == KEY and keys.find(KEY, "alertmanager")


@pytest.mark.parametrize(("words", "said"), [
    (("carrier-pigeon", "A"), "no kind of source called"),
    (("alertmanager", "A", "--service", "nowhere"), "no service"),
    (("alertmanager", "\u202e"), "needs a name"),
])  # fmt: skip
def test_the_command_refuses_with_a_reason(words, said):
    with pytest.raises(CommandError, match=said):
        call_command("source", *words)
    assert not Source.objects.exists()


def test_a_key_of_another_shape_is_refused(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(CommandError, match="32 hex"):
        call_command("source", "alertmanager", "A", "--key-stdin")


def test_a_taken_name_is_refused(source):
    with pytest.raises(Refused):
        keys.create("alertmanager", "ALERTMANAGER", actor=None)


def test_only_who_may_configure_makes_and_rotates(source, responder):
    with pytest.raises(Forbidden):
        keys.create("alertmanager", "B", actor=responder)
    with pytest.raises(Forbidden):
        keys.rotate(source, actor=responder)


def test_a_rotated_key_opens_for_24_hours_more(source, send, clock):
    key = keys.rotate(source, actor=None)
    assert send(notification(make_alert()), key=KEY).status_code == 202
    assert send(notification(make_alert()), key=key).status_code == 202
    clock.move("+25h")
    assert send(notification(make_alert()), key=KEY).status_code == 401
    assert send(notification(make_alert()), key=key).status_code == 202
    assert AuditEntry.objects.filter(action="source.rotate").exists() and not AuditEntry.objects.filter(change__icontains=key).exists()


def test_a_leaked_key_is_shut_at_once(source, send):
    keys.rotate(source, actor=None, at_once=True)
    assert send(notification(make_alert())).status_code == 401


def test_the_key_may_stand_in_the_header(client, source):
    payload = notification(make_alert())
    assert client.post("/ingest/alertmanager/", payload, content_type="application/json", headers={"Authorization": f"Bearer {KEY}"}).status_code == 202
    assert client.post("/ingest/alertmanager/", payload, content_type="application/json").status_code == 401


def test_a_source_may_have_a_service_of_its_own(client):
    key = keys.create("alertmanager", "A", actor=None, service=Service.objects.get(slug="cache"))[1]
    client.post(f"/ingest/alertmanager/{key}/", notification(make_alert(service=None)), content_type="application/json")
    assert Alert.objects.get().service.slug == "cache"


def test_no_key_reaches_a_log():
    assert KEY not in mask(f"POST /ingest/alertmanager/{KEY}/ 202") and KEY not in mask(f"Authorization: Bearer {KEY}")


def test_what_is_kept_holds_no_secret():
    kept = masking.mask_value(
        {"api_key": "a", "nested": [{"db_password": "b"}], "text": f"https://u:c@h/ingest/alertmanager/{KEY}/ token=d", "n": 1, "name": "e"}
    )
    assert kept == {"api_key": "•••", "nested": [{"db_password": "•••"}], "text": "https://u:•••@h/ingest/alertmanager/•••/ token=•••", "n": 1, "name": "e"}


def test_a_flood_of_one_source_is_503_and_raises_the_portals_own_alert(send, source, monkeypatch):
    monkeypatch.setattr("detection.guard.BURST", 2.0)
    monkeypatch.setattr("detection.guard.PER_SECOND", 0.0001)
    answers = [send(notification(make_alert(severity="info"))) for _again in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 503, 503]
    assert answers[-1].headers["Retry-After"] and answers[-1].json()["error"] == "too_many_requests"
    assert Alert.objects.filter(source__kind=Source.OWN, name="IngestTooFast").count() == 1
    assert Envelope.objects.filter(source=source).count() == 2


def test_a_report_that_failed_is_made_a_moment_later(source, monkeypatch):
    def busy(*_delivery):
        raise Busy

    seconds = [1000.0]
    monkeypatch.setattr(refusals, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    with monkeypatch.context() as away:
        away.setattr(refusals, "deliver", busy)
        refusals.report(source, "rate")
    refusals.report(source, "rate")  # no try for each of a flood while the database is busy
    assert not Alert.objects.firing().exists()
    seconds[0] += refusals.AGAIN
    refusals.report(source, "rate")
    assert Alert.objects.firing().get().name == "IngestTooFast"


def test_the_portals_own_alert_ends_when_refusals_stop(source, clock):
    refusals.report(source, "size")
    assert refusals.end_quiet() == 0
    clock.move("+31m")
    assert refusals.end_quiet() == 1
    assert not Alert.objects.firing().exists()
    assert refusals.end_quiet() == 0


def test_an_end_that_the_portal_only_guessed_is_no_last_word(source, clock):
    refusals.report(source, "size")
    clock.move("+31m")
    refusals.end_quiet()
    refusals.forget()
    refusals.report(source, "size")
    assert sorted(Alert.objects.values_list("status", flat=True)) == ["firing", "resolved"]
