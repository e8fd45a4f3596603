"""Pages of services, teams and the playbook: what they show, who may change it, without a script."""

import pytest
from django.utils import translation

from incidents import lifecycle, playbook
from incidents.models import Team
from incidents.playbook_forms import ItemForm, seconds_of, spelled


@pytest.fixture
def admin(person):
    return person("ada", roles=["admin"])


@pytest.fixture
def as_user(client):
    def enter(user, language="en"):
        client.force_login(user)
        client.cookies["django_language"] = language
        return client

    return enter


PLAYBOOK = "/settings/playbook/"
PAGES = ["/services/", "/services/cache/", "/teams/", "/teams/database/", *(PLAYBOOK + rest for rest in ("", "diff/", "versions/", "versions/1/"))]
TIMES = [("15 min", 900), ("1 h 30 min", 5400), ("90s", 90), ("2 小时", 7200), ("1 d", 86400), ("0 s", 0), ("15分钟", 900)]
ABSENT = ["/services/x/", "/teams/x/", *(PLAYBOOK + rest for rest in ("pets/", "pets/items/cat/", "services/items/x/", "versions/99/"))]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_for_who_may_only_see(as_user, viewer, incident, path, language):
    answer = as_user(viewer, language).get(path)
    assert answer.status_code == 200
    assert "/add/" not in answer.content.decode()


@pytest.mark.parametrize("section", [section.name for section in playbook.ordered()])
def test_every_section_and_its_forms_open(as_user, admin, section):
    client = as_user(admin)
    assert client.get(f"/settings/playbook/{section}/").status_code == 200
    for key in list(playbook.current().items(section))[:1]:
        assert client.get(f"/settings/playbook/{section}/items/{key}/").status_code == 200
    assert client.get(f"/settings/playbook/{section}/add/").status_code == (404 if playbook.SECTIONS[section].fixed else 200)


@pytest.mark.parametrize("section", [section.name for section in playbook.ordered()])
def test_a_form_that_is_sent_back_untouched_changes_nothing(section):
    content = playbook.current().content
    for key, item in content[section].items():
        empty = ItemForm(playbook.SECTIONS[section], content, item, key=key)
        data = {name: field.prepare_value(empty.get_initial_for_field(field, name)) for name, field in empty.fields.items()}
        sent = ItemForm(
            playbook.SECTIONS[section], content, item, {name: value for name, value in data.items() if value is not None and value is not False}, key=key
        )
        assert sent.is_valid(), (key, sent.errors)
        assert playbook.same(sent.item(), item), key


@pytest.mark.parametrize(
    ("text", "seconds"), [("15 min", 900), ("1 h 30 min", 5400), ("90s", 90), ("2 小时", 7200), ("1 d", 86400), ("0 s", 0), ("15分钟", 900)]
)
def test_lengths_of_time_as_people_write_them(text, seconds):
    assert seconds_of(text) == seconds
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert seconds_of(spelled(seconds)) == seconds
            assert seconds_of(spelled(seconds + 90061)) == seconds + 90061


@pytest.mark.parametrize("text", ["15", "soon", "5 parsecs", "-5 min", "1 h x"])
def test_a_length_without_unit_is_asked_again(text):
    with pytest.raises(Exception, match="15 min"):
        seconds_of(text)


def filled(section, key, **changes):
    content = playbook.current().content
    form = ItemForm(playbook.SECTIONS[section], content, content[section][key], key=key)
    data = {name: field.prepare_value(form.get_initial_for_field(field, name)) for name, field in form.fields.items()}
    return {name: value for name, value in {**data, **changes}.items() if value is not None and value is not False}


def test_a_target_is_edited_compared_and_taken_back(as_user, admin):
    client, path = as_user(admin), "/settings/playbook/severities/items/P1/"
    answer = client.post(path, filled("severities", "P1", rto_seconds="10 min"))
    assert answer.status_code == 302, answer.context["form"].errors
    assert playbook.current().severity("P1").rto_seconds == 600
    assert "10 min" in client.get("/settings/playbook/diff/").content.decode()
    assert "Take the shipped one" in client.get(path).content.decode()
    client.post(path, {"act": "take"})
    assert playbook.current().severity("P1").rto_seconds == 900
    assert "All as shipped" in client.get("/settings/playbook/diff/").content.decode()


