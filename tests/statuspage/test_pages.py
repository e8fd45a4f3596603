"""The pages of the public side: the list, an incident's public side, what would be read, the panel, the act."""

import pytest

from incidents import lifecycle
from statuspage import drafts, publishing
from statuspage.models import Draft, PostUpdate
from statuspage.rendering import pages
from statuspage.telling import Telling


def path(incident):
    return f"/incidents/{incident.reference}/public/"


def form(incident, **more):
    said = {"act": "publish", "kind": "identified", "next_minutes": "30", "seen": "1", "title_en": "API is slow", "title_zh-hans": "API 变慢"}
    return {**said, **more}


@pytest.fixture
def client(as_user, mina):
    return as_user(mina)


def test_the_list_teaches_while_nothing_was_published(client, shipped):
    assert "Nothing was published yet" in client.get("/public/").content.decode()


def test_the_list_shows_what_waits_and_what_is_public(client, declare):
    declare("confirmed", "resolved")
    declare("confirmed")
    declare("confirmed", severity="P2")
    body = client.get("/public/").content.decode()
    assert body.count("API gateway: partial outage") == 3
    for part in ('id="waiting"', 'id="open"', 'id="past"', 'id="troubled"'):
        assert part in body


def test_a_list_costs_the_same_however_long_it_is(client, declare, django_assert_max_num_queries):
    for _ in range(3):
        declare("confirmed")
        declare("confirmed", severity="P2")
    client.get("/public/")
    with django_assert_max_num_queries(16):
        client.get("/public/")


def test_the_page_shows_before_publishing_what_will_be_read_in_both_languages(client, declare):
    incident = declare("confirmed", severity="P2")
    body = client.get(path(incident)).content.decode()
    assert "We are investigating a problem" in body and "我们发现服务出现异常" in body
    answer = client.post(path(incident), form(incident, act="look", free_en="Own words.", seen="0"), headers={"HX-Request": "true"})
    assert "Own words." in answer.content.decode() and "<html" not in answer.content.decode()
    assert not PostUpdate.objects.exists()


def test_the_page_of_an_incident_costs_the_same_however_much_it_said(client, declare, django_assert_max_num_queries):
    incident = declare("confirmed", "fixing", "verifying", "resolved")
    client.get(path(incident))
    with django_assert_max_num_queries(34):
        client.get(path(incident))


def test_publishing_from_the_page(client, declare):
    incident = declare("confirmed")
    answer = client.post(path(incident), form(incident, **{"component.cache": "major_outage", "free_zh-hans": "自拟。"}))
    assert answer.status_code == 302, answer.content.decode()
    update = PostUpdate.objects.get(number=2)
    assert (update.kind, update.components["cache"]) == ("identified", "major_outage")
    assert "自拟。" in update.paragraphs["zh-hans"] and "自拟。" not in update.paragraphs["en"]


def test_a_form_that_is_sent_twice_publishes_once(client, declare):
    incident = declare("confirmed")
    said = form(incident, once="a-key-of-this-form")
    client.post(path(incident), said)
    client.post(path(incident), said)
    assert PostUpdate.objects.count() == 2


def test_words_of_the_list_ask_first(client, declare):
    incident = declare("confirmed")
    said = form(incident, free_en="pg-0.db.internal is down")
    answer = client.post(path(incident), said)
    assert answer.status_code == 409 and 'name="all_the_same"' in answer.content.decode()
    assert PostUpdate.objects.count() == 1
    assert client.post(path(incident), {**said, "all_the_same": "on"}).status_code == 302
    assert PostUpdate.objects.get(number=2).accepted[0]["word"] == "pg-0.db.internal"


def test_a_page_that_is_out_of_date_does_not_publish(client, declare):
    incident = declare("confirmed")
    client.post(path(incident), form(incident))
    answer = client.post(path(incident), form(incident, kind="monitoring"))
    assert answer.status_code == 409 and "meanwhile" in answer.content.decode()


