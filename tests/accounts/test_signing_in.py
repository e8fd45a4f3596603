"""Signing in: names, throttles, second factors, sessions."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from accounts import codes, mail, people, throttle
from accounts.models import AuditEntry, User
from tests.accounts.conftest import PASSWORD

LOGIN = "/accounts/login/"


@pytest.fixture
def ada(person: Any) -> User:
    return person("ada", roles=["responder"], password=PASSWORD)


def sign_in(client: Client, login: str = "ada", password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(LOGIN, {"login": login, "password": password}, **extra)


def is_in(client: Client) -> bool:
    return client.get("/me/sessions/").status_code == 200


@pytest.mark.parametrize("login", ["ada", "ADA", "ada@example.org", "Ada@Example.org"])
def test_user_name_or_e_mail_sign_in(login, ada, client):
    assert sign_in(client, login).status_code == 302
    assert is_in(client)
    assert not EmailAddress.objects.exists()  # one place only says what somebody's e-mail is
    assert AuditEntry.objects.filter(action="accounts.signed_in", actor=ada).count() == 1


def test_the_answer_is_the_same_for_unknown_people(ada, client):
    def text(login: str) -> str:
        body = sign_in(client, login, "wrong").content.decode()
        return re.sub(r'value="[^"]*"|csrf\S+', "", body)

    assert text("ada") == text("nobody") == text("ada@example.org") == text("nobody@example.org")


def test_unknown_people_cost_a_hash_too(ada, client, monkeypatch):
    hashed = []
    real = User.set_password
    monkeypatch.setattr(User, "set_password", lambda self, raw: hashed.append(raw) or real(self, raw))
    sign_in(client, "nobody", "wrong")
    assert hashed == ["wrong"]


def test_somebody_without_a_password_cannot_sign_in(person, client):
    person("invited")
    for word in ("", "!", "None"):
        sign_in(client, "invited", word)
    assert not is_in(client)


def test_a_deactivated_person_cannot_sign_in(ada, client):
    people.deactivate(ada, actor=None)
    assert sign_in(client).headers["Location"] == "/accounts/inactive/"
    assert client.get("/accounts/inactive/").status_code == 200
    assert not is_in(client)


def test_the_session_gets_a_new_id(ada, client):
    client.get(LOGIN)
    session = client.session
    session["before"] = 1
    session.save()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key
    sign_in(client)
    assert client.session.session_key != session.session_key
    assert not Session.objects.filter(session_key=session.session_key).exists()


def test_signing_in_goes_where_it_was_asked_for_and_nowhere_else(ada, client):
    assert client.post(LOGIN, {"login": "ada", "password": PASSWORD, "next": "/me/"}).headers["Location"] == "/me/"
    client.post("/accounts/logout/")
    for target in ("https://evil.example/", "//evil.example", "http://localhost:8000/"):
        assert client.post(LOGIN, {"login": "ada", "password": PASSWORD, "next": target}).headers["Location"] == "/"
        client.post("/accounts/logout/")


def test_guesses_from_one_address_are_slowed_down(ada, client):
    for _guess in range(throttle.PAIR.guesses):
        sign_in(client, password="wrong")
    assert "Too many attempts" in sign_in(client).content.decode()
    assert not is_in(client)


def test_user_name_and_e_mail_are_one_account(ada, client):
    for guess in range(throttle.PAIR.guesses):
        sign_in(client, "ada" if guess % 2 else "ada@example.org", "wrong")
    assert "Too many attempts" in sign_in(client).content.decode()


def test_others_guessing_do_not_lock_a_known_device_out(ada, client, monkeypatch):
    monkeypatch.setattr(throttle, "ACCOUNT", throttle.Limit(12, 3600))
    sign_in(client)
    client.post("/accounts/logout/")
    stranger = Client()
    for number in range(throttle.ACCOUNT.guesses):
        sign_in(stranger, password="wrong", REMOTE_ADDR=f"198.51.100.{number // 9}")
    assert "Too many attempts" in sign_in(Client(REMOTE_ADDR="203.0.113.1")).content.decode()
    assert sign_in(client).status_code == 302
    assert is_in(client)


def test_a_known_device_may_not_guess_for_ever_nor_for_others(ada, person, client):
    person("bob", password=PASSWORD)
    sign_in(client)
    client.post("/accounts/logout/")
    for _guess in range(throttle.DEVICE.guesses):
        sign_in(client, password="wrong")
    assert "Too many attempts" in sign_in(client).content.decode()
    for _guess in range(throttle.PAIR.guesses):
        sign_in(client, "bob", "wrong")
    assert "Too many attempts" in sign_in(client, "bob").content.decode()


def test_a_forged_device_is_unknown(ada, client):
    client.cookies[throttle.DEVICE_COOKIE] = "WzEsICJ4Il0:1:forged"
    for _guess in range(throttle.PAIR.guesses):
        sign_in(client, password="wrong")
    assert "Too many attempts" in sign_in(client).content.decode()


def test_right_sign_ins_cost_no_slots(ada, client):
    for _time in range(throttle.PAIR.guesses + 2):
        assert sign_in(Client()).status_code == 302


def test_with_the_cache_away_people_still_get_in(ada, client, monkeypatch):
    def away(*args: Any, **kwargs: Any) -> Any:
        raise RedisAway("gone")

    monkeypatch.setattr(throttle, "cache", type("Away", (), {"get_many": away, "add": away, "delete_many": away})())
    assert sign_in(client).status_code == 302


def enrol(user: User) -> str:
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def code(secret: str, shift: int = 0) -> str:
    counter = list(totp.yield_hotp_counters_from_time())[1] + shift
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def test_the_password_alone_is_half_the_way(ada, client):
    secret = enrol(ada)
    assert sign_in(client).headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_in(client)
    assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert not is_in(client)
    assert client.post("/accounts/2fa/authenticate/", {"code": code(secret)}).status_code == 302
    assert is_in(client)


def test_a_code_works_once_and_older_ones_not_after_it(ada):
    secret = enrol(ada)
    now = code(secret)
    assert codes.use(ada, now).type == Authenticator.Type.TOTP
    cache.clear()  # a flushed cache changes nothing
    assert codes.use(ada, now) is None
    assert codes.use(ada, code(secret, -1)) is None
    assert codes.use(ada, code(secret, +1)) is not None


def test_a_code_from_another_hour_is_wrong(ada):
    secret = enrol(ada)
    assert codes.use(ada, code(secret, 120)) is None
    assert codes.use(ada, code(secret, -120)) is None


def test_a_recovery_code_works_once(ada, client):
    enrol(ada)
    from_list = codes.RecoveryCodes.activate(ada).get_unused_codes()
    sign_in(client)
    assert client.post("/accounts/2fa/authenticate/", {"code": from_list[0]}).status_code == 302
    assert is_in(client)
    assert codes.use(ada, from_list[0]) is None
    assert codes.use(ada, f" {from_list[1][:4]}-{from_list[1][4:]} ") is not None


def test_guessing_codes_is_slowed_down(ada, client):
    secret = enrol(ada)
    sign_in(client)
    for _guess in range(throttle.PAIR.guesses):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "Too many attempts" in client.post("/accounts/2fa/authenticate/", {"code": code(secret)}).content.decode()


def test_secrets_of_second_factors_rest_encrypted(ada, settings):
    secret = enrol(ada)
    codes.RecoveryCodes.activate(ada)
    key_id = next(iter(settings.VAULT_KEYS))
    for row in Authenticator.objects.all():
        assert secret not in str(row.data)
        assert all(str(row.data[name]).startswith(f"vault1:{key_id}:") for name in codes.SEALED if name in row.data)
    settings.VAULT_KEYS = {"new": b"n" * 32, **settings.VAULT_KEYS}
    assert codes.reseal() == 2
    assert codes.reseal() == 0
    del settings.VAULT_KEYS[key_id]
    assert codes.use(ada, code(secret)) is not None


def test_setting_up_and_removing_the_app_is_on_the_trail_and_told(ada, signed_in, django_capture_on_commit_callbacks, monkeypatch):
    told = []
    monkeypatch.setattr(mail, "tell_changed", lambda user, what: told.append(what))
    client = signed_in(ada)
    form = client.get("/accounts/2fa/totp/activate/").context["form"]
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/accounts/2fa/totp/activate/", {"code": code(form.secret)})
    assert answer.headers["Location"] == "/accounts/2fa/recovery-codes/"
    shown = client.get("/accounts/2fa/recovery-codes/")
    assert len(shown.context["unused_codes"]) == 10
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 200
    assert client.get("/accounts/2fa/").status_code == 200
    assert client.get("/accounts/2fa/recovery-codes/generate/").status_code == 200
    assert client.get("/accounts/2fa/totp/deactivate/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/2fa/totp/deactivate/")
    assert not people.has_second_factor(ada)
    acts = set(AuditEntry.objects.filter(actor=ada).values_list("action", flat=True))
    assert {"accounts.second_factor_added", "accounts.second_factor_removed"} <= acts
    assert told == ["second_factor", "second_factor"]


def test_changing_the_password_ends_other_sessions_and_keeps_this_one(ada, client):
    other = Client()
    sign_in(client)
    sign_in(other)
    assert is_in(other)
    wrong = client.post("/accounts/password/change/", {"old": "wrong", "new": "an entirely new one"})
    assert wrong.status_code == 422
    weak = client.post("/accounts/password/change/", {"old": PASSWORD, "new": "password"})
    assert weak.status_code == 422
    answer = client.post("/accounts/password/change/", {"old": PASSWORD, "new": "an entirely new one"})
    assert answer.status_code == 302
    assert is_in(client) and not is_in(other)
    assert sign_in(Client(), password=PASSWORD).status_code == 200
    assert sign_in(Client(), password="an entirely new one").status_code == 302


def test_signing_out_ends_the_session(ada, client):
    sign_in(client)
    key = client.session.session_key
    assert client.get("/accounts/logout/").status_code == 200  # asks; a link in a page signs nobody out
    assert is_in(client)
    client.post("/accounts/logout/")
    assert not is_in(client)
    assert not Session.objects.filter(session_key=key).exists()


@pytest.mark.parametrize("path", ["signup/", "email/", "confirm-email/", "password/set/", "social/connections/", "login/code/", "3rdparty/", "sessions/"])
@pytest.mark.django_db
def test_what_makes_no_sense_here_is_not_routed(path, client):
    assert client.get(f"/accounts/{path}").status_code == 404
