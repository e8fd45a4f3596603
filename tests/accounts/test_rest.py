"""The furniture of the REST API: idempotency, entity tags, strict bodies, pages, problems."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts import idempotency, problems, rest, retention
from accounts.models import Calendar, IdempotencyKey, User
from lib import prune
from lib.errors import Forbidden, Refused

WEEK = {"mon": [["09:00", "12:00"]]}
CHINA = {"slug": "cn", "name": {"en": "China"}, "time_zone": "Asia/Shanghai", "hours": WEEK}


@pytest.fixture
def api(person: Any, client: Any) -> Any:
    """The console's session of an administrator, speaking JSON."""
    client.force_login(person("root", roles=["admin"], password="x"))

    def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return client.generic(
            method, f"/api/v1/{path}", raw, content_type="application/json", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return call


def test_the_same_key_and_body_get_the_first_answer_again(api):
    first = api("POST", "calendars/", CHINA, Idempotency_Key="k1")
    again = api("POST", "calendars/", CHINA, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Calendar.objects.filter(slug="cn").count() == 1


def test_an_invitation_is_made_once(api):
    body = {"username": "ada", "name": "Ada"}
    first = api("POST", "people/", body, Idempotency_Key="k1").json()
    assert api("POST", "people/", body, Idempotency_Key="k1").json() == first
    assert User.objects.filter(username="ada").count() == 1


def test_another_body_or_address_under_the_same_key_is_refused(api):
    api("POST", "calendars/", CHINA, Idempotency_Key="k1")
    assert api("POST", "calendars/", {**CHINA, "slug": "other"}, Idempotency_Key="k1").status_code == 422
    assert api("POST", "people/", {"username": "ada"}, Idempotency_Key="k1").status_code == 422
    assert not Calendar.objects.filter(slug="other").exists()


def test_keys_belong_to_their_person(api, person, client):
    api("POST", "calendars/", CHINA, Idempotency_Key="k1")
    client.force_login(person("other", roles=["admin"]))
    assert api("POST", "calendars/", CHINA, Idempotency_Key="k1").status_code == 409  # done anew: the calendar is there


def test_a_refusal_frees_the_key(api):
    assert api("POST", "calendars/", {}, Idempotency_Key="k1").status_code == 400
    assert api("POST", "calendars/", CHINA, Idempotency_Key="k1").status_code == 201


@pytest.mark.parametrize("key", ["x" * 256, "\x7f"])
def test_a_key_that_is_none_is_refused(key, api):
    assert api("POST", "calendars/", CHINA, Idempotency_Key=key).status_code == 400


def test_answers_are_kept_for_48_hours(person, clock):
    user = person()
    idempotency.keep(user, "k", "print", idempotency.Answer(201, {}, "{}"))
    clock.move("+47h")
    assert idempotency.first_answer(user, "k", "print") == idempotency.Answer(201, {}, "{}")
    clock.move("+2h")
    assert idempotency.first_answer(user, "k", "other print") is None
    idempotency.keep(user, "k", "other print", idempotency.Answer(202, {}, ""))
    assert idempotency.first_answer(user, "k", "other print") == idempotency.Answer(202, {}, "")
    clock.move("+49h")
    retention.connect()
    prune.prune()
    assert not IdempotencyKey.objects.exists()


class Failing(rest.IdempotentMixin, APIView):
    """Writes, then fails."""

    permission_classes: list = []

    def post(self, request: Any) -> Response:
        Calendar.objects.create(slug="half", time_zone="UTC")
        raise RuntimeError("in between")


def test_what_failed_left_nothing_and_frees_the_key(person):
    request = APIRequestFactory().post("/x/", {"a": 1}, format="json", headers={"Idempotency-Key": "k"})
    force_authenticate(request, person())
    with pytest.raises(RuntimeError):
        Failing.as_view()(request)
    assert not Calendar.objects.filter(slug="half").exists()
    assert not IdempotencyKey.objects.exists()


def test_entity_tags_save_reading_and_guard_writing(api):
    api("POST", "calendars/", CHINA)
    seen = api("GET", "calendars/cn/")
    tag = seen.headers["ETag"]
    assert api("GET", "calendars/cn/", None, If_None_Match=f'"x", W/{tag}').status_code == 304
    body = {**CHINA, "time_zone": "UTC"}
    assert api("PUT", "calendars/cn/", body, If_Match='"old"').status_code == 412
    assert api("PUT", "calendars/cn/", body, If_Match=tag).status_code == 200
    assert api("PUT", "calendars/cn/", body, If_Match=tag).status_code == 412
    assert api("GET", "calendars/cn/").headers["ETag"] != tag
    assert api("DELETE", "calendars/cn/", None, If_Match="*").status_code == 204


@pytest.mark.parametrize(
    "raw",
    [
        b"null", b"1", b'"x"', b"{", b'{"a":1} x', b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":1e999}', b"[" * 100_000, b"\xff\xfe{\x00}\x00",
        b'{"a":"\xff"}', b'{"a":' + b"9" * 5000 + b"}", b"   ",
    ],
)  # fmt: skip
def test_bodies_that_are_no_json_are_400(raw, api):
    answer = api("POST", "calendars/", raw)
    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_bodies_too_large_are_413_and_others_types_415(api, client):
    assert api("POST", "calendars/", b'{"a":"' + b"x" * rest.BODY_LIMIT + b'"}').status_code == 413
    assert client.post("/api/v1/calendars/", "a=1", content_type="application/x-www-form-urlencoded").status_code == 415


def test_mistakes_are_named_one_by_one(api):
    body = api("POST", "calendars/", {"slug": "a b"}).json()
    assert body["status"] == 400 and body["type"] == "about:blank"
    assert {error["pointer"] for error in body["errors"]} == {"slug", "name", "time_zone", "hours"}


@pytest.mark.parametrize(
    ("query", "status"), [("limit=1", 200), ("limit=999", 200), ("limit=0", 400), ("limit=-1", 400), ("limit=x", 400), ("cursor=x", 400), ("limit=٣", 400)]
)
def test_limits_and_cursors(query, status, api):
    assert api("GET", f"people/?{query}").status_code == status


def test_pages_lead_there_and_back(api, person):
    for number in range(7):
        person(f"p{number}")
    seen, path = [], "people/?limit=3"
    while path:
        page = api("GET", path).json()
        assert set(page) == {"results", "next", "previous"}
        seen += [row["username"] for row in page["results"]]
        path = page["next"] and page["next"].split("/api/v1/")[1]
    assert seen == [f"p{number}" for number in range(7)] + ["root"]
    assert api("GET", page["previous"].split("/api/v1/")[1]).json()["results"][0]["username"] == "p3"
    assert len(api("GET", "people/?limit=999").json()["results"]) == 8


@pytest.mark.parametrize(
    ("error", "status", "extra"),
    [
        (Refused("no", allowed=["x"]), 409, {"allowed": ["x"]}),
        (Forbidden(), 403, {}),
        (Refused("gone", status=410), 410, {}),
        (Http404(), 404, {}),
        (PermissionDenied("why"), 403, {}),
        (exceptions.NotAuthenticated(), 401, {}),
        (exceptions.Throttled(wait=3), 429, {}),
        (exceptions.MethodNotAllowed("PUT"), 405, {}),
        (DjangoValidationError({"name": ["too long"]}), 400, {"errors": [{"pointer": "name", "detail": "too long"}]}),
        (
            exceptions.ValidationError({"a": [{"b": ["x"]}, {}], "non_field_errors": ["y"]}),
            400,
            {"errors": [{"pointer": "a/0/b", "detail": "x"}, {"pointer": "", "detail": "y"}]},
        ),
        (OperationalError("unable to open database file"), 503, {}),
    ],
)
def test_refusals_are_problems(error, status, extra):
    answer = problems.problem(error, {"request": SimpleNamespace(request_id="abc")})
    assert answer.status_code == status
    assert answer.data["status"] == status and answer.data["title"] and answer.data["request_id"] == "abc"
    assert extra.items() <= answer.data.items()
    assert answer.content_type == "application/problem+json"
    if status in {429, 503}:
        assert int(answer.headers["Retry-After"]) > 0


def test_faults_of_ours_are_no_refusals():
    assert problems.problem(RuntimeError("bug"), {}) is None


def test_people_over_rest(api, person):
    person("ada", roles=["viewer"])
    assert api("GET", "people/ada/").json()["abilities"] == ["see"]
    changed = api("PATCH", "people/ada/", {"roles": ["responder"], "username": "other"})
    assert changed.json()["roles"] == ["responder"] and changed.json()["username"] == "ada"
    assert api("PATCH", "people/ada/", {"roles": ["root"]}).status_code == 400
    assert api("PATCH", "people/ada/", {"time_zone": "CST"}).status_code == 422
    assert api("PATCH", "people/ada/", {"is_active": False}).json()["abilities"] == []
    assert api("PATCH", "people/root/", {"roles": []}).status_code == 409
    assert api("POST", "people/", {"username": "ADA"}).status_code == 409
    assert api("POST", "people/nobody/invite/").status_code == 404
    assert api("POST", "people/ada/invite/").status_code == 409
    api("PATCH", "people/ada/", {"is_active": True})
    assert api("POST", "people/ada/invite/").json()["url"].startswith("http")
    assert api("GET", "people/?role=responder&active=true&q=AD").json()["results"][0]["username"] == "ada"


def test_calendars_over_rest(api):
    assert api("PUT", "calendars/cn/", CHINA).status_code == 201
    assert api("PUT", "calendars/cn/", {**CHINA, "days": {"2026-10-01": {"working": False}}}).status_code == 200
    assert api("GET", "calendars/cn/").json()["days"] == {"2026-10-01": {"working": False, "name": ""}}
    assert api("PUT", "calendars/cn/", {**CHINA, "hours": {"mon": [["x", "y"]]}}).status_code == 422
    assert api("DELETE", "calendars/cn/").status_code == 204
    assert api("DELETE", "calendars/office/").status_code == 409
