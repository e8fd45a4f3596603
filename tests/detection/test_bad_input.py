"""Bad input: a clear 4xx, never 5xx; nothing half-stored, good siblings kept, what was meant is set aside with its reason."""

import gzip
import json

import pytest

from detection import audit
from detection.models import Alert, Envelope, SetAside
from incidents.models import Incident
from tests.detection.conftest import make_alert, notification

GOOD = make_alert("Good", start="2026-01-01T00:00:00Z", severity="info")


def raw(payload):
    return json.dumps(payload).encode()


BODIES = {
    "empty": (b"", 400),
    "blank": (b"  \n", 400),
    "null": (b"null", 422),
    "number": (b"17", 422),
    "text": (b'"alerts"', 422),
    "list": (b"[]", 422),
    "an object of nothing": (b"{}", 422),
    "truncated": (raw(notification(GOOD))[:-20], 400),
    "trailing bytes": (raw(notification(GOOD)) + b"x", 400),
    "two documents": (raw(notification(GOOD)) * 2, 400),
    "doubled key": (b'{"alerts": [], "alerts": []}', 400),
    "NaN": (b'{"alerts": [], "x": NaN}', 400),
    "Infinity": (b'{"alerts": [], "x": -Infinity}', 400),
    "1e999": (b'{"alerts": [], "x": 1e999}', 400),
    "5,000 digits": (b'{"alerts": [], "x": ' + b"9" * 5000 + b"}", 400),
    "nested 100,000 deep": (b'{"alerts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "nested objects": (b'{"a":' * 70 + b"1" + b"}" * 70, 400),
    "UTF-16": ('{"alerts": []}'.encode("utf-16"), 400),
    "invalid UTF-8": (b'{"alerts": ["\xff\xfe\xfd"]}', 400),
    "single quotes": (b"{'alerts': []}", 400),
    "a form": (b"alerts=1&status=firing", 400),
    "XML": (b"<alerts/>", 400),
    "alerts is no list": (b'{"alerts": {"0": {}}}', 422),
    "alerts is null": (b'{"alerts": null}', 422),
    "more alerts than anybody sends": (b'{"alerts": [' + b"0," * 60_000 + b"0]}", 422),
    "only bad alerts": (b'{"alerts": [1, null]}', 422),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_read_is_refused_and_set_aside(send, name):
    body, status = BODIES[name]
    answer = send(body)
    assert answer.status_code == status, answer.content
    told = answer.json()
    assert told["error"] and told["detail"] and told["request_id"]
    assert not Alert.objects.exists() and not Incident.objects.exists()
    assert SetAside.objects.exists() and all(len(row.payload.encode()) <= 64 * 1024 for row in SetAside.objects.all())


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf" + raw(notification(GOOD)), raw(notification(GOOD)).replace(b"Good on", b"Go\\u0000od \\ud800 on")])
def test_a_byte_order_mark_a_nul_and_a_lone_surrogate_are_forgiven(send, body):
    assert send(body).status_code == 202
    assert Alert.objects.get().title.replace(" ", "") == "Goodonapi-0"


BAD_ALERTS = {
    "a number": 17,
    "null": None,
    "a list": [],
    "no status": {**GOOD, "status": None},
    "unknown status": {**GOOD, "status": "suppressed"},
    "status is a list": {**GOOD, "status": ["firing"]},
    "labels are a list": {**GOOD, "labels": ["a"]},
    "a label holds an object": {**GOOD, "labels": {"alertname": {"$ne": 1}}},
    "a label holds null": {**GOOD, "labels": {"alertname": "A", "b": None}},
    "annotations are text": {**GOOD, "annotations": "a"},
    "no labels at all": {**GOOD, "labels": {}, "fingerprint": ""},
    "fingerprint is a number": {**GOOD, "fingerprint": 17},
    "fingerprint is endless": {**GOOD, "fingerprint": "f" * 1000},
    "30 February": {**GOOD, "startsAt": "2026-02-30T00:00:00Z"},
    "year 10000": {**GOOD, "startsAt": "10000-01-01T00:00:00Z"},
    "no zone": {**GOOD, "startsAt": "2026-01-01T00:00:00"},
    "a date alone": {**GOOD, "startsAt": "2026-01-01"},
    "seconds since 1970": {**GOOD, "startsAt": 1767225600},
    "hour 25": {**GOOD, "startsAt": "2026-01-01T25:00:00Z"},
    "an offset of 99 hours": {**GOOD, "startsAt": "2026-01-01T00:00:00+99:00"},
    "other digits": {**GOOD, "startsAt": "٢٠٢٦-01-01T00:00:00Z"},
    "an end without a time": {**GOOD, "status": "resolved", "endsAt": "0001-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("name", BAD_ALERTS)
def test_a_bad_alert_is_set_aside_and_its_siblings_are_kept(send, name):
    answer = send(notification(make_alert("First", severity="info"), BAD_ALERTS[name], make_alert("Last", severity="info")))
    assert answer.status_code == 202
    told = answer.json()
    assert told["accepted"] == 2 and [one["index"] for one in told["rejected"]] == [1] and told["rejected"][0]["error"]
    assert set(Alert.objects.values_list("name", flat=True)) == {"First", "Last"}
    row = SetAside.objects.get()
    assert row.index == 1 and row.reason and Envelope.objects.get().rejected == 1
    assert audit.invariants(full=True) == []


ODD_ALERTS = {
    "a 4 MB label": {"labels": {"alertname": "Odd", "huge": "x" * 4_000_000}},
    "1,000 labels": {"labels": {"alertname": "Odd", **{f"label{number}": "x" for number in range(1000)}}},
    "names that mean something elsewhere": {"labels": {"alertname": "Odd", "__proto__": "1", "pk": "1", "id__in": "1", "constructor": "1", "self": "1"}},
    "HTML": {"annotations": {"summary": "<script>alert(1)</script><img src=x onerror=alert(1) hx-get=/x hx-trigger=load>"}},
    "a javascript link": {"generatorURL": "javascript:alert(1)"},
    "a link with quotes": {"generatorURL": 'http://a/" onclick=alert(1)'},
    "template syntax": {"annotations": {"summary": "{{ settings.SECRET_KEY }}{% debug %}${7*7}"}},
    "CR and LF": {"annotations": {"summary": "a\r\nSet-Cookie: b=c\r\n\r\nd"}},
    "ANSI": {"annotations": {"summary": "\x1b[31mred\x1b[0m\x1b]0;title\x07"}},
    "right to left": {"annotations": {"summary": "a\u202egnp.exe\u2066b"}},
    "year 0001": {"startsAt": "0001-01-01T00:00:00Z"},
    "year 0002": {"startsAt": "0002-01-01T00:00:00-11:00"},
    "year 9999": {"startsAt": "9999-12-31T23:59:59.999999999-11:00"},
    "far future": {"startsAt": "2099-01-01T00:00:00Z"},
    "before the epoch": {"startsAt": "1969-12-31T00:00:00Z"},
    "nanoseconds": {"startsAt": "2026-01-01T00:00:00.123456789+08:00"},
    "a leap second": {"startsAt": "2026-01-01T00:00:60Z"},
    "end before start": {"status": "resolved", "startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"},
    "unknown severity": {"labels": {"alertname": "Odd", "severity": "💥"}},
    "unknown service": {"labels": {"alertname": "Odd", "service": "../../etc/passwd"}},
    "a look-alike service": {"labels": {"alertname": "Odd", "service": "арi-gateway"}},
    "numbers for labels": {"labels": {"alertname": 17, "ratio": 0.5, "on": True}},
    "no annotations": {"annotations": None},
    "no link": {"generatorURL": None},
    "an empty name": {"labels": {"alertname": "", "job": "node"}},
    "endless combining marks": {"annotations": {"summary": "a" + "\u0301" * 100_000}},
    "a zero-width name": {"labels": {"alertname": "\u202e\u2066", "job": "x"}},
}


@pytest.mark.parametrize("name", ODD_ALERTS)
def test_an_odd_alert_is_taken_and_shown(send, client, responder, name):
    answer = send(notification({**make_alert("Odd", fingerprint="odd"), **ODD_ALERTS[name]}, make_alert("Good", severity="info")))
    assert answer.status_code == 202 and answer.json()["accepted"] == 2, answer.content
    alert = Alert.objects.get(fingerprint="odd")
    assert alert.title and len(alert.labels) <= 200 and not alert.url.startswith("javascript:")
    client.force_login(responder)
    page = client.get(alert.get_absolute_url())
    assert page.status_code == 200
    text = page.content.decode()
    for danger in ("<script>alert", "<img src=x", "\u202e", "\x1b", 'href="javascript:', "onclick=alert(1)>"):
        assert danger not in text
    assert audit.invariants(full=True) == []


def test_odd_alerts_are_listed_beside_each_other(send, client, responder):
    odd = [{**make_alert("Odd", fingerprint=f"odd{number}"), **ODD_ALERTS[name]} for number, name in enumerate(ODD_ALERTS)]
    assert send(notification(*odd)).json()["accepted"] == len(odd)
    client.force_login(responder)
    assert len(client.get("/api/v1/alerts/").json()["results"]) == len(odd)
    text = client.get("/alerts/").content.decode()
    assert "&lt;script&gt;alert(1)" in text and not any(danger in text for danger in ("<script>alert", "<img src=x", "\u202e", "\x1b"))


def test_a_body_over_the_limit_is_413_and_raises_the_portals_own_alert(send):
    answer = send(b'{"alerts": ["' + b"x" * (16 * 1024 * 1024) + b'"]}')
    assert answer.status_code == 413 and answer.json()["error"] == "too_large"
    own = Alert.objects.get()
    assert (own.source.kind, own.name, own.severity, own.is_firing) == ("portal", "IngestTooLarge", "P3", True)


def test_3000_alerts_in_one_request_are_taken(send):
    answer = send(notification(*(make_alert("Switch", severity="warning", instance=f"i{number}", note="x" * 300) for number in range(3000))))
    assert answer.status_code == 202 and answer.json()["accepted"] == 3000
    assert Alert.objects.count() == 3000


def test_gzip_is_refused(send):
    answer = send(gzip.compress(raw(notification(GOOD))), headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415 and answer.json()["error"] == "unsupported_encoding"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml"])
def test_another_type_is_415(send, content_type):
    assert send(raw(notification(GOOD)), content_type=content_type).status_code == 415


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/cloudevents+json"])
def test_json_by_another_name_is_taken(send, content_type):
    assert send(raw(notification(GOOD)), content_type=content_type).status_code == 202


@pytest.mark.parametrize("key", ["f" * 32, "x", "0123456789ABCDEF0123456789ABCDEF", "０" * 32, "%00", "../../admin", "' OR 1=1 --", "f" * 5000])
def test_an_unknown_key_is_401(send, key):
    answer = send(raw(notification(GOOD)), key=key)
    assert answer.status_code in (401, 404)
    if answer.status_code == 401:
        assert answer.json()["error"] == "unauthorized"
    assert not Envelope.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_405(client, source, method):
    answer = getattr(client, method)("/ingest/alertmanager/0123456789abcdef0123456789abcdef/")
    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"


def test_secrets_in_what_is_set_aside_are_masked(send):
    labels = {"alertname": ["x"], "password": "hunter2", "note": "postgres://user:hunter3@db/x Bearer abcdefghijklmnop"}
    send(notification({**GOOD, "labels": labels}, GOOD))
    payload = SetAside.objects.get().payload
    assert "hunter" not in payload and "abcdefghijklmnop" not in payload and "•••" in payload


def test_the_same_bad_alert_again_is_one_row(send):
    for _again in range(3):
        send(notification(GOOD, 17))
    assert SetAside.objects.get().times == 3