def test_a_draft_is_kept_and_dropped(client, declare, mina):
    incident = declare("confirmed")
    client.post(path(incident), form(incident, act="save", free_en="Later."))
    assert Draft.objects.get().edited_by == mina
    assert "Later." in client.get(path(incident)).content.decode()
    client.post(path(incident), {"act": "drop"})
    assert not Draft.objects.exists()


def test_reading_needs_sight_and_publishing_the_right(as_user, declare, rea, person):
    incident, hidden = declare("confirmed"), declare("confirmed", private=True)
    responder = as_user(rea)
    body = responder.get(path(incident))
    assert body.status_code == 200 and 'name="kind"' not in body.content.decode()
    assert responder.post(path(incident), form(incident)).status_code == 403
    other = as_user(person("otto", roles=["admin"]))
    assert other.get(path(hidden)).status_code == 404 and other.post(path(hidden), form(hidden)).status_code == 404
    assert PostUpdate.objects.count() == 1


def test_the_panel_says_what_is_public_and_what_waits(client, declare):
    incident = declare("confirmed", severity="P2")
    panel = f"/incidents/{incident.reference}/panels/public/"
    assert "Ready to be published: Investigating" in client.get(panel).content.decode()
    public = declare("confirmed")
    body = client.get(f"/incidents/{public.reference}/panels/public/").content.decode()
    assert "next promised for" in body and "API gateway: partial outage" in body
    drill = declare("confirmed", drill=True)
    assert "hidden>" in client.get(f"/incidents/{drill.reference}/panels/public/").content.decode()


@pytest.mark.parametrize(
    ("command", "kind", "free"),
    [
        ("/publish", "investigating", {}),
        ("/publish identified 45m We found it.", "identified", {"en": "We found it."}),
        ("/publish monitoring 已恢复。", "monitoring", {"zh-hans": "已恢复。"}),
    ],
)
def test_publishing_by_a_command(client, declare, command, kind, free):
    incident = declare("confirmed")
    answer = client.post(f"/incidents/{incident.reference}/compose/", {"text": command})
    assert answer.status_code == 302, answer.content.decode()
    update = PostUpdate.objects.get(number=2)
    assert (update.kind, update.words["free"]) == (kind, free)
    assert update.components == {"api-gateway": "partial_outage"}


def test_a_command_with_words_of_the_list_is_refused_with_them(client, declare):
    incident = declare("confirmed")
    answer = client.post(f"/incidents/{incident.reference}/compose/", {"text": "/publish identified pg-0.db.internal is down"})
    assert answer.status_code == 422 and "pg-0.db.internal" in answer.content.decode()
    assert PostUpdate.objects.count() == 1


def test_the_act_leads_to_its_page(client, declare):
    incident = declare("confirmed")
    address = f"/incidents/{incident.reference}/acts/publish/"
    assert client.get(address).url == path(incident)
    assert client.get(address, headers={"HX-Request": "true"}).headers["HX-Redirect"] == path(incident)


def test_a_draft_older_than_what_is_public_says_so(client, declare, mina):
    incident = declare("confirmed")
    drafts.save(incident, Telling("identified"), actor=mina)
    lifecycle.transition(incident, "fixing", actor=mina)
    assert "Somebody published after this draft" in client.get(path(incident)).content.decode()


def test_a_preview_makes_only_what_is_asked_for(declare, mina, as_user, monkeypatch):
    incident = declare("confirmed")
    drafts.save(incident, Telling("identified"), actor=mina)
    made, put = [], []
    page, publish = pages.Look.page, publishing.put
    monkeypatch.setattr(pages.Look, "page", lambda look, *words, **named: made.append(words) or page(look, *words, **named))
    monkeypatch.setattr(publishing, "put", lambda *words, **named: put.append(words) or publish(*words, **named))
    client = as_user(mina)
    for name, makes, publishes in (
        ("assets/status.css", 0, 0),
        ("assets/icon.svg", 0, 0),
        ("en/", 1, 1),
        ("zh-hans/history/", 1, 1),
        ("api/v2/summary.json", 0, 1),
    ):
        made.clear()
        put.clear()
        assert client.get(f"/incidents/{incident.reference}/public/preview/page/{name}").status_code == 200
        assert (name, len(made), len(put)) == (name, makes, publishes)
