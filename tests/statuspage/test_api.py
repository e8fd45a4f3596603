"""The public page over REST: the same rules, the same rights."""

import json

import pytest

from accounts import tokens
from statuspage.forms import PublishForm
from statuspage.models import Component, Draft, PostUpdate


@pytest.fixture
def api(client, mina):
    """Calls the API as `who`, by default one who may publish; fails unless the status is as expected."""

    def call(method, path, body=None, status=200, who=mina, **more):
        client.force_login(who)
        answer = getattr(client, method)(f"/api/v1/{path}", *([json.dumps(body)] if body is not None else []), content_type="application/json", **more)
        assert answer.status_code == status, answer.content.decode()
        return answer.json() if answer.content else None

    return call


def below(incident):
    return f"incidents/{incident.reference}/public/"


def test_the_public_side_of_an_incident(api, declare):
    shown = api("get", below(declare("confirmed")))
    assert (shown["status"], shown["last_number"], shown["is_open"], shown["draft"]) == ("investigating", 1, True, None)
    assert shown["kinds"][0] == "investigating" and "withdrawn" in shown["kinds"]
    assert shown["updates"][0]["paragraphs"]["zh-hans"][0].startswith("我们发现")
    empty = api("get", below(declare()))
    assert (empty["code"], empty["kinds"], empty["updates"]) == (None, [], [])


def test_publishing_takes_standard_words_for_what_is_left_out(api, declare):
    incident = declare("confirmed")
    shown = api("post", below(incident), {"kind": "identified", "free": {"en": "A fix is on its way."}, "seen": 1}, 201)
    assert shown["last_number"] == 2
    newest = shown["updates"][0]
    assert newest["kind"] == "identified" and newest["components"] == {"api-gateway": "partial_outage"} and newest["published_by"] == "mina"
    assert newest["next_at"] and "A fix is on its way." in newest["paragraphs"]["en"]


@pytest.mark.parametrize("texts", [{"fr": "x"}, {"zh": "中文"}, {"en": 5}, {"en": None}])
@pytest.mark.parametrize("name", ["free", "title"])
def test_texts_in_another_language_or_that_are_none_are_refused(api, declare, name, texts):
    incident = declare("confirmed")
    for call, path in (("post", ""), ("put", "draft/"), ("post", "preview/")):
        refused = api(call, below(incident) + path, {"kind": "identified", name: texts}, 422)
        assert "A text takes the languages" in refused["detail"]
    assert api("get", below(incident))["last_number"] == 1


def test_publishing_over_something_newer_is_a_conflict(api, declare):
    incident = declare("confirmed")
    refused = api("post", below(incident), {"kind": "identified", "seen": 0}, 409)
    assert refused["published"] == 1


def test_words_of_the_list_are_a_conflict_that_names_them(api, declare):
    incident = declare("confirmed")
    body = {"kind": "identified", "free": {"en": "see pg-0.db.internal"}}
    assert api("post", below(incident), body, 409)["words"][0]["word"] == "pg-0.db.internal"
    assert api("post", below(incident), {**body, "all_the_same": True}, 201)["updates"][0]["accepted"]


def test_the_same_key_publishes_once(api, declare):
    incident = declare("confirmed")
    for _ in range(2):
        api("post", below(incident), {"kind": "identified"}, 201, headers={"Idempotency-Key": "one"})
    assert PostUpdate.objects.count() == 2


@pytest.mark.parametrize(
    "body",
    [{}, [], {"kind": "better"}, {"kind": "identified", "next_minutes": 0}, {"kind": "identified", "services": {"api-gateway": "burning"}}, {"kind": None}],
)
def test_a_bad_body_is_refused(api, declare, body):
    api("post", below(declare("confirmed")), body, 400)
    assert PostUpdate.objects.count() == 1


def test_a_preview_publishes_nothing(api, declare):
    incident = declare("confirmed")
    shown = api("post", f"{below(incident)}preview/", {"kind": "monitoring", "free": {"en": "see 10.0.0.7"}})
    assert "see 10.0.0.7" in shown["paragraphs"]["en"] and shown["found"][0]["word"] == "10.0.0.7"
    assert PostUpdate.objects.count() == 1 and not Draft.objects.exists()


def test_a_draft_is_kept_and_thrown_away(api, declare):
    incident = declare("confirmed")
    shown = api("put", f"{below(incident)}draft/", {"kind": "identified"})
    assert shown["draft"]["told"]["kind"] == "identified" and shown["last_number"] == 1
    api("delete", f"{below(incident)}draft/", status=204)
    api("delete", f"{below(incident)}draft/", status=404)


