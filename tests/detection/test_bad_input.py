"""Bad input: a clear 4xx, never 5xx; nothing half-stored, good siblings kept, what was meant is set aside with its reason."""

import gzip
import json

import pytest

from detection import audit, keys
from detection.models import Alert, Change, Envelope, SetAside
from incidents.models import Incident
from tests.detection.conftest import KEY, make_alert, notification

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


OTHER_KEY = "fedcba9876543210fedcba9876543210"
EVENT = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "k", "payload": {"summary": "Odd", "source": "db-1", "severity": "info"}}
CHANGE = {"routing_key": KEY, "payload": {"summary": "v2"}}
DOORS = {
    "alertmanager": (f"/ingest/alertmanager/{KEY}/", "alertmanager", notification(GOOD), 16 * 1024),
    "generic": (f"/ingest/generic/{KEY}/", "generic", {"title": "Odd", "severity": "info"}, 1024),
    "enqueue": ("/v2/enqueue", "pagerduty", EVENT, 512),
    "change": ("/v2/change/enqueue", "pagerduty", CHANGE, 512),
}  # fmt: skip  # path, kind, a good body, the limit in KiB


def changed(good, **more):
    """A good body with other fields; None takes one away."""
    return {name: value for name, value in {**good, **more}.items() if value is not None}


def with_payload(good, **more):
    return {**good, "payload": changed(good["payload"], **more)}


JUNK = {  # of any body
    "empty": b"",
    "blank": b" \t\r\n ",
    "null": b"null",
    "true": b"true",
    "number": b"17",
    "huge number": b"1e999",
    "text": b'"title"',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list of lists": b"[[[]]]",
    "a list of null": b"[null]",
    "a list of numbers": b"[1,2,3]",
    "a list of texts": b'["a"]',
    "a million elements": b"[" + b"0," * 250_000 + b"0]",
    "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "nested objects": b'{"a":' * 70 + b"1" + b"}" * 70,
    "single quotes": b"{'title': 'a'}",
    "a form": b"title=a&severity=P1",
    "XML": b"<alert/>",
    "YAML": b"title: a\n",
    "two lines": b'{"title":"a"}\n{"title":"b"}',
    "UTF-16": '{"title": "a"}'.encode("utf-16"),
    "UTF-32": '{"title": "a"}'.encode("utf-32"),
    "NUL bytes": b"\x00" * 20,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a gzip bomb": gzip.compress(b"[" + b"0," * 200_000 + b"0]"),
}  # fmt: skip


def broken(good):
    """What goes wrong with a good body on its way."""
    body = raw(good)
    return {
        "truncated": body[:-3],
        "trailing bytes": body + b"x",
        "sent twice": body * 2,
        "a doubled key": b'{"x": 1, "x": 2, ' + body[1:],
        "NaN": b'{"x": NaN, ' + body[1:],
        "minus Infinity": b'{"x": -Infinity, ' + body[1:],
        "1e999": b'{"x": 1e999, ' + body[1:],
        "5,000 digits": b'{"x": ' + b"9" * 5000 + b", " + body[1:],
        "invalid UTF-8": b'{"x": "\xff\xfe\xfd", ' + body[1:],
        "an overlong slash": b'{"x": "\xc0\xaf", ' + body[1:],
        "a control character": b'{"x": "\x01", ' + body[1:],
        "a comment": b'{/* x */ ' + body[1:],
        "a trailing comma": body[:-1] + b",}",
    }  # fmt: skip


