"""API tokens: hashed, bounded, shown once, ended at once."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import people, tokens
from accounts.models import ApiToken, AuditEntry
from lib.errors import Refused


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_token_is_stored_as_its_hash_and_named_by_its_prefix(person):
    token, secret = tokens.issue("ci", person(), ["read"], actor=None)
    assert re.fullmatch(r"portal_[0-9a-f]{8}_[\w-]{43}", secret)
    assert secret.startswith(token.prefix)
    row = ApiToken.objects.values().get()
    assert secret not in str(row) and secret[len(token.prefix) + 1 :] not in str(row)
    assert secret not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(("scopes", "days", "name"), [([], 1, "x"), (["root"], 1, "x"), (["read"], 0, "x"), (["read"], 366, "x"), (["read"], 1, " \x00 ")])
def test_a_wrong_token_is_refused(scopes, days, name, person):
    with pytest.raises(Refused) as refusal:
        tokens.issue(name, person(), scopes, days=days, actor=None)
    assert refusal.value.status == 422


@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        ("read", {"read"}),
        ("write", {"read", "write"}),
        ("ingest", {"ingest"}),
        ("deploy", {"deploy"}),
        ("recovery", {"recovery"}),
        ("publish", {"publish"}),
        ("admin", set(tokens.SCOPES)),
    ],
)
def test_scopes_bring_what_the_interface_says(held, allowed):
    token = ApiToken(scopes=[held])
    assert {scope for scope in tokens.SCOPES if tokens.allows(token, scope)} == allowed


def test_it_signs_in_until_it_ends(person, client, clock):
    _token, secret = tokens.issue("ci", person(), ["read"], days=1, actor=None)
    assert client.get("/api/v1/people/", headers=bearer(secret)).status_code == 200
    clock.move("+25h")
    answer = client.get("/api/v1/people/", headers=bearer(secret))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="portal"'
    assert answer.json()["title"] == "Unauthorized"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Bearer portal_00000000_" + "é" * 43, "Bearer " + "x" * 5000, "bearer portal_00000000_" + "x" * 43]
)
@pytest.mark.django_db
def test_what_is_no_token_is_401(header, client):
    assert client.get("/api/v1/people/", headers={"Authorization": header}).status_code == 401


def test_a_withdrawn_token_ends_at_once(person, client):
    token, secret = tokens.issue("ci", person(), ["read"], actor=None)
    assert tokens.revoke(token, actor=None) is True
    assert tokens.revoke(token, actor=None) is False
    assert client.get("/api/v1/people/", headers=bearer(secret)).status_code == 401


@pytest.mark.parametrize("end", [lambda user: people.set_password(user, "an entirely new one", actor=user), lambda user: people.deactivate(user, actor=None)])
def test_password_change_and_deactivation_end_tokens(end, person, client):
    user = person()
    _token, secret = tokens.issue("ci", user, ["read"], actor=None)
    end(user)
    assert client.get("/api/v1/people/", headers=bearer(secret)).status_code == 401


def test_its_use_is_noted_to_the_minute(person, clock, django_assert_num_queries):
    clock.at(clock.now().replace(second=5) + timedelta(minutes=1))  # early in a minute, so that it does not turn below
    token, secret = tokens.issue("ci", person(), ["read"], actor=None)
    tokens.find(secret)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None and first.second == 0
    with django_assert_num_queries(1):
        assert tokens.find(secret).last_used_at == first
    clock.move("+2m")
    tokens.find(secret)
    token.refresh_from_db()
    assert token.last_used_at > first


def test_the_command_prints_the_token_alone(person, client):
    person("ada", roles=["admin"])
    out = StringIO()
    call_command("token", "ci", "--user", "ada", "--scope", "read", "--scope", "deploy", "--service", "api-gateway", "--expires", "30", stdout=out)
    secret = out.getvalue().strip()
    assert out.getvalue() == f"{secret}\n"
    token = tokens.find(secret)
    assert (token.name, token.scopes, token.services) == ("ci", ["read", "deploy"], ["api-gateway"])


@pytest.mark.parametrize(
    "words", [["--user", "nobody", "--scope", "read"], ["--user", "sam", "--scope", "root"], ["--user", "sam", "--scope", "read", "--expires", "400"]]
)
def test_the_command_says_what_is_wrong(words, person):
    person("sam")
    with pytest.raises(CommandError):
        call_command("token", "ci", *words)


def test_the_page_shows_a_new_token_once(person, signed_in):
    ada = person("ada")
    client = signed_in(ada)
    answer = client.post("/settings/tokens/", {"name": "ci", "scopes": ["read"], "days": 30, "services": "a, b"})
    secret = answer.context["secret"]
    assert secret in answer.content.decode()
    assert secret not in client.get("/settings/tokens/").content.decode()
    assert tokens.find(secret).services == ["a", "b"]
    assert client.post("/settings/tokens/", {"name": "", "days": 9000}).status_code == 422


def test_a_token_asks_for_the_password_when_the_last_proof_is_old(person, signed_in, clock):
    client = signed_in(person("ada"))
    clock.move("+13h")
    answer = client.post("/settings/tokens/", {"name": "ci", "scopes": ["read"], "days": 30})
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/reauthenticate/")
    answer = client.post(answer.headers["Location"], {"password": "correct horse battery"})
    assert answer.status_code == 200 and tokens.find(answer.context["secret"]).name == "ci"


def test_nobody_ends_somebody_elses_token(person, client):
    token, _secret = tokens.issue("ci", person("ada"), ["read"], actor=None)
    client.force_login(person("eve"))
    assert client.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    client.force_login(token.user)
    assert client.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 302
    assert ApiToken.objects.get().revoked_at is not None
