"""The pages: the document, writing without and with script, lists, queries, refusals."""

import pytest
from django.test import Client

from incidents import lifecycle as incident_lifecycle
from postmortems import actions, sections
from postmortems import lifecycle as acts
from postmortems.models import ActionItem, Postmortem


@pytest.fixture
def browser():
    """A client signed in as somebody."""

    def make(user):
        client = Client()
        client.force_login(user)
        return client

    return make


def address(postmortem, rest=""):
    return f"/postmortems/{postmortem.incident.reference}/{rest}"


def test_the_document_shows_what_the_portal_knows_and_what_is_to_be_written(postmortem, browser, commander):
    told = browser(commander).get(address(postmortem)).content.decode()
    for words in ("Overview", "Targets kept and broken", "API answers 500", "Direct cause", "Hand in for review", "Needed for the review"):
        assert words in told


def test_a_section_is_written_without_script(postmortem, browser, commander):
    client = browser(commander)
    form = client.get(address(postmortem, "sections/went_well/"))
    assert 'name="base" value="0"' in form.content.decode()
    answer = client.post(address(postmortem, "sections/went_well/"), {"text": "We *rolled back* <script>alert(1)</script>", "base": 0})
    assert answer.status_code == 302 and answer.url.endswith("#went_well")
    told = client.get(address(postmortem)).content.decode()
    assert "<em>rolled back</em>" in told and "alert(1)" not in told


def test_who_was_overtaken_gets_both_texts(postmortem, browser, commander, lead):
    sections.save(sections.named(postmortem, "went_well"), "Theirs", base=0, actor=lead)
    answer = browser(commander).post(address(postmortem, "sections/went_well/"), {"text": "Mine, typed for an hour", "base": 0})
    told = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in told and "Mine, typed for an hour" in told and 'name="base" value="1"' in told


