"""Days and times of another age: every route that takes one refuses them in every time zone, and nothing breaks on the calendar's ends."""

import pytest

from detection import silences
from incidents import lifecycle, playbook
from incidents.models import Service
from lib import clock
from lib.clock import shift
from tests.calling import api

__all__ = ["api"]

MATCHER = {"label": "alertname", "op": "=", "value": "Down"}
FAR = ["0001-01-01T00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59", "9999-12-31T23:59:59Z", "1999-12-31T00:00", "2101-01-02T00:00"]
ROUTES = {
    "milestone": ("incidents/{reference}/milestones/", "at", {"name": "declared", "reason": "the clock was wrong"}),
    "note": ("incidents/{reference}/timeline/", "at", {"text": "as it was"}),
    "the start of a silence": ("silences/", "starts_at", {"matchers": [MATCHER], "ends_at": "2030-01-01T00:00:00Z"}),
    "the end of a silence": ("silences/", "ends_at", {"matchers": [MATCHER]}),
    "a later end of a silence": ("silences/{silence}/extend/", "ends_at", {}),
    "a change": ("services/{service}/changes/", "at", {"summary": "a switch", "kind": "flag"}),
    "the day of an action item": ("action-items/", "due_on", {"incident": "{reference}", "title": "Alert sooner", "horizon": "immediate", "priority": "high"}),
}


@pytest.fixture
def cara(person):
    """Runs incidents, ahead of UTC."""
    found = person("cara", roles=["commander"])
    found.time_zone = "Asia/Shanghai"
    found.save(update_fields=["time_zone"])
    return found


@pytest.fixture
def incident(cara):
    """One that is going on."""
    playbook.in_force()
    return lifecycle.declare(title="Checkout times out", severity="P2", services=["cache"], actor=cara, source="test")


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize("route", ROUTES)
def test_the_api_refuses_a_time_of_another_age(api, cara, incident, route, zone):
    cara.time_zone = zone
    cara.save(update_fields=["time_zone"])
    path, name, more = ROUTES[route]
    silence = silences.create([MATCHER], ends=clock.now() + shift("2h"), actor=cara)
    names = {"reference": incident.reference, "silence": silence.pk, "service": Service.objects.get(slug="cache").slug}
    body = {key: value.format(**names) if isinstance(value, str) else value for key, value in more.items()}
    for far in FAR:
        told = far[:10] if name == "due_on" else far
        answer = api(cara, "read", "write", "deploy").post(f"/api/v1/{path.format(**names)}", {**body, name: told})
        assert answer.status_code == 400 and "from 2000 to 2100" in answer.content.decode(), (told, answer.content)


@pytest.mark.parametrize("far", FAR)
def test_the_pages_refuse_a_time_of_another_age(client, cara, incident, far):
    client.force_login(cara)
    sent = far[:16]
    form = {"name": "declared", "at": sent, "reason": "the clock was wrong", "from_form": "1"}
    assert client.post(f"{incident.get_absolute_url()}acts/milestone/", form).status_code == 422
    line = {"m-TOTAL_FORMS": 1, "m-INITIAL_FORMS": 0, "m-0-use": "on", "m-0-label": "alertname", "m-0-op": "=", "m-0-value": "Down"}
    assert client.post("/silences/new/", {**line, "length": "until", "until": sent, "source": ""}).status_code == 422


@pytest.mark.parametrize("value", ["0001-01-01", "0001-01-01T00:00", "9999-12-31T23:59:59-12:00"])
def test_a_filter_refuses_a_time_that_no_zone_can_reckon_with(client, cara, value):
    client.force_login(cara)
    for path in ("/api/v1/incidents/?since=", "/api/v1/incidents/?until="):
        assert client.get(f"{path}{value}").status_code == 400


def test_the_days_around_now_are_taken(api, cara, incident):
    answer = api(cara).post(f"/api/v1/incidents/{incident.reference}/timeline/", {"text": "seen", "at": clock.now().isoformat()})
    assert answer.status_code == 201
