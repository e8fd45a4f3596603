"""The shapes of the REST API that scripts rely on (interface.md "REST API v1")."""

import pytest
from rest_framework.test import APIClient

from tests.incidents.test_api import URL

FIELDS = {
    "timeline/": {"seq", "kind", "text", "actor", "at", "recorded_at", "hash", "prev_hash"},
    "steps/": {"id", "list", "key", "title", "due", "role", "done_at"},
    "clocks/": {"kind", "service", "target_seconds", "started", "due", "stopped", "breached"},
}


@pytest.mark.parametrize(("path", "fields"), FIELDS.items(), ids=list(FIELDS))
def test_what_hangs_on_an_incident_has_the_promised_fields(api, incident, commander, path, fields):
    page = api(commander).get(f"{URL}{incident.reference}/{path}").json()
    assert set(page) == {"results", "next", "previous"}
    assert all(fields <= set(row) for row in page["results"]) and page["results"]


@pytest.mark.parametrize("path", ["", "{}/timeline/"])
def test_a_page_holds_at_most_200_rows(api, incident, commander, path):
    client, url = api(commander), URL + path.format(incident.reference)
    assert [client.get(f"{url}?limit={limit}").status_code for limit in (1, 200, 5000)] == [200] * 3
    for limit in ("0", "-1", "x", "1.5"):
        answer = client.get(f"{url}?limit={limit}")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), limit


@pytest.mark.parametrize("act", ["severity", "roles", "milestones", "merge", "timeline", "redact", "transitions", "grants", "break-glass"])
def test_an_act_without_its_words_is_a_bad_request(api, incident, commander, person, act):
    client = api(person("ada", roles=["admin"])) if act == "break-glass" else api(commander)
    answer = client.post(f"{URL}{incident.reference}/{act}/", {})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["status"] == 400 and answer.json()["title"]


def test_problems_say_who_is_unknown_and_what_is_not_there(api, commander, viewer, incident):
    asked = {
        401: APIClient().get(URL),
        403: api(viewer).post(f"{URL}{incident.reference}/acknowledge/"),
        404: api(commander).get(f"{URL}INC-1999-001/"),
        405: api(commander).delete(f"{URL}{incident.reference}/"),
    }
    for status, answer in asked.items():
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert {"type", "title", "status", "detail"} <= set(answer.json())


def test_what_the_reader_has_already_is_not_sent_again(api, incident, commander):
    client, url = api(commander), f"{URL}{incident.reference}/"
    tag = client.get(url)["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