def test_the_script_gets_the_section_alone_and_its_typing_is_kept(postmortem, browser, commander, lead):
    client = browser(commander)
    keep = client.post(address(postmortem, "sections/went_well/keep/"), {"text": "Half", "base": 0}, headers={"HX-Request": "true"})
    assert keep.status_code == 204
    assert "Cara is writing" in browser(lead).get(address(postmortem, "presence/")).content.decode()
    assert "Half" in client.get(address(postmortem, "sections/went_well/")).content.decode()
    answer = client.post(address(postmortem, "sections/went_well/"), {"text": "Whole", "base": 0}, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and b"<html" not in answer.content and b"Whole" in answer.content


def test_the_way_from_draft_to_publication_by_pages(postmortem, fill, browser, commander, lead):
    fill(postmortem)
    writer, reviewer = browser(commander), browser(lead)
    refused = writer.post(address(postmortem, "do/submit/"), {"reviewers": [commander.pk]})
    assert refused.status_code == 422 and "cannot be the only reviewer" in refused.content.decode()
    assert writer.post(address(postmortem, "do/submit/"), {"reviewers": [lead.pk]}).status_code == 302
    assert reviewer.post(address(postmortem, "do/return/"), {"comment": "Say more"}).status_code == 302
    assert "Say more" in writer.get(address(postmortem)).content.decode()
    writer.post(address(postmortem, "do/submit/"), {"reviewers": [lead.pk]})
    reviewer.post(address(postmortem, "do/approve/"), {"comment": ""})
    assert writer.post(address(postmortem, "do/publish/"), {}).status_code == 302
    assert Postmortem.objects.get().state == "published"
    assert "edition 1" in writer.get(address(postmortem)).content.decode()


def test_the_public_version_is_previewed_checked_and_published(in_state, browser, commander):
    postmortem, client = in_state("published"), browser(commander)
    assert "Words about root_cause.direct." in client.get(address(postmortem, "public/")).content.decode()
    seen = client.post(address(postmortem, "public/"), {"en": "It was **away**", "zh_hans": "", "act": "preview"})
    assert "<strong>away</strong>" in seen.content.decode()
    asked = client.post(address(postmortem, "public/"), {"en": "Ask Cara", "zh_hans": "", "is_confirmed": "on"})
    assert asked.status_code == 409 and "should stay inside" in asked.content.decode()
    assert client.post(address(postmortem, "public/"), {"en": "It was away", "zh_hans": "", "is_confirmed": "on"}).status_code == 302
    assert Postmortem.objects.get().public_text["en"] == "It was away"


def test_action_items_are_added_changed_in_place_and_done(postmortem, browser, commander, responder):
    client = browser(commander)
    told = {"title": "Alert at 80 %", "horizon": "short", "priority": "high", "who": f"person:{responder.pk}", "acceptance": "It fires"}
    assert client.post(address(postmortem, "actions/"), told).status_code == 302
    item = ActionItem.objects.get()
    assert (item.owner, item.horizon) == (responder, "short")
    row = client.get(f"/action-items/{item.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert row.strip().startswith("<tr")
    changed = client.post(
        f"/action-items/{item.pk}/", {**told, "title": "Alert at 70 %", "who": "", "number": 0, "due_on": "2030-01-01"}, headers={"HX-Request": "true"}
    )
    assert "Alert at 70 %" in changed.content.decode()
    stale = client.post(f"/action-items/{item.pk}/", {**told, "number": 0})
    assert stale.status_code == 422 and "changed this action item meanwhile" in stale.content.decode()
    client.post(f"/action-items/{item.pk}/settle/", {"state": "done", "next": "/action-items/"})
    assert ActionItem.objects.get().state == "done"


def test_lists_filter(postmortem, browser, commander, responder):
    actions.add(postmortem, actor=commander, title="Leak detection in CI", owner=responder, horizon="immediate")
    client = browser(responder)
    assert "Leak detection" in client.get("/action-items/?mine=1").content.decode()
    assert "Leak detection" not in client.get("/action-items/?horizon=long").content.decode()
    assert "Leak detection" not in client.get("/action-items/?state=done").content.decode()
    assert "API answers 500" in client.get("/postmortems/").content.decode()
    assert "API answers 500" not in client.get("/postmortems/?state=published").content.decode()
    assert "is not known here" in client.get("/postmortems/?state=nonsense").content.decode()


@pytest.mark.parametrize("path", ["/postmortems/?state=", "/action-items/?state="])
def test_lists_ask_the_same_number_of_queries_however_long(path, declare, resolve, browser, commander, django_assert_max_num_queries):
    for number in range(6):
        resolve(declare(title=f"Incident {number}"))
        actions.add(Postmortem.objects.select_related("incident").latest("pk"), actor=commander, title=f"Item {number}", owner=commander)
    client = browser(commander)
    client.get(path)
    with django_assert_max_num_queries(22):
        assert client.get(path).content.decode().count("data-row") == 6


def test_the_document_asks_a_bounded_number_of_queries(postmortem, fill, browser, commander, lead, django_assert_max_num_queries):
    fill(postmortem)
    for number in range(8):
        actions.add(postmortem, actor=commander, title=f"Item {number}", owner=lead)
    client = browser(commander)
    client.get(address(postmortem))
    with django_assert_max_num_queries(60):
        client.get(address(postmortem))


def test_the_incident_page_says_what_closing_waits_for(postmortem, browser, commander):
    told = browser(commander).get(postmortem.incident.get_absolute_url()).content.decode()
    assert address(postmortem) in told and "it closes once its post-mortem is published" in told
    closed = browser(commander).post(f"{postmortem.incident.get_absolute_url()}acts/close/", {"from_form": "1"}, follow=True)
    assert "it closes once its post-mortem is published" in closed.content.decode()


def test_one_is_opened_and_waived_from_the_incident(declare, resolve, browser, commander):
    incident = resolve(declare(severity="P3"))
    client = browser(commander)
    assert client.post(f"/postmortems/{incident.reference}/open/").url == f"/postmortems/{incident.reference}/"
    acts.waive(incident, actor=commander, reason="Too small")
    assert "Too small" in client.get(f"/postmortems/{incident.reference}/").content.decode()


@pytest.mark.parametrize(
    "path",
    ["", "sections/went_well/", "sections/went_well/history/", "timeline/", "timeline/1/", "markdown/", "presence/", "public/", "do/submit/", "actions/"],
)
def test_a_private_one_is_not_there_for_others(postmortem, browser, commander, lead, path):
    incident_lifecycle.set_private(postmortem.incident, True, actor=commander)
    assert browser(lead).get(address(postmortem, path)).status_code == 404
    assert browser(commander).get(address(postmortem, path)).status_code in (200, 409)


def test_a_viewer_reads_and_writes_nothing(postmortem, browser, viewer):
    client = browser(viewer)
    assert client.get(address(postmortem)).status_code == 200
    assert client.get(address(postmortem, "markdown/")).status_code == 200
    for path in ("sections/went_well/", "do/submit/", "actions/", "timeline/1/", "open/"):
        assert client.post(address(postmortem, path), {"text": "x", "base": 0}).status_code == 403
    assert client.get(address(postmortem, "sections/went_well/")).status_code == 403


def test_versions_are_shown_with_what_they_changed(postmortem, browser, commander):
    section = sections.named(postmortem, "went_well")
    sections.save(section, "One\nTwo", base=0, actor=commander)
    sections.save(section, "One\nThree", base=1, actor=commander)
    told = browser(commander).get(address(postmortem, "sections/went_well/history/")).content.decode()
    assert 'data-sign="gone"' in told and 'data-sign="new"' in told and "Three" in told


def test_search_finds_words_that_somebody_wrote(postmortem, browser, commander, lead):
    sections.save(sections.named(postmortem, "went_well"), "The fallback cache held", base=0, actor=commander)
    assert address(postmortem) in browser(lead).get("/search/?q=fallback cache").content.decode()
    incident_lifecycle.set_private(postmortem.incident, True, actor=commander)
    assert address(postmortem) not in browser(lead).get("/search/?q=fallback cache").content.decode()
