"""What monitors ask, what the auditor finds, and what happens when the database is away."""

import json
import logging
import re
import sys

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import path

from accounts import tokens
from lib import append_only, heartbeats, leases
from lib.models import Heartbeat
from lib.pdf import libraries
from portal import alarm, auditor, health, logs, urls, watchman
from portal.version import read_commit, version

pytestmark = pytest.mark.django_db


@pytest.fixture
def posted(monkeypatch):
    """What would have gone to ALARM_URL and HEARTBEAT_URL."""
    sent: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(alarm, "post", lambda url, body: sent.append((url, body)) or True)
    alarm.told.clear()
    return sent


@pytest.fixture
def outside(settings):
    settings.ALARM_URL, settings.HEARTBEAT_URL = "http://alarm.example/x", "http://heartbeat.example/y"


def test_ready_says_which_part_is_not(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert not answer.json()["parts"]["engine"]["ok"] and answer.json()["parts"]["database"]["ok"]
    heartbeats.beat("engine", pid=1)
    answer = client.get("/readyz")
    assert answer.status_code == 200 and answer.json()["status"] == "ok"
    assert set(answer.json()["parts"]) == {"database", "migrations", "engine", "broker", "search_index", "public_files", "pdf"}


def test_ready_without_a_pdf_library_or_a_broker(client, settings, monkeypatch):
    heartbeats.beat("engine", pid=1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(health, "missing", lambda: libraries.INSTALL)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert not answer.json()["parts"]["broker"]["ok"] and "pango" in answer.json()["parts"]["pdf"]["detail"]


def test_ready_is_503_when_the_database_is_away(client, monkeypatch):
    def away(*_):
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(health.heartbeats, "age", away)
    assert client.get("/readyz").status_code == 503


def test_version_names_the_code(client, tmp_path):
    assert client.get("/version").json() == {"version": version()}
    assert re.match(r"\d+\.\d+\.\d+", version())
    assert read_commit(tmp_path) == ""
    (tmp_path / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "packed-refs").write_text("# pack\nabc123 refs/heads/main\n")
    assert read_commit(tmp_path) == "abc123"


def test_metrics_open_for_a_reading_token_only(client, person):
    _, secret = tokens.issue("prometheus", person("vic", roles=["viewer"]), ["read"], actor=None)
    _, blind = tokens.issue("alertmanager", person("mia", roles=["viewer"]), ["ingest"], actor=None)
    client.force_login(person("cara", roles=["admin"]), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": f"Bearer {blind}"}).status_code == 403
    answer = client.get("/metrics", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 200 and b"portal_incidents_open" in answer.content and b"process_resident_memory_bytes" in answer.content


def test_a_metrics_page_costs_a_constant_number_of_queries(client, person, django_assert_max_num_queries):
    _, secret = tokens.issue("prometheus", person("vic", roles=["viewer"]), ["read"], actor=None)
    client.get("/metrics", headers={"authorization": f"Bearer {secret}"})
    with django_assert_max_num_queries(12):
        client.get("/metrics", headers={"authorization": f"Bearer {secret}"})


def test_a_clean_audit_pings_and_is_noted(posted, outside):
    auditor.sweep()
    assert [url for url, _ in posted] == ["http://heartbeat.example/y"]
    assert Heartbeat.objects.get(name="auditor").detail["findings"] == []


def test_a_finding_alarms_once_and_does_not_ping(posted, outside, monkeypatch):
    monkeypatch.setattr(auditor, "parts", lambda full: [("x", lambda: ["a promise is broken"])])
    auditor.sweep()
    auditor.sweep()
    assert [url for url, _ in posted] == ["http://alarm.example/x"]
    assert "a promise is broken" in posted[0][1]["text"]


def test_an_alarm_that_nobody_took_is_tried_again(monkeypatch, outside):
    alarm.told.clear()
    answers = [False, True]
    monkeypatch.setattr(alarm, "post", lambda url, body: answers.pop(0))
    assert not alarm.ring("k", "text")
    assert alarm.ring("k", "text")
    assert not alarm.ring("k", "text")


def test_a_missing_trigger_is_found_and_repaired(posted, outside):
    name = "incidents_timelineentry_no_update"
    with connection.cursor() as cursor:
        on = ' ON "incidents_timelineentry"' if connection.vendor == "postgresql" else ""
        cursor.execute(f'DROP TRIGGER "{name}"{on}')
    report = auditor.run()
    assert any("incidents_timelineentry" in finding for finding in report.findings)
    assert append_only.missing() == []


def test_every_room_with_invariants_is_audited_and_a_broken_one_is_no_silence(monkeypatch):
    rooms = ["incidents", "comms", "detection", "statuspage", "postmortems", "accounts"]
    assert [name for name, _look in auditor.parts(full=False)] == ["append_only", *rooms]
    monkeypatch.setitem(sys.modules, "comms.audit", None)
    with pytest.raises(ImportError):
        auditor.audit()


def test_an_audit_out_of_time_goes_on_where_it_stopped(monkeypatch):
    monkeypatch.setattr(auditor, "parts", lambda full: [("a", list), ("b", list)])
    report = auditor.audit(budget=-1)
    assert report.skipped == ["a", "b"]
    looked = []
    monkeypatch.setattr(auditor, "parts", lambda full: [("a", lambda: looked.append("a") or []), ("b", lambda: looked.append("b") or [])])
    auditor.audit(first=["b"])
    assert looked == ["b", "a"]


def test_only_who_is_elected_audits(posted, outside, monkeypatch):
    monkeypatch.setattr(leases, "elect", lambda name, seconds: False)
    auditor.sweep()
    assert posted == []


def test_the_watchman_stands_in_for_a_silent_engine(posted, outside):
    one = watchman.Watchman()
    one.look()
    assert posted == []
    one.began -= 100
    one.look()
    assert "engine has said nothing" in posted[0][1]["text"]


def test_the_watchman_tells_that_the_database_is_gone(posted, outside):
    one = watchman.Watchman()
    one.away()
    assert posted == []
    one.away_since -= 100
    one.away()
    one.away()
    assert len(posted) == 1 and "database" in posted[0][1]["text"]
    one.back()
    one.away()
    assert one.away_since is not None and len(posted) == 1


# --- the database away ---------------------------------------------------------------------------


def away(request):
    raise OperationalError("disk I/O error")


def broken(request):
    raise ValueError("a fault of ours")


@pytest.fixture
def failing(settings, monkeypatch):
    """Two routes that fail, open to anybody."""
    monkeypatch.setattr(
        urls, "urlpatterns", [path("away/", away, name="away"), path("api/v1/away/", away, name="away"), path("broken/", broken, name="broken")]
    )
    from portal import access

    monkeypatch.setattr(access, "rules", lambda: {name: {"GET": access.PUBLIC} for name in ("away", "broken")})
    settings.ROOT_URLCONF = "portal.urls"
    from django.urls import clear_url_caches

    clear_url_caches()
    yield Client(raise_request_exception=False)
    monkeypatch.undo()
    clear_url_caches()


def test_a_lost_database_is_503_in_the_callers_shape(failing):
    page = failing.get("/away/")
    assert page.status_code == 503 and page.headers["Retry-After"] == "5" and b"<h1>" in page.content
    problem = failing.get("/api/v1/away/")
    assert problem.status_code == 503 and problem.headers["Content-Type"] == "application/problem+json"
    assert failing.get("/away/", headers={"accept": "application/json"}).json()["error"] == "away"


def test_a_lost_database_below_the_views_is_503_too(failing, monkeypatch):
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", away)
    failing.cookies["sessionid"] = "x" * 32
    assert failing.get("/away/").status_code == 503


def test_a_fault_of_ours_is_500_and_says_nothing_about_itself(failing):
    answer = failing.get("/broken/")
    assert answer.status_code == 500 and b"ValueError" not in answer.content and b"fault of ours" not in answer.content


@pytest.mark.parametrize("address", ["/nothing/", "/api/v1/nothing/"])
def test_every_kind_of_answer_carries_the_headers(client, address):
    answer = client.get(address)
    assert answer.status_code == 404
    for name in ("Permissions-Policy", "Cross-Origin-Opener-Policy", "X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy", "X-Frame-Options"):
        assert answer.headers[name]


# --- logs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("POST /ingest/alertmanager/0123456789abcdef0123456789abcdef/", "0123456789abcdef"),
        ("GET /heartbeat/0123456789abcdef0123456789abcdef/", "0123456789abcdef"),
        ("GET /a/AbCdEfGhIjKlMnOpQrStUvWx/", "AbCdEfGh"),
        ("GET /accounts/invite/AbCdEfGhIjKlMnOpQrStUvWx/", "AbCdEfGh"),
        ("Authorization: Bearer portal_0a1b2c3d_AbCdEfGhIjKlMnOpQrStUvWx", "AbCdEfGh"),
        ("GenieKey 0123456789abcdef", "0123456789abcdef"),
        ("/live/?ticket=gAAAAABxyz&at=INC-1:3", "gAAAAAB"),
        ("token portal_0a1b2c3d_AbCdEfGhIjKlMnOpQrStUvWx was used", "AbCdEfGh"),
        ("smtp://user:hunter2@mail.example", "hunter2"),
        ("redis://:hunter2@cache.example/0", "hunter2"),
    ],
)
def test_nothing_secret_gets_into_a_log(text, secret):
    assert secret not in logs.mask(text)
    assert secret not in json.dumps(logs.mask_event(None, "info", {"event": text, "nested": {"deep": [text]}}))


def test_fields_named_like_secrets_are_masked():
    event = logs.mask_event(None, "info", {"event": "x", "password": "hunter2", "headers": {"Authorization": "x y"}, "tokens": 3})
    assert "hunter2" not in str(event) and "x y" not in str(event) and event["tokens"] == 3


def test_a_line_of_json_holds_who_what_and_when(caplog):
    processors = [*logs.COMMON, logs.mask_event, logs.structlog.processors.JSONRenderer()]
    formatter = logs.structlog.stdlib.ProcessorFormatter(
        processors=[logs.structlog.stdlib.ProcessorFormatter.remove_processors_meta, *processors[-2:]], foreign_pre_chain=logs.COMMON
    )
    record = logging.LogRecord("incidents.lifecycle", logging.WARNING, "", 1, "%s moved to %s", ("INC-2026-001", "fixing"), None)
    line = json.loads(formatter.format(record))
    assert line["event"] == "INC-2026-001 moved to fixing" and line["level"] == "warning" and line["logger"] == "incidents.lifecycle" and line["timestamp"]