def test_a_mistake_keeps_what_was_typed(as_user, admin):
    answer = as_user(admin).post("/settings/playbook/services/items/cache/", filled("services", "cache", rto_seconds="soon", name_en="Cache two"))
    assert answer.status_code == 422
    assert "Cache two" in answer.content.decode()
    assert "15 min" in answer.content.decode()
    assert playbook.diff() == []


def test_a_service_is_added_removed_and_taken_back(as_user, admin):
    client = as_user(admin)
    answer = client.post("/settings/playbook/services/add/", {"key": "search", "name_en": "Quarry", "owner": "application", "rto_seconds": "5 min"})
    assert answer.status_code == 302
    assert "Quarry" in client.get("/services/").content.decode()
    assert client.post("/settings/playbook/services/add/", {"key": "search", "name_en": "Again"}).status_code == 422
    client.post("/settings/playbook/services/items/search/", {"act": "remove"})
    assert "Quarry" not in client.get("/services/").content.decode()
    client.post("/settings/playbook/war_room/items/zoom/", {"act": "remove"})
    assert "/war_room/items/zoom/" in client.get("/settings/playbook/war_room/").content.decode()
    client.post("/settings/playbook/war_room/items/zoom/", {"act": "take"})
    assert playbook.current().items("war_room")["zoom"]


def test_removing_an_owner_is_refused_in_words(as_user, admin):
    answer = as_user(admin).post("/settings/playbook/teams/items/database/", {"act": "remove"}, follow=True)
    assert "services/primary-database/owner" in answer.content.decode()
    assert not Team.objects.get(slug="database").archived


def test_members_come_lead_and_go(as_user, admin, responder):
    client, path = as_user(admin), "/teams/database/members/"
    client.post(path, {"act": "add", "person": "rui"})
    team = Team.objects.get(slug="database")
    assert [row.is_lead for row in team.memberships.all()] == [False]
    client.post(path, {"act": "lead", "person": "rui"})
    assert [row.is_lead for row in team.memberships.all()] == [True]
    client.post(path, {"act": "drop", "person": "rui"})
    assert not team.memberships.exists()
    assert client.post(path, {"act": "add", "person": "nobody"}).status_code == 422
    assert client.post(path, {"act": "drop", "person": "nobody"}).status_code == 404


@pytest.mark.parametrize("path", ["/settings/playbook/services/add/", "/settings/playbook/services/items/cache/", "/teams/database/members/"])
def test_only_who_may_configure_changes_anything(as_user, commander, path):
    assert as_user(commander).post(path, {"act": "remove", "key": "x", "name_en": "x"}).status_code == 403


@pytest.mark.parametrize("path", ABSENT)
def test_what_is_not_there_is_404(as_user, admin, path):
    assert as_user(admin).get(path).status_code == 404


def test_a_private_incident_shows_on_no_page_of_others(as_user, viewer, declare):
    declare(title="Canary in the cache", services=["cache"], private=True)
    client = as_user(viewer)
    for path in PAGES:
        assert "Canary" not in client.get(path).content.decode()
    assert "bad" not in client.get("/services/cache/").context["health"].tone


def test_an_open_incident_shows_on_service_and_team(as_user, viewer, declare, commander):
    incident = declare(title="Cache is cold", services=["cache"])
    lifecycle.set_services(incident, {"cache": "outage"}, actor=commander)
    client = as_user(viewer)
    for path in ("/services/cache/", "/teams/database/"):
        assert "Cache is cold" in client.get(path).content.decode()
    assert "Outage" in client.get("/services/").content.decode()


def test_pages_ask_a_constant_number_of_questions(as_user, viewer, admin, declare, person, django_assert_max_num_queries):
    services = dict(playbook.current().items("services"))
    services |= {f"service-{number}": {"name": {"en": f"S{number}"}, "owner": "database", "depends_on": ["cache"]} for number in range(20)}
    playbook.replace({**playbook.current().content, "services": services}, actor=admin)
    for number in range(20):
        Team.objects.get(slug="database").memberships.create(person=person(f"p{number}"))
    for _number in range(8):
        declare(services=["cache", "service-1"])
    client = as_user(viewer)
    for path in ("/services/", "/services/cache/", "/teams/", "/teams/database/", "/settings/playbook/", "/settings/playbook/services/"):
        client.get(path)
        with django_assert_max_num_queries(30):
            assert client.get(path).status_code == 200


def test_no_time_at_all_is_at_once(as_user, viewer):
    page = as_user(viewer).get("/settings/playbook/severities/").content.decode()
    assert "at once" in page and ">0 s<" not in page
