"""Severities, teams, services, recovery points and the playbook over REST."""

from datetime import timedelta

import pytest

from accounts import tokens
from incidents import playbook
from incidents.models import RecoveryPoint, Service, Team
from lib.clock import now

API = "/api/v1"


@pytest.fixture
def admin(person):
    return person("ada", roles=["admin"])


@pytest.fixture
def api(client):
    """A caller of the API: `api(user).get(path)`."""

    class Caller:
        def __init__(self, user):
            client.force_login(user)

        def get(self, path):
            return client.get(API + path)

        def put(self, path, body):
            return client.put(API + path, body, content_type="application/json")

        def post(self, path, body, **headers):
            return client.post(API + path, body, content_type="application/json", headers=headers)

        def delete(self, path):
            return client.delete(API + path)

    return Caller


def test_severities_say_what_they_mean(api, viewer):
    found = api(viewer).get("/severities/").json()["results"]
    assert [(one["code"], one["rto_seconds"], one["update_every_seconds"]) for one in found] == [
        ("P1", 900, 900),
        ("P2", 3600, 1800),
        ("P3", 14400, 3600),
        ("P4", 86400, None),
    ]
    assert api(viewer).get("/severities/P1/").json()["name"] == {"en": "Critical", "zh-hans": "紧急"}
    assert api(viewer).get("/severities/P9/").status_code == 404


