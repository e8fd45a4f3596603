"""Oneself over REST, and what an administrator ends for others."""

import pytest
from allauth.usersessions.models import UserSession
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import ApiToken, AuditEntry

BASE = "/api/v1/"


def test_one_changes_ones_own_profile_but_no_rights(api, person):
    ada = person("ada", roles=["viewer"])
    client = api(ada)
    assert client.get(f"{BASE}me/").json()["abilities"] == ["see"]
    told = client.patch(f"{BASE}me/", {"language": "zh-hans", "theme": "dark", "roles": ["admin"], "email": "thief@example.org", "is_active": False})
    assert told.status_code == 200
    ada.refresh_from_db()
    assert (ada.language, ada.theme, ada.roles, ada.email, ada.is_active) == ("zh-hans", "dark", ["viewer"], "ada@example.org", True)
    assert AuditEntry.objects.filter(action="accounts.person_changed").count() == 1
    assert client.patch(f"{BASE}me/", {"language": "klingon"}).status_code == 400
    assert client.patch(f"{BASE}me/", {"time_zone": "Mars/Olympus"}).status_code == 422
    assert client.patch(f"{BASE}me/", {"name": "A"}, headers={"If-Match": '"old"'}).status_code == 412
    assert api(ada, "read").patch(f"{BASE}me/", {"theme": ""}).status_code == 403
    assert APIClient().get(f"{BASE}me/").status_code == 401


def test_ones_own_sessions_are_listed_and_ended(api, person, signed_in):
    ada, eve = person("ada"), person("eve")
    here, there = signed_in(ada), signed_in(ada)
    signed_in(eve)
    client = api(ada)
    rows = client.get(f"{BASE}sessions/").json()["results"]
    assert len(rows) == 2 and set(rows[0]) == {"id", "address", "browser", "began_at", "last_seen_at"}
    foreign = UserSession.objects.get(user=eve)
    assert client.delete(f"{BASE}sessions/{foreign.pk}/").status_code == 404
    row = UserSession.objects.get(session_key=there.session.session_key)
    assert client.delete(f"{BASE}sessions/{row.pk}/").status_code == 204
    assert there.get("/me/").status_code == 302 and here.get("/me/").status_code == 200
    signed_in(ada)
    assert here.delete(f"{BASE}sessions/").status_code == 204
    assert here.get("/me/").status_code == 200 and len(client.get(f"{BASE}sessions/").json()["results"]) == 1
    assert UserSession.objects.filter(user=eve).exists()


def test_ones_own_tokens_are_listed_and_ended(api, person):
    ada = person("ada")
    client, foreign = api(ada), tokens.issue("hers", person("eve"), ["read"], actor=None)[0]
    mine, secret = tokens.issue("ci", ada, ["deploy"], services=["cache"], actor=None)
    rows = client.get(f"{BASE}tokens/").json()["results"]
    assert [row["name"] for row in rows] == ["ci", "test"] and rows[0]["services"] == ["cache"]
    assert secret not in str(rows) and "digest" not in rows[0]
    assert client.delete(f"{BASE}tokens/{foreign.pk}/").status_code == 404
    assert client.delete(f"{BASE}tokens/{mine.pk}/").status_code == 204
    assert client.delete(f"{BASE}tokens/{mine.pk}/").status_code == 404
    assert tokens.find(secret) is None and ApiToken.objects.get(pk=foreign.pk).revoked_at is None
    assert AuditEntry.objects.filter(action="accounts.token_revoked").count() == 1


@pytest.mark.parametrize("part", ["sessions", "tokens", "second-factor"])
def test_an_administrator_ends_what_others_hold(part, api, person, signed_in):
    admin, eve = person("ada", roles=["admin"]), person("eve")
    browser = signed_in(eve)
    tokens.issue("hers", eve, ["read"], actor=None)
    url = f"{BASE}people/eve/{part}/"
    assert api(admin).delete(url).status_code == 403  # takes the scope `admin`
    assert api(eve, "admin").delete(url).status_code == 403
    client = api(admin, "admin")
    assert client.delete(f"{BASE}people/nobody/{part}/").status_code == 404
    assert client.delete(url).status_code == 204 == client.delete(url).status_code
    assert (browser.get("/me/").status_code == 302) is (part == "sessions")
    assert ApiToken.objects.filter(user=eve, name="hers", revoked_at=None).exists() is (part != "tokens")
