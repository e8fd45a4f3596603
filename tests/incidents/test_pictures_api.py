"""Pictures over REST: put into the story by themselves or with words, listed and fetched by who may see the incident."""

import base64

import pytest
from rest_framework.test import APIClient

from incidents import lifecycle, pictures
from incidents.models import Picture
from portal import door
from tests.incidents.test_pictures import EXIF, JPEG, PNG, segment

URL = "/api/v1/incidents/"


def below(incident, rest="pictures/"):
    """An address below the incident."""
    return f"{URL}{incident.reference}/{rest}"


def put(client, incident, content, kind="image/png", **headers):
    """Send a picture as it is."""
    return client.generic("POST", below(incident), content, content_type=kind, headers=headers)


def told(*contents, **more):
    """A note with pictures in Base64."""
    return {**more, "pictures": [base64.b64encode(content).decode() for content in contents]}


def test_a_picture_is_a_note_and_is_fetched_again(api, responder, viewer, incident):
    answer = put(api(responder), incident, PNG)
    assert answer.status_code == 201
    [digest] = answer.json()["pictures"]
    client = api(viewer)
    [row] = client.get(below(incident)).json()["results"]
    assert row | {"added_at": ""} == {
        "digest": digest, "kind": "image/png", "size": len(PNG), "added_by": "rui", "added_at": "", "url": f"http://testserver{below(incident)}{digest}/",
    }  # fmt: skip
    bytes_ = client.get(row["url"])
    assert (bytes_.content, bytes_["Content-Type"], bytes_["X-Content-Type-Options"]) == (PNG, "image/png", "nosniff")
    assert bytes_["Content-Disposition"].startswith("attachment") and "sandbox" in bytes_["Content-Security-Policy"]
    entry = client.get(below(incident, "timeline/")).json()["results"][-1]
    assert entry == answer.json()


def test_a_note_takes_words_and_pictures_or_pictures_alone(api, responder, incident):
    client = api(responder)
    both = client.post(below(incident, "timeline/"), told(PNG, JPEG, text="Look:"), format="json").json()
    assert both["text"].startswith("Look:") and len(both["pictures"]) == 2
    assert client.post(below(incident, "timeline/"), told(PNG), format="json").json()["pictures"] == both["pictures"][:1]
    assert client.post(below(incident, "timeline/"), {"text": "Words"}, format="json").json()["pictures"] == []
    assert Picture.objects.count() == 2


def test_what_a_picture_tells_besides_is_left_out(api, responder, incident):
    assert put(api(responder), incident, JPEG[:2] + segment(0xFE, b"GPS") + JPEG[2:], "image/jpeg").status_code == 201
    assert bytes(Picture.objects.get().content) == JPEG


@pytest.mark.parametrize(
    ("body", "status"),
    [({"pictures": []}, 400), ({"pictures": ["no base64!"]}, 400), (told(*[PNG] * 5), 400), (told(b"<svg/>"), 422), (told(PNG, EXIF), 422), ({}, 400)],
)
def test_a_refused_note_keeps_no_picture(api, responder, incident, body, status):
    answer = api(responder).post(below(incident, "timeline/"), body, format="json")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert not Picture.objects.exists() and not incident.entries.filter(kind="incidents.note").exists()


@pytest.mark.parametrize(
    ("content", "kind", "status"), [(b"", "image/png", 422), (b"<svg/>", "image/svg+xml", 422), (PNG, "application/json", 415), (PNG, "text/html", 415)]
)
def test_what_is_no_picture_is_refused(api, responder, incident, content, kind, status):
    assert put(api(responder), incident, content, kind).status_code == status
    assert not Picture.objects.exists()


def test_one_too_large_is_refused_by_its_own_words(api, responder, incident, monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST", len(PNG))
    assert put(api(responder), incident, PNG).status_code == 201
    assert put(api(responder), incident, PNG + b"x" * 99).status_code == 422
    assert api(responder).post(below(incident, "timeline/"), told(PNG + b"x"), format="json").status_code == 422


def test_sent_twice_under_one_key_it_is_there_once(api, responder, incident):
    client = api(responder)
    first, again = (put(client, incident, PNG, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json() == again.json() and again["Idempotent-Replayed"] == "true"
    assert put(client, incident, JPEG, "image/jpeg", **{"Idempotency-Key": "k"}).status_code == 422
    assert incident.entries.filter(kind="incidents.note").count() == 1


def test_who_may_not_respond_or_sends_a_token_that_reads_adds_none(api, viewer, responder, incident):
    assert put(api(viewer), incident, PNG).status_code == 403
    assert put(api(responder, "read"), incident, PNG).status_code == 403
    assert put(APIClient(), incident, PNG).status_code == 401
    assert not Picture.objects.exists()


def test_those_of_a_private_incident_are_not_there_for_others(api, declare, commander, responder, incident):
    hidden = declare(private=True)
    lifecycle.note(hidden, "", actor=commander, shown=[PNG])
    digest = Picture.objects.get().digest
    one = f"pictures/{digest}/"
    for method, address in (("GET", below(hidden)), ("POST", below(hidden)), ("GET", below(hidden, one)), ("GET", below(incident, one))):
        assert api(responder).generic(method, address, PNG, content_type="image/png").status_code == 404
    assert api(commander).get(below(hidden, one)).content == PNG


def test_a_redaction_takes_it_along(api, commander, incident):
    client = api(commander)
    entry = put(client, incident, PNG).json()
    assert client.post(below(incident, "redact/"), {"seq": entry["seq"], "reason": "a key was in sight"}).status_code == 200
    assert client.get(below(incident, f"pictures/{entry['pictures'][0]}/")).status_code == 404
    assert client.get(below(incident)).json()["results"] == []


def test_the_list_costs_the_same_however_many_there_are(api, responder, incident, django_assert_num_queries):
    for number in range(3):
        lifecycle.note(incident, "", actor=responder, shown=[PNG.replace(b"picture", b"pictur" + bytes([97 + number]))])
    client = api(responder)
    client.get(below(incident))
    with django_assert_num_queries(7):
        assert len(client.get(below(incident)).json()["results"]) == 3


def test_as_many_pictures_as_a_note_may_have_pass_the_door(incident):
    assert door.body_cap(below(incident, "timeline/")) >= pictures.MOST_AT_ONCE * pictures.LARGEST * 4 / 3 + 512 * 1024