PLAIN = DOORS["generic"][2]
WRONG = {
    "alertmanager": {},
    "generic": {
        "no title": changed(PLAIN, title=None),
        "a blank title": changed(PLAIN, title=" \n"),
        "a title of marks": changed(PLAIN, title="\u202e\u2066\x00"),
        "a title that is a number": changed(PLAIN, title=17),
        "a title that is a list": changed(PLAIN, title=["a"]),
        "a title that is an object": changed(PLAIN, title={"$ne": 1}),
        "a severity that is a number": changed(PLAIN, severity=1),
        "a severity that is a list": changed(PLAIN, severity=["P1"]),
        "a service that is an object": changed(PLAIN, service={"slug": "cache"}),
        "an unknown status": changed(PLAIN, status="suppressed"),
        "a status that is a list": changed(PLAIN, status=["firing"]),
        "a status that is an object": changed(PLAIN, status={"a": 1}),
        "a dedup_key that is a number": changed(PLAIN, dedup_key=17),
        "a dedup_key that is an object": changed(PLAIN, dedup_key={"__proto__": 1}),
        "an endless dedup_key": changed(PLAIN, dedup_key="k" * 256),
        "a description that is a list": changed(PLAIN, description=["a"]),
        "labels that are a list": changed(PLAIN, labels=["a"]),
        "labels that are text": changed(PLAIN, labels="a=b"),
        "a label that holds an object": changed(PLAIN, labels={"id__in": {"a": 1}}),
        "a label that holds null": changed(PLAIN, labels={"a": None}),
    },
    "enqueue": {
        "no key": changed(EVENT, routing_key=None),
        "a key that is a number": changed(EVENT, routing_key=17),
        "a wrong key": changed(EVENT, routing_key="a" * 32),
        "a key in capitals": changed(EVENT, routing_key=KEY.upper()),
        "a look-alike key": changed(EVENT, routing_key=KEY[:-1] + "\uff46"),
        "a key with a blank": changed(EVENT, routing_key=KEY + " "),
        "somebody else's key": changed(EVENT, routing_key=OTHER_KEY),
        "no action": changed(EVENT, event_action=None),
        "an unknown action": changed(EVENT, event_action="TRIGGER"),
        "an action that is a list": changed(EVENT, event_action=["trigger"]),
        "no payload": changed(EVENT, payload=None),
        "a payload that is a list": changed(EVENT, payload=[]),
        "a payload that is text": changed(EVENT, payload="a"),
        "no summary": with_payload(EVENT, summary=None),
        "a blank summary": with_payload(EVENT, summary="  "),
        "a summary that is an object": with_payload(EVENT, summary={"a": 1}),
        "no source": with_payload(EVENT, source=None),
        "a source that is a number": with_payload(EVENT, source=17),
        "no severity": with_payload(EVENT, severity=None),
        "an unknown severity": with_payload(EVENT, severity="fatal"),
        "a severity that is a list": with_payload(EVENT, severity=["critical"]),
        "an endless dedup_key": changed(EVENT, dedup_key="k" * 256),
        "a dedup_key that is a number": changed(EVENT, dedup_key=17),
        "a blank dedup_key": changed(EVENT, dedup_key="  "),
        "acknowledging nothing": changed(EVENT, event_action="acknowledge", dedup_key=None),
        "resolving nothing": changed(EVENT, event_action="resolve", dedup_key=None),
        "resolving what has no name": changed(EVENT, event_action="resolve", dedup_key="\u202e"),
    },
    "change": {
        "no key": changed(CHANGE, routing_key=None),
        "a key that is a list": changed(CHANGE, routing_key=[KEY]),
        "a wrong key": changed(CHANGE, routing_key="a" * 32),
        "somebody else's key": changed(CHANGE, routing_key=OTHER_KEY),
        "no payload": changed(CHANGE, payload=None),
        "a payload that is a list": changed(CHANGE, payload=[]),
        "a payload that is text": changed(CHANGE, payload="a"),
        "no summary": changed(CHANGE, payload={}),
        "a blank summary": changed(CHANGE, payload={"summary": " \u202e"}),
        "a summary that is a number": changed(CHANGE, payload={"summary": 17}),
        "a summary that is an object": changed(CHANGE, payload={"summary": {"a": 1}}),
    },
}  # fmt: skip
BAD = {door: {**JUNK, **broken(row[2]), **WRONG[door]} for door, row in DOORS.items()}


@pytest.fixture
def knock(client, db):
    """Posts to a door that has a source with our key; another kind of source has the other key."""
    made = set()

    def post(door, payload, content_type="application/json", **more):
        path, kind, _good, _limit = DOORS[door]
        if kind not in made:
            made.add(kind)
            keys.create(kind, kind, actor=None, key=KEY)
            keys.create("alertmanager" if kind != "alertmanager" else "generic", "Other", actor=None, key=OTHER_KEY)
        body = payload if isinstance(payload, bytes) else raw(payload)
        return client.generic("POST", path, body, content_type=content_type, CONTENT_TYPE=content_type, **more)

    return post


def is_refused(door, answer):
    """Whether the answer is a refusal in the shape of its door."""
    told = answer.json()
    if DOORS[door][1] == "pagerduty":
        return 400 <= answer.status_code < 500 and {"status", "message", "errors"} == set(told) and told["errors"]
    return 400 <= answer.status_code < 500 and told["error"] and told["detail"] and told["request_id"]


@pytest.mark.parametrize("door", DOORS)
def test_there_are_at_least_40_kinds_of_bad_input_for_each_door(door):
    assert len(BAD[door]) + (len(BAD_ALERTS) if door == "alertmanager" else 0) >= 40


@pytest.mark.parametrize("door", DOORS)
def test_bad_input_is_refused_and_nothing_is_half_stored(knock, door):
    answers = {kind: knock(door, payload) for kind, payload in BAD[door].items()}
    assert {kind: answer.content for kind, answer in answers.items() if not is_refused(door, answer)} == {}
    assert not Alert.objects.exists() and not Incident.objects.exists() and not Change.objects.exists() and not Envelope.objects.filter(accepted__gt=0)
    assert all(KEY not in row.payload and len(row.payload.encode()) <= 64 * 1024 for row in SetAside.objects.all())
    assert audit.invariants(full=True) == []
    assert knock(door, DOORS[door][2]).status_code == 202