def test_a_service_is_read_replaced_and_taken_out(api, viewer, admin):
    assert len(api(viewer).get("/services/").json()["results"]) == 10
    told = api(viewer).get("/services/api-gateway/").json()
    assert (told["rto_seconds"], told["group"], told["owner"], told["availability_percent"]) == (300, "core", "operations", 99.95)
    assert told["depends_on"] == ["agent-coordinator", "user-authentication"]
    body = {"name": {"en": "Search", "zh-hans": "搜索"}, "group": "core", "owner": "application", "rto_seconds": 60, "rpo_seconds": 0, "depends_on": ["cache"]}
    answer = api(admin).put("/services/search/", body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["depends_on"] == ["cache"]
    assert api(admin).put("/services/search/", {**body, "rto_seconds": 120}).status_code == 200
    assert Service.objects.get(slug="search").rto_seconds == 120
    assert playbook.current().services["search"].rpo_seconds == 0
    assert api(admin).delete("/services/search/").status_code == 204
    assert api(admin).get("/services/search/").status_code == 404


def test_putting_back_what_was_read_changes_nothing(api, admin):
    for path in ("/services/cache/", "/teams/product/"):
        number = playbook.current().number
        told = api(admin).get(path).json()
        assert api(admin).put(path, told).status_code == 200
        assert playbook.current().number == number
    assert playbook.diff() == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/services/search/", {}, 400),
        ("/services/search/", {"name": {"fr": "recherche"}}, 400),
        ("/services/search/", {"name": 3}, 400),
        ("/services/search/", {"name": "Search", "rto_seconds": -1}, 400),
        ("/services/search/", {"name": "Search", "rto_seconds": "soon"}, 400),
        ("/services/search/", {"name": "Search", "owner": "nobody"}, 422),
        ("/services/search/", {"name": "Search", "depends_on": ["search"]}, 422),
        ("/services/search/", {"name": "Search", "depends_on": ["nothing"]}, 422),
        ("/services/search/", {"name": "Search", "dashboard_url": "javascript:alert(1)"}, 400),
        ("/services/search/", [], 400),
        ("/teams/night/", {"name": {"en": "Night"}, "members": [{"person": "nobody"}]}, 400),
        ("/playbook/services/cache/", {"name": {"en": "Cache"}, "colour": "red"}, 422),
        ("/playbook/services/cache/", [], 400),
        ("/playbook/pets/cat/", {"name": {"en": "Cat"}}, 404),
        ("/playbook/", {"content": {"severities": {}}}, 422),
        ("/playbook/", {}, 400),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept(api, admin, path, body, status):
    number = playbook.current().number
    answer = api(admin).put(path, body)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert playbook.current().number == number


def test_a_team_and_its_members_are_put_together(api, admin, responder, commander):
    body = {"name": {"en": "Night"}, "channel": "#night", "members": [{"person": "rui"}, {"person": "cara", "lead": True}]}
    answer = api(admin).put("/teams/night/", body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["members"] == [{"person": "cara", "lead": True}, {"person": "rui", "lead": False}]
    api(admin).put("/teams/night/", {"name": "Night shift"})
    assert Team.objects.get(slug="night").memberships.count() == 2
    api(admin).put("/teams/night/", {"name": "Night shift", "members": []})
    assert Team.objects.get(slug="night").memberships.count() == 0
    assert api(admin).delete("/teams/night/").status_code == 204
    assert api(admin).delete("/teams/database/").status_code == 422


def test_two_leads_leave_no_half_made_team(api, admin, responder, commander):
    body = {"name": {"en": "Night"}, "members": [{"person": "rui", "lead": True}, {"person": "cara", "lead": True}]}
    assert api(admin).put("/teams/night/", body).status_code == 422
    assert not Team.objects.filter(slug="night").exists()


def test_a_backup_job_reports_with_the_recovery_scope_alone(client, admin, responder):
    path, body = f"{API}/services/primary-database/recovery-points/", {"at": (now() - timedelta(minutes=2)).isoformat()}

    def post(*scopes, services=()):
        _row, secret = tokens.issue("backup", responder, list(scopes), services=services, actor=admin)
        return client.post(path, body, content_type="application/json", headers={"authorization": f"Bearer {secret}"}).status_code

    database, cache = Service.objects.get(slug="primary-database"), Service.objects.get(slug="cache")
    assert post("recovery") == 201
    assert post("read") == 403
    assert post("recovery", services=[cache.slug]) == 403
    assert post("recovery", services=[database.slug]) == 201
    assert RecoveryPoint.objects.count() == 1


def test_recovery_points_are_listed_newest_first(api, responder):
    caller = api(responder)
    for minutes in (9, 3, 6):
        caller.post("/services/cache/recovery-points/", {"at": (now() - timedelta(minutes=minutes)).isoformat()})
    found = [one["at"] for one in caller.get("/services/cache/recovery-points/").json()["results"]]
    assert found == sorted(found, reverse=True)
    assert len(found) == 3
    for at in ("yesterday", None, (now() + timedelta(hours=1)).isoformat()):
        assert caller.post("/services/cache/recovery-points/", {"at": at}).status_code in (400, 422)
    assert caller.post("/services/nothing/recovery-points/", {"at": now().isoformat()}).status_code == 404


def test_the_same_idempotency_key_answers_the_first_again(api, responder):
    caller, body = api(responder), {"at": (now() - timedelta(minutes=3)).isoformat()}
    answers = [caller.post("/services/cache/recovery-points/", body, **{"Idempotency-Key": "k1"}) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_the_playbook_is_read_edited_and_compared(api, admin):
    caller = api(admin)
    whole = caller.get("/playbook/").json()
    assert whole["content"]["severities"]["P1"]["rto_seconds"] == 900
    item = whole["content"]["cadences"]["war_room"]
    assert caller.put("/playbook/cadences/war_room/", {**item, "every": {"P1": 600}}).status_code == 200
    assert caller.get("/playbook/cadences/war_room/").json()["every"] == {"P1": 600}
    [difference] = caller.get("/playbook/diff/").json()["differences"]
    assert (difference["section"], difference["key"], difference["kind"], difference["shipped"]) == ("cadences", "war_room", "changed", item)
    assert [one["number"] for one in caller.get("/playbook/versions/").json()["results"]] == [2, 1]
    assert caller.get("/playbook/versions/1/").json()["content"]["cadences"]["war_room"] == item
    assert caller.get("/playbook/versions/99/").status_code == 404
    assert caller.delete("/playbook/war_room/zoom/").status_code == 204
    assert caller.put("/playbook/", {"content": whole["content"]}).status_code == 200
    assert caller.get("/playbook/diff/").json()["differences"] == []


@pytest.mark.parametrize("path", ["/services/x/", "/teams/x/", "/playbook/", "/playbook/war_room/zoom/"])
def test_only_who_may_configure_writes(api, commander, path):
    assert api(commander).put(path, {"name": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["/severities/", "/services/", "/teams/", "/playbook/", "/playbook/versions/", "/playbook/diff/"])
def test_nobody_reads_unnamed(client, path):
    assert client.get(API + path).status_code == 401


@pytest.mark.parametrize("path", ["/services/", "/teams/", "/severities/"])
def test_lists_ask_a_constant_number_of_questions(api, admin, declare, responder, django_assert_max_num_queries, path):
    services = dict(playbook.current().items("services"))
    services |= {f"service-{number}": {"name": {"en": f"S{number}"}, "owner": "product", "depends_on": ["cache"]} for number in range(25)}
    playbook.replace({**playbook.current().content, "services": services}, actor=admin)
    declare(services=["service-1", "cache"])
    caller = api(admin)
    caller.get(path)
    with django_assert_max_num_queries(12):
        assert caller.get(path).status_code == 200


def test_health_in_the_api_is_of_what_the_caller_may_see(api, viewer, declare):
    declare(services=["cache"], private=True)
    assert api(viewer).get("/services/cache/").json()["health"]["incidents"] == 0
    declare(services=["cache"])
    assert api(viewer).get("/services/cache/").json()["health"] == {"level": "partial", "severity": "P1", "incidents": 1}
