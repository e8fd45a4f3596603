"""What `manage.py doctor` says of a portal that is well, and of each part that is not."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError

from lib import append_only, heartbeats, vault
from lib.models import Heartbeat
from portal import doctor, health
from tests.comms.smtp import Sink

pytestmark = pytest.mark.django_db


def look(part):
    (finding,) = doctor.examine([part])
    return finding


def test_a_part_that_is_well_asks_for_nothing():
    finding = look("database")
    assert (finding.level, finding.remedy) == ("well", "")


def test_every_part_of_readiness_is_looked_at():
    assert set(health.PARTS) <= set(doctor.PARTS)


def test_a_silent_engine_is_ill_and_says_what_to_start():
    finding = look("engine")
    assert finding.level == "ill" and "manage.py engine" in finding.remedy
    heartbeats.beat("engine", pid=1)
    assert look("engine").level == "well"


def test_a_queue_without_a_worker_is_ill_only_where_celery_should_serve_it(settings):
    assert look("worker.page").level == "well"
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert look("worker.page").level == "ill" and "worker page" in look("worker.page").remedy
    heartbeats.beat("worker.page", pid=1)
    assert look("worker.page").level == "well"
    Heartbeat.objects.update(at=heartbeats.clock.real() - timedelta(minutes=5))
    assert look("worker.page").words.startswith("silent for")


def test_missing_triggers_are_ill(monkeypatch):
    assert look("triggers").level == "well"
    monkeypatch.setattr(append_only, "missing", lambda: ["x_no_update"])
    assert look("triggers").level == "ill"


def test_values_sealed_with_a_key_that_is_gone_are_ill_and_old_ones_odd(settings, monkeypatch):
    assert look("keys").level == "well"
    monkeypatch.setattr(vault, "census", lambda: {"test": 3, "older": 2})
    assert look("keys").level == "ill" and "older" in look("keys").words
    settings.VAULT_KEYS = {**settings.VAULT_KEYS, "older": b"0" * 32}
    assert look("keys").level == "odd" and "vault rotate" in look("keys").remedy


def test_mail_is_tried_without_sending(settings):
    assert look("mail").level == "odd"
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    assert look("mail").level == "ill"
    with Sink() as server:
        settings.EMAIL_URL = server.url()
        assert look("mail").level == "well"
        assert server.mails == []


def test_little_room_is_odd_and_none_is_ill(monkeypatch):
    for free, level in ((1024**2, "ill"), (1024**3, "odd"), (1024**4, "well")):
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path, free=free: type("Usage", (), {"free": free}))
        assert look("disk").level == level


def test_a_certificate_that_cannot_be_read_is_ill(settings, tmp_path):
    assert look("certificate").level == "well"
    settings.TLS_CERT = str(tmp_path / "none.crt")
    assert look("certificate").level == "ill"


def test_one_administrator_is_odd(person):
    person("ada", roles=["admin"])
    assert look("people").level == "odd"
    person("bo", roles=["admin"])
    assert look("people").level == "well"


def test_a_database_that_is_away_is_a_finding_and_not_the_end(monkeypatch):
    def away():
        raise OperationalError("gone")

    monkeypatch.setattr(append_only, "missing", away)
    assert next(finding.level for finding in doctor.examine(["triggers", "disk"])) == "ill"


def test_the_command_ends_with_1_when_something_is_ill(capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "engine", "database")
    said = capsys.readouterr().out
    assert ended.value.code == 1 and said.startswith("ILL") and "→ start manage.py up" in said and "ok    database" in said
    heartbeats.beat("engine", pid=1)
    call_command("doctor", "engine", "--json")
    assert json.loads(capsys.readouterr().out)["level"] == "well"
