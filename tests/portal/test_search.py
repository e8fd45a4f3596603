"""Search, the palette, and the frame around every page."""

import pytest

from incidents import lifecycle
from lib import heartbeats
from portal.navigation import NAV, SETTINGS, exists
from portal.palette import entries
from portal.search import search


@pytest.fixture
def commander(person):
    """Runs incidents."""
    return person("cara", roles=["commander"])


@pytest.fixture
def incident(commander):
    """One to find."""
    return lifecycle.declare(title="Checkout times out", severity="P2", services=["cache"], summary="Redis latency", actor=commander, source="test")


@pytest.mark.parametrize("words", ["checkout", "TIMES checkout", "redis", "{reference}"])
def test_an_incident_is_found_by_title_summary_and_reference(commander, incident, words):
    assert search(commander, words.format(reference=incident.reference)).incidents == [incident]


def test_every_word_must_match(commander, incident):
    assert search(commander, "checkout mysql").is_empty


def test_services_and_people_are_found(commander, person):
    person("li", name="Li Wei")
    assert [service.slug for service in search(commander, "gateway").services] == ["api-gateway"]
    assert [str(one) for one in search(commander, "wei").people] == ["Li Wei"]


def test_private_incidents_are_not_found_by_others(person, commander):
    lifecycle.declare(title="The canary", severity="P2", private=True, actor=commander, source="test")
    stranger = person("stranger", roles=["commander"])
    assert search(stranger, "canary").incidents == []
    assert not any("canary" in row["label"] for row in entries(stranger))


def test_no_words_find_nothing(client, commander):
    client.force_login(commander)
    assert client.get("/search/").status_code == 200
    assert search(commander, " \x00 ").is_empty


@pytest.mark.parametrize("count", [1, 20])
def test_a_search_costs_the_same_for_one_and_twenty(client, commander, count, django_assert_max_num_queries):
    for number in range(count):
        lifecycle.declare(title=f"Trouble {number}", severity="P3", services=["cache"], actor=commander, source="test")
    client.force_login(commander)
    client.get("/search/?q=trouble")
    with django_assert_max_num_queries(12):
        assert client.get("/search/?q=trouble").content.decode().count("data-reference=") == count


def test_the_palette_offers_pages_and_the_acts_of_this_incident(client, commander, incident):
    client.force_login(commander)
    told = client.get(f"/palette/?incident={incident.reference}").json()["entries"]
    addresses = [row["url"] for row in told]
    assert "/incidents/" in addresses and f"/incidents/{incident.reference}/acts/severity/" in addresses


def test_the_rail_leads_only_to_pages_that_answer(client, commander):
    client.force_login(commander)
    page = client.get("/")
    for link in page.context["chrome"].nav:
        assert client.get(link.path).status_code == 200, link.path
    assert all(not exists(link.path) for link in NAV if link.path in ("/dashboards-that-never-were/",))


def test_settings_pages_are_shown_to_those_who_may_open_them(client, commander, person):
    client.force_login(person("ada", roles=["admin"]))
    groups = client.get("/me/").context["chrome"].settings_nav
    shown = {link.path for group in groups for link in group.links}
    assert "/settings/people/" in shown
    client.force_login(commander)
    groups = client.get("/me/").context["chrome"].settings_nav
    assert "/settings/audit/" not in {link.path for group in groups for link in group.links}
    assert {link.path for group in SETTINGS for link in group.links} >= shown


def test_a_silent_engine_is_on_every_page(client, commander, monkeypatch):
    client.force_login(commander)
    assert "engine has been silent" not in client.get("/").content.decode()
    monkeypatch.setattr(heartbeats, "ages", lambda prefix="": {"engine": 90.0})
    assert "engine has been silent" in client.get("/").content.decode()


def test_single_keys_can_be_turned_off(client, commander):
    client.force_login(commander)
    assert 'data-single-keys="on"' in client.get("/").content.decode()
    client.post("/choose/keys/", {"single_keys": "off", "next": "/incidents/"})
    assert 'data-single-keys="off"' in client.get("/").content.decode()


def test_going_back_never_leaves_the_portal(client, commander):
    client.force_login(commander)
    assert client.post("/choose/keys/", {"single_keys": "on", "next": "https://evil.example/"}).headers["Location"] == "/"


def test_the_cookie_of_this_device_chooses_the_language(client, commander):
    client.force_login(commander)
    client.cookies["django_language"] = "zh-hans"
    assert '<html lang="zh-hans"' in client.get("/").content.decode()


def test_settings_lead_to_the_first_page_one_may_open(client, commander, person):
    client.force_login(person("vic", roles=["viewer"]))
    answer = client.get("/settings/")
    assert answer.status_code == 302
    assert client.get(answer.headers["Location"]).status_code == 200