def test_rights_are_those_of_the_pages(api, declare, rea, person):
    incident, hidden = declare("confirmed"), declare("confirmed", private=True)
    api("get", below(incident), who=rea)
    api("post", below(incident), {"kind": "identified"}, 403, who=rea)
    api("put", f"{below(incident)}draft/", {"kind": "identified"}, 403, who=rea)
    api("post", f"{below(incident)}preview/", {"kind": "identified"}, 403, who=rea)
    otto = person("otto", roles=["admin"])
    api("get", below(hidden), status=404, who=otto)
    api("post", below(hidden), {"kind": "investigating"}, 404, who=otto)
    api("post", below(hidden), {"kind": "investigating"}, 422)  # no title of its own


@pytest.mark.parametrize(("scopes", "status"), [(["publish"], 201), (["write"], 403), (["read"], 403)])
def test_a_token_needs_the_scope(client, declare, mina, scopes, status):
    incident = declare("confirmed")
    _row, secret = tokens.issue("bot", mina, scopes, actor=mina)
    answer = client.post(
        f"/api/v1/{below(incident)}", json.dumps({"kind": "identified"}), content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == status, answer.content.decode()


@pytest.mark.parametrize(("scopes", "status"), [(["publish"], 200), (["write"], 403)])
def test_a_token_needs_the_scope_for_what_a_component_says_in_public(client, shipped, mina, scopes, status):
    _row, secret = tokens.issue("bot", mina, scopes, actor=mina)
    bearer = {"Authorization": f"Bearer {secret}"}
    answer = client.patch("/api/v1/components/cache/", json.dumps({"state": "major_outage"}), content_type="application/json", headers=bearer)
    assert answer.status_code == status, answer.content.decode()
    assert Component.objects.get(service__slug="cache").state == ("major_outage" if status == 200 else "operational")


def test_components_are_read_and_their_state_is_set(api, shipped, django_assert_max_num_queries):
    api("get", "components/")
    with django_assert_max_num_queries(30) as seen:
        rows = api("get", "components/")["results"]
    assert sum("statuspage_component" in query["sql"] for query in seen.captured_queries) == 1
    assert len(rows) == 10 and rows[0]["slug"] == "api-gateway" and rows[0]["state"] == "operational"
    assert api("patch", "components/cache/", {"state": "under_maintenance"})["state"] == "under_maintenance"
    api("patch", "components/cache/", {"state": "burning"}, 400)
    api("patch", "components/nowhere/", {"state": "operational"}, 404)
    api("patch", "components/cache/", {"state": "operational"}, 412, headers={"If-Match": '"old"'})


def test_a_components_name_needs_configure_and_its_state_publish(api, shipped, mina, person):
    ada, cora = person("ada2", roles=["admin"]), person("cora", roles=["viewer"], extra_abilities=["configure"])
    api("patch", "components/cache/", {"name": {"en": "Fast memory"}}, 403)
    shown = api("patch", "components/cache/", {"name": {"en": "Fast memory"}, "is_hidden": True}, who=ada)
    assert shown["name"] == {"en": "Fast memory", "zh-hans": "缓存"} and shown["is_shown"] is False
    api("patch", "components/cache/", {"state": "major_outage"}, 403, who=cora)
    assert api("patch", "components/cache/", {"name": {"en": ""}, "is_hidden": False}, who=cora)["name"]["en"] == "Cache"
    assert Component.objects.get(service__slug="cache").state == "operational"
    api("patch", "components/cache/", {"name": {"en": "Fast memory"}, "state": "major_outage"}, 403, who=cora)
    assert Component.objects.get(service__slug="cache").name["en"] == "Cache"


def test_of_a_private_incident_nothing_becomes_public_by_being_left_out(api, declare, mina):
    incident = declare("confirmed", private=True)
    api("post", below(incident), {"kind": "investigating", "title": {"en": "Trouble"}}, 201)
    api("post", below(incident), {"kind": "identified", "services": {"cache": "partial_outage"}}, 201)
    api("post", below(incident), {"kind": "identified"}, 201)
    form = PublishForm({"is_command": "1", "kind": "identified", "text": "Soon"}, incident=incident, user=mina)
    assert form.is_valid() and form.telling().services == {"cache": "partial_outage"} and form.telling().symptom == ""
    rows = PostUpdate.objects.order_by("number")
    assert [row.components for row in rows] == [{}, {"cache": "partial_outage"}, {"cache": "partial_outage"}]  # as the public reads it already
    assert {(row.words["symptom"], row.words["advice"]) for row in rows} == {("", "")}
