"""Language, zone and theme: as chosen, else what the browser asks for."""

import pytest


@pytest.mark.parametrize(
    ("own", "cookie", "accept", "found"),
    [
        ("", "", "zh-CN,zh;q=0.9", "zh-hans"),
        ("", "", "fr", "en"),
        ("", "en", "zh-CN", "en"),
        ("zh-hans", "", "en", "zh-hans"),
        ("zh-hans", "en", "zh", "en"),
    ],
)
def test_the_language_is_the_devices_then_the_persons_then_the_browsers(own, cookie, accept, found, person, client, settings):
    if own:
        client.force_login(person(language=own))
    if cookie:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie
    answer = client.get("/accounts/inactive/", headers={"Accept-Language": accept})
    assert answer.headers["Content-Language"] == found
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))


@pytest.mark.django_db
def test_signed_out_the_choice_stays_on_the_device(client):
    answer = client.post("/accounts/preferences/", {"language": "zh-hans", "time_zone": "Asia/Tokyo", "theme": "dark", "next": "/accounts/login/"})
    assert answer.status_code == 302 and answer.headers["Location"] == "/accounts/login/"
    assert client.get("/accounts/login/").headers["Content-Language"] == "zh-hans"
    assert client.cookies["time_zone"].value == "Asia/Tokyo" and client.cookies["theme"].value == "dark"


def test_signed_in_the_choice_goes_with_the_person(person, client):
    ada = person("ada")
    client.force_login(ada)
    answer = client.post("/accounts/preferences/", {"language": "zh-hans", "theme": "light"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204 and answer.headers["HX-Refresh"] == "true"
    ada.refresh_from_db()
    assert (ada.language, ada.theme) == ("zh-hans", "light")


@pytest.mark.parametrize("chosen", [{"language": "xx"}, {"time_zone": "../../etc/passwd"}, {"theme": "neon"}])
@pytest.mark.django_db
def test_what_cannot_be_chosen_is_refused(chosen, client):
    assert client.post("/accounts/preferences/", chosen).status_code == 422


@pytest.mark.django_db
def test_the_way_back_stays_here(client):
    assert client.post("/accounts/preferences/", {"next": "https://evil.example/"}).headers["Location"] == "/"


def test_a_forged_zone_is_ignored(person, client):
    client.cookies["time_zone"] = "Mars/Olympus"
    assert client.get("/accounts/login/").status_code == 200
    client.force_login(person(time_zone="Gone/Zone"))
    assert client.get("/me/sessions/").status_code == 200
