"""People: made, invited, given rights, deactivated; the last administrator stays."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import invitations, mail, me, people
from accounts.abilities import Ability
from accounts.models import AuditEntry, Invitation, User
from accounts.sweeps import answer_resets
from comms.models import Delivery
from lib.errors import Refused
from tests.accounts.conftest import PASSWORD


class Mailer:
    """What was handed over."""

    sent: list = []


def remember(kind, to, params, key):
    Mailer.sent.append((kind, to, params, key))


@pytest.fixture
def mailer(settings):
    settings.ACCOUNTS_MAILER = f"{__name__}.remember"
    Mailer.sent = []
    return Mailer.sent


@pytest.fixture
def no_mailer(settings):
    settings.ACCOUNTS_MAILER = "nowhere.at.all"


def test_abilities_are_roles_and_extras(person):
    user = person(roles=["communicator"], extra_abilities=["see_private", "rubbish"])
    assert user.abilities == {Ability.SEE, Ability.RESPOND, Ability.PUBLISH, Ability.SEE_PRIVATE}
    user.is_active = False
    assert user.abilities == frozenset()


def test_people_are_found_by_ability_and_role(person):
    ada, bob, eve = person("ada", roles=["admin"]), person("bob", roles=["viewer"], extra_abilities=["see_private"]), person("eve", roles=["commander"])
    person("old", roles=["admin"], is_active=False)
    found = User.objects.active()
    assert set(found.with_ability(Ability.CONFIGURE)) == {ada}
    assert set(found.with_ability(Ability.SEE_PRIVATE)) == {bob}
    assert set(found.with_ability(Ability.COMMAND)) == {ada, eve}
    assert set(found.with_role("commander")) == {eve}
    assert set(found.with_ability(Ability.COMMAND).exclude(pk=eve.pk).with_role("admin")) == {ada}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"username": "ADA"}, 409),
        ({"username": "other", "email": "Ada@Example.org"}, 409),
        ({"username": "a b"}, 422),
        ({"username": "a@b"}, 422),
        ({"username": ""}, 422),
        ({"username": "x", "email": "no mail"}, 422),
        ({"username": "x", "roles": ["root"]}, 422),
        ({"username": "x", "extra_abilities": ["fly"]}, 422),
        ({"username": "x", "time_zone": "CST"}, 422),
        ({"username": "x", "language": "xx"}, 422),
    ],
)
def test_a_wrong_person_is_refused(fields, status, person):
    person("ada")
    with pytest.raises(Refused) as refusal:
        people.create(fields.pop("username"), actor=None, **fields)
    assert refusal.value.status == status
    assert User.objects.count() == 1


def test_the_last_administrator_stays(person):
    ada = person("ada", roles=["admin"], password=PASSWORD)
    for act in (lambda: people.deactivate(ada, actor=ada), lambda: people.change(ada, actor=ada, roles=["viewer"])):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.status == 409
    invited = person("bob", roles=["admin"])  # has not come in yet, so cannot help
    with pytest.raises(Refused):
        people.deactivate(ada, actor=ada)
    invited.set_password(PASSWORD)
    invited.save()
    assert not people.deactivate(ada, actor=invited).is_active


def test_a_change_says_what_changed_and_no_more(person):
    ada = person("ada", roles=["viewer"])
    people.change(ada, actor=None, roles=["responder"], name="Ada")
    entry = AuditEntry.objects.first()
    assert (entry.action, entry.target) == ("accounts.person_changed", "ada")
    assert (entry.before, entry.after) == ({"roles": ["viewer"]}, {"roles": ["responder"]})
    people.change(ada, actor=None, roles=["responder"])
    assert AuditEntry.objects.first() == entry


@pytest.mark.django_db
def test_the_first_administrator_is_made_once(settings):
    password = people.ensure_first_admin()
    admin = User.objects.get()
    assert admin.username == "admin" and admin.check_password(password) and admin.can(Ability.CONFIGURE)
    assert people.ensure_first_admin() is None
    assert people.ensure_first_admin("another-password-1") is None
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_the_first_administrators_password_can_be_given(settings):
    settings.ADMIN_PASSWORD = "short"
    with pytest.raises(Refused):
        people.ensure_first_admin()
    settings.ADMIN_PASSWORD = "staple battery horse"
    assert people.ensure_first_admin() is None
    assert User.objects.get().check_password("staple battery horse")


def secret_of(link: str) -> str:
    return link.rstrip("/").rpartition("/")[2]


def test_an_invitation_is_shown_by_get_and_taken_by_post(mailer, person, client):
    admin = person("root", roles=["admin"], name="Root")
    _invitation, link, sent = invitations.invite("ada", actor=admin, name="Ada", email="ada@example.org", roles=["responder"], language="zh-hans")
    assert sent and mailer[0][0] == "invitation" and mailer[0][2]["url"] == link
    assert secret_of(link) not in str(list(Invitation.objects.values())) + str(list(AuditEntry.objects.values()))
    path = f"/accounts/invite/{secret_of(link)}/"
    for _scanner in range(2):
        assert "Root" in client.get(path).content.decode()
    form = {"name": "Ada L", "password": PASSWORD, "language": "en", "time_zone": "Asia/Shanghai"}
    assert client.post(path, {**form, "password": "short"}).status_code == 422
    answer = client.post(path, form)
    assert answer.headers["Location"] == "/me/"
    ada = User.objects.get(username="ada")
    assert (ada.name, ada.language, ada.time_zone, ada.roles) == ("Ada L", "en", "Asia/Shanghai", ["responder"])
    assert client.get("/me/").status_code == 200
    assert client.get(path).status_code == 410
    assert client.post(path, form).status_code == 410


def test_links_end_when_they_expire_are_replaced_or_the_person_goes(mailer, person, clock):
    admin = person("root", roles=["admin"])
    _row, first, _sent = invitations.invite("ada", actor=admin, email="ada@example.org")
    ada = User.objects.get(username="ada")
    _row, second, _sent = invitations.invite_again(ada, actor=admin)
    assert invitations.find(secret_of(first), "invitation") is None
    assert invitations.find(secret_of(second), "invitation") is not None
    assert invitations.find(secret_of(second), "reset") is None
    clock.move("+169h")
    assert invitations.find(secret_of(second), "invitation") is None
    _row, third, _sent = invitations.invite_again(ada, actor=admin)
    people.deactivate(ada, actor=admin)
    assert invitations.find(secret_of(third), "invitation") is None
    with pytest.raises(Refused):
        invitations.invite_again(ada, actor=admin)
    assert timedelta(days=7) == invitations.LIFE


def test_a_new_password_ends_every_open_link(mailer, person):
    ada, bob = person("ada", password=PASSWORD), person("bob", password=PASSWORD)
    invitations.ask_reset("ada")
    invitations.ask_reset("bob")
    assert answer_resets() == 2
    _row, link, _sent = invitations.invite_again(ada, actor=bob)
    resets = [secret_of(params["url"]) for kind, _to, params, _key in mailer if kind == "password_reset"]
    assert all(invitations.find(secret, "reset") for secret in resets) and invitations.find(secret_of(link), "invitation")
    people.set_password(ada, "an entirely new one", actor=ada)
    assert invitations.find(secret_of(link), "invitation") is None
    assert [getattr(invitations.find(secret, "reset"), "person", None) for secret in resets] == [None, bob]


def test_two_who_press_at_once_come_in_once(mailer, person):
    _row, link, _sent = invitations.invite("ada", actor=None, email="ada@example.org")
    invitations.accept(secret_of(link), "invitation", password=PASSWORD)
    with pytest.raises(Refused) as refusal:
        invitations.accept(secret_of(link), "invitation", password="another one entirely")
    assert refusal.value.status == 410
    assert User.objects.get(username="ada").check_password(PASSWORD)


def test_without_a_mailer_the_link_is_handed_over(no_mailer, person, signed_in):
    client = signed_in(person("root", roles=["admin"]))
    answer = client.post("/settings/people/", {"username": "ada", "name": "Ada", "email": "ada@example.org", "language": "en", "roles": ["viewer"]})
    link = re.search(r'id="invitation-link">([^<]+)<', answer.content.decode()).group(1)
    assert "Hand over the link" in answer.content.decode()
    assert invitations.find(secret_of(link), "invitation").person.username == "ada"
    assert link not in client.get("/settings/people/ada/").content.decode()
    assert mail.send("invitation", "a@example.org", {}, "k") is False


def test_a_forgotten_password_is_answered_alike_for_everybody(mailer, person, client):
    person("ada", password=PASSWORD)
    person("gone", is_active=False)
    person("nomail", email="")
    pages = {client.post("/accounts/password/reset/", {"login": login}).content for login in ("ada", "nobody", "gone", "nomail", "x@example.org")}
    assert len({re.sub(rb"csrf\S+|value=\S+", b"", page) for page in pages}) == 1
    assert not mailer
    assert (answer_resets(), answer_resets()) == (5, 0)
    assert [kind for kind, *_rest in mailer] == ["password_reset"]
    assert AuditEntry.objects.get(action="accounts.password_reset_asked").address == "127.0.0.1"
    path = f"/accounts/reset/{secret_of(mailer[0][2]['url'])}/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"password": "an entirely new one"}).status_code == 302
    assert User.objects.get(username="ada").check_password("an entirely new one")
    assert client.get(path).status_code == 410


def test_the_answer_to_a_forgotten_password_is_the_same_work_for_everybody(person, client):
    person("ada", password=PASSWORD)
    client.get("/accounts/password/reset/")
    asked = []
    for login in ("ada", "bob"):
        with CaptureQueriesContext(connection) as queries:
            client.post("/accounts/password/reset/", {"login": login})
        asked.append([re.split(r" WHERE | VALUES |SAVEPOINT ", query["sql"])[0] for query in queries])
    assert asked[0] == asked[1]
    assert not Delivery.objects.exists() and not Invitation.objects.exists()
    answer_resets()
    assert [invitation.person.username for invitation in Invitation.objects.all()] == ["ada"]
    assert Delivery.objects.get().kind == "account.password_reset"


def test_nobody_is_answered_an_hour_later(mailer, person, clock):
    person("ada", password=PASSWORD)
    invitations.ask_reset("ada")
    clock.move("+61m")
    assert answer_resets() == 1 and not mailer


def test_a_person_hears_of_each_change_to_how_they_sign_in_and_of_nothing_else(mailer, person):
    user = person("ada", email="ada@example.test", language="zh-hans", password=PASSWORD)
    people.set_password(user, "an entirely new one", actor=user)
    people.set_password(user, "yet another new one", actor=user)
    people.change(user, actor=None, email="new@example.test")
    people.change(user, actor=None, name="Ada L.")
    people.remove_second_factor(user, actor=None)  # there was none
    assert [(kind, to, params["what"]) for kind, to, params, _key in mailer] == [
        ("account_changed", user, "password"),
        ("account_changed", user, "password"),
        ("account_changed", "ada@example.test", "email"),
    ]
    assert mailer[2][2]["language"] == "zh-hans"
    assert len({key for *_rest, key in mailer}) == 3


def test_the_first_password_is_no_change(mailer, person):
    user = person("new", email="new@example.test")
    user.set_unusable_password()
    user.save()
    people.set_password(user, "an entirely new one", actor=user)
    assert mailer == []


def test_links_for_one_account_are_few(mailer, person, client):
    person("ada", password=PASSWORD)
    for _time in range(6):
        client.post("/accounts/password/reset/", {"login": "ada"})
    answer_resets()
    assert len(mailer) == 3


def test_the_people_page_costs_the_same_for_one_and_thirty(person, signed_in, django_assert_max_num_queries):
    client = signed_in(person("root", roles=["admin"]))
    client.get("/settings/people/")
    with django_assert_max_num_queries(6):
        client.get("/settings/people/")
    for number in range(30):
        person(f"p{number:02}")
    with django_assert_max_num_queries(6):
        answer = client.get("/settings/people/")
    assert answer.content.decode().count("row-link") == 31
    with django_assert_max_num_queries(10):
        client.get("/settings/people/p01/")
    assert client.get("/settings/people/?q=p01&role=responder&status=all").content.decode().count("row-link") == 1


def test_rights_are_given_on_the_page_and_hold_at_once(person, signed_in, client):
    admin = signed_in(person("root", roles=["admin"]))
    ada = person("ada", roles=["viewer"])
    client.force_login(ada)
    assert client.get("/settings/audit/").status_code == 403
    assert admin.post("/settings/people/ada/", {"roles": ["viewer"], "extra_abilities": ["audit"]}).status_code == 302
    assert client.get("/settings/audit/").status_code == 200
    assert admin.post("/settings/people/root/", {"roles": ["viewer"]}).status_code == 422
    assert admin.post("/settings/people/ada/fly/").status_code == 404
    for act in ("end-sessions", "end-tokens", "remove-second-factor", "deactivate", "activate", "invite"):
        assert admin.post(f"/settings/people/ada/{act}/").status_code in {200, 302}
    assert admin.post("/settings/people/root/deactivate/").status_code == 409


def test_my_page_keeps_what_i_choose(person, signed_in, clock):
    ada = person("ada")
    client = signed_in(ada)
    form = {"name": "Ada L", "email": "ada@example.org", "language": "zh-hans", "time_zone": "Asia/Tokyo", "theme": "dark"}
    assert client.post("/me/", form).status_code == 302
    ada.refresh_from_db()
    assert (ada.name, ada.language, ada.time_zone, ada.theme, ada.single_keys) == ("Ada L", "zh-hans", "Asia/Tokyo", "dark", False)
    assert client.post("/me/", {**form, "time_zone": "Mars"}).status_code == 422
    clock.move("+13h")
    answer = client.post("/me/", {**form, "email": "new@example.org"})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")


def test_rooms_above_add_their_part_to_my_page(person, client, monkeypatch):
    monkeypatch.setattr(me, "_parts", dict(me._parts))
    me.register("accounts/_me_security.html", lambda request: {"session_count": 77, "token_count": 0}, position=10)
    client.force_login(person())
    assert ">77<" in client.get("/me/").content.decode()
