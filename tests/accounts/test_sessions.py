"""Sessions: seen, listed, ended one by one or all others."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from accounts import sessions
from accounts.models import AuditEntry


def test_each_browser_is_listed_and_can_be_ended(person, signed_in):
    ada = person("ada")
    here, there = signed_in(ada), signed_in(ada)
    page = here.get("/me/sessions/")
    assert len(page.context["sessions"]) == 2
    row = UserSession.objects.get(session_key=there.session.session_key)
    assert row in sessions.of(ada)
    here.post("/me/sessions/", {"session": row.pk})
    assert row not in sessions.of(ada)
    assert there.get("/me/").status_code == 302
    assert here.get("/me/").status_code == 200
    assert AuditEntry.objects.filter(action="accounts.sessions_ended").count() == 1


def test_all_others_end_at_once(person, signed_in):
    ada = person("ada")
    here, *others = [signed_in(ada) for _browser in range(3)]
    here.post("/me/sessions/", {"session": "others"})
    assert [other.get("/me/").status_code for other in others] == [302, 302]
    assert here.get("/me/").status_code == 200


def test_somebody_elses_session_is_left_alone(person, signed_in):
    ada, eve = signed_in(person("ada")), signed_in(person("eve"))
    row = UserSession.objects.get(session_key=ada.session.session_key)
    eve.post("/me/sessions/", {"session": row.pk})
    assert ada.get("/me/").status_code == 200
    assert Session.objects.filter(session_key=row.session_key).exists()


def test_activity_is_noted_once_a_minute(person, signed_in, clock, django_assert_num_queries):
    client = signed_in(person("ada"))
    row = UserSession.objects.get()
    client.get("/accounts/inactive/")
    first = UserSession.objects.get().last_seen_at
    with django_assert_num_queries(2):  # the session and its person, no write
        client.get("/accounts/inactive/")
    clock.move("+2m")
    client.get("/accounts/inactive/", headers={"User-Agent": "Other/1"})
    again = UserSession.objects.get(pk=row.pk)
    assert again.user_agent == "Other/1" and again.last_seen_at >= first


def test_deactivation_ends_sessions(person, signed_in):
    ada, admin = person("ada"), person("root", roles=["admin"], password="x")
    client, other = signed_in(ada), signed_in(admin)
    assert other.post("/settings/people/ada/deactivate/").status_code == 302
    assert client.get("/me/").status_code == 302
    assert not UserSession.objects.filter(user=ada).exists()