def test_bad_plain_alerts_are_set_aside_and_their_siblings_are_kept(knock):
    bad = list(WRONG["generic"].values())
    answer = knock("generic", [{"title": "First"}, *bad, {"title": "Last"}])
    assert answer.status_code == 202 and [one["index"] for one in answer.json()["rejected"]] == list(range(1, len(bad) + 1))
    assert set(Alert.objects.values_list("name", flat=True)) == {"First", "Last"} and Envelope.objects.get().rejected == len(bad)
    assert set(SetAside.objects.values_list("index", flat=True)) <= set(range(1, len(bad) + 1))
    assert audit.invariants(full=True) == []


ODD_EVENTS = {
    "a 400 KB detail": {"custom_details": {"a": "x" * 400_000}},
    "1,000 details": {"custom_details": {f"name{number}": number for number in range(1000)}},
    "names that mean something elsewhere": {"custom_details": {"__proto__": "1", "pk": "1", "id__in": "1", "self": "1", " ": "1", "": "1"}},
    "details that are text": {"custom_details": "a"},
    "details that are a list": {"custom_details": [1, {"a": 2}]},
    "HTML": {"summary": "<script>alert(1)</script><img src=x onerror=alert(1) hx-get=/x hx-trigger=load>"},
    "template syntax": {"summary": "{{ settings.SECRET_KEY }}{% debug %}${7*7}"},
    "CR and LF": {"summary": "a\r\nSet-Cookie: b=c"},
    "ANSI": {"summary": "\x1b[31mred\x1b[0m"},
    "right to left": {"summary": "a\u202egnp.exe\u2066b"},
    "NUL and a lone surrogate": {"summary": "a\x00b\ud800c"},
    "an endless summary": {"summary": "x" * 5000},
    "30 February": {"timestamp": "2026-02-30T00:00:00Z"},
    "year 10000": {"timestamp": "10000-01-01T00:00:00Z"},
    "year 0001": {"timestamp": "0001-01-01T00:00:00Z"},
    "far future": {"timestamp": "2099-01-01T00:00:00Z"},
    "seconds since 1970": {"timestamp": 1767225600},
    "a component that is a list": {"component": ["a"]},
    "an unknown service": {"custom_details": {"service": "../../etc/passwd"}},
}  # fmt: skip


def odd(door):
    """Good events with something odd in each."""
    hostile = [{"href": "javascript:alert(1)"}, {"href": 'http://a/" onclick=alert(1)'}, {"src": 17}, {"text": "a"}, None]
    more = {"links": hostile, "images": "none", "client_url": "javascript:alert(1)", "client": 17}
    for kind, payload in ODD_EVENTS.items():
        yield {**with_payload(DOORS[door][2], **payload), **more, "dedup_key": kind}


def test_odd_events_are_taken_and_shown(knock, client, responder):
    assert [answer.content for event in odd("enqueue") if (answer := knock("enqueue", event)).status_code != 202] == []
    assert Alert.objects.count() == len(ODD_EVENTS) and audit.invariants(full=True) == []
    client.force_login(responder)
    for alert in Alert.objects.all():
        assert alert.title and len(alert.labels) <= 206 and alert.links == [] and alert.url == ""
        text = client.get(alert.get_absolute_url()).content.decode()
        assert not any(danger in text for danger in ("<script>alert", "\u202e", "\x1b", 'href="javascript:', "<img src=x"))


def test_odd_changes_are_taken_and_listed(knock, client, responder):
    assert [answer.content for event in odd("change") if (answer := knock("change", event)).status_code != 202] == []
    client.force_login(responder)
    found = client.get("/api/v1/changes/").json()["results"]
    assert len(found) == len(ODD_EVENTS) and all(one["links"] == [] and one["summary"] and "\x1b" not in one["summary"] for one in found)


@pytest.mark.parametrize("door", DOORS)
def test_wrong_types_codings_methods_and_sizes_are_refused_at_each_door(knock, client, door):
    path, _kind, good, limit = DOORS[door]
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml"):
        answer = knock(door, good, content_type)
        assert answer.status_code == 415 and is_refused(door, answer)
    assert knock(door, gzip.compress(raw(good)), headers={"Content-Encoding": "gzip"}).status_code == 415
    for method in ("get", "put", "patch", "delete"):
        answer = getattr(client, method)(path)
        assert answer.status_code == 405 and answer.headers["Allow"] == "POST"
    assert not Envelope.objects.exists() and not Change.objects.exists()
    answer = knock(door, {**good, "x": "x" * limit * 1024} if door != "generic" else [{**good, "x": "x" * limit * 1024}])
    assert answer.status_code == 413 and is_refused(door, answer)
