"""Messages, contact methods, channels: what people see and press."""

import json
import re
from email import message_from_bytes, policy

import pytest

from accounts.models import AuditEntry
from comms import methods
from comms.models import Alarm, ChannelState, ContactMethod, Delivery
from incidents import lifecycle
from lib import clock as now_is
from lib.errors import Refused


@pytest.fixture
def admin(person):
    """May configure, and sees no private incident."""
    return person("ada", roles=["admin"])


@pytest.fixture
def as_user(client):
    """A browser signed in as somebody."""

    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def failed(bad, send, run):
    """A dead delivery."""
    bad(RCPT="554 5.7.1 never on this server")
    delivery = send()
    run()
    delivery.refresh_from_db()
    return delivery


def test_the_list_shows_what_became_of_each(as_user, admin, declare, run, sink):
    incident = declare(severity="P1")
    run()
    page = as_user(admin).get("/messages/").content.decode()
    assert incident.reference in page
    assert "李伟" in page
    assert "Updates due" in page
    assert "Sent" in page


def test_filters_narrow_and_nonsense_is_refused_calmly(as_user, admin, failed, send):
    client = as_user(admin)
    assert "never on this server" in client.get("/messages/?state=dead").content.decode()
    assert "Nothing matches" in client.get("/messages/?state=sent").content.decode()
    assert "Nothing matches" in client.get("/messages/?incident=INC-1999-001").content.decode()
    assert client.get("/messages/?state=bogus&channel=<b>").status_code == 200
    assert client.get("/messages/?cursor=bogus").status_code == 400


def test_an_empty_list_teaches_the_next_step(as_user, admin):
    assert "Send a test" in as_user(admin).get("/messages/").content.decode()


def test_a_message_shows_every_attempt_with_the_servers_words(as_user, admin, failed):
    page = as_user(admin).get(failed.get_absolute_url()).content.decode()
    assert "554 5.7.1 never on this server" in page
    assert "refused for good" in page
    assert "This channel works" in page  # the text, as it was tried


def test_sending_again_makes_a_new_message_that_names_the_old(as_user, admin, failed):
    client = as_user(admin)
    answer = client.post(f"/messages/{failed.pk}/resend/")
    made = Delivery.objects.get(again_of=failed)
    assert answer.headers["Location"] == f"/messages/{made.pk}/"
    assert (made.state, made.key != failed.key, made.message_id != failed.message_id) == ("due", True, True)
    client.post(f"/messages/{failed.pk}/resend/")
    assert Delivery.objects.filter(again_of=failed).count() == 1
    assert AuditEntry.objects.filter(action="comms.sent_again").count() == 1


def test_a_message_that_waits_is_not_sent_again(as_user, admin, send):
    delivery = send()
    as_user(admin).post(f"/messages/{delivery.pk}/resend/")
    assert not Delivery.objects.filter(again_of=delivery).exists()


def test_codes_are_neither_shown_nor_sent_again(as_user, admin, send, run, sink):
    delivery = send(kind="contact.code", params={"code": "918273"})
    run()
    client = as_user(admin)
    page = client.get(delivery.get_absolute_url()).content.decode()
    assert "918273" not in page
    assert "not kept" in page
    client.post(f"/messages/{delivery.pk}/resend/")
    assert not Delivery.objects.filter(again_of=delivery).exists()


def test_who_may_only_see_sees_incident_mail_but_no_account_mail_and_sends_nothing(as_user, person, failed, declare, run, settings):
    settings.EMAIL_URL = ""
    incident = declare(severity="P2")
    run()
    client = as_user(person("vic", roles=["viewer"]))
    assert incident.reference in client.get("/messages/").content.decode()
    assert client.get(failed.get_absolute_url()).status_code == 404
    assert client.post(f"/messages/{failed.pk}/resend/").status_code == 403


def test_messages_of_a_private_incident_are_not_there_for_strangers(as_user, admin, declare, run, sink, mina):
    incident = declare(severity="P1", private=True, title="canary")
    run()
    delivery = Delivery.objects.get(incident=incident, person=mina, kind="notice.declared")
    client = as_user(admin)
    for path in ("/messages/", f"/messages/?incident={incident.reference}"):
        assert incident.reference not in re.sub(r"<input[^>]*>", "", client.get(path).content.decode())
    assert client.get(f"/messages/{delivery.pk}/").status_code == 404
    assert client.post(f"/messages/{delivery.pk}/resend/").status_code == 404


def test_an_alarm_is_on_every_page_until_somebody_has_seen_it(as_user, admin, failed):
    client = as_user(admin)
    assert "1 message by E-mail failed" in client.get("/me/contact-methods/").content.decode()
    client.post(f"/messages/alarms/{Alarm.objects.get().pk}/seen/")
    assert "1 message by E-mail failed" not in client.get("/me/contact-methods/").content.decode()
    assert Alarm.objects.get().cleared_by == admin


def test_the_list_costs_the_same_for_one_and_for_thirty(as_user, admin, declare, run, sink, send, django_assert_max_num_queries):
    incident = declare(severity="P1")
    run()
    client = as_user(admin)
    client.get("/messages/")
    with django_assert_max_num_queries(14):
        client.get("/messages/")
    for number in range(30):
        send(str(number), incident=incident, person=admin)
    declare(severity="P2")
    run()
    with django_assert_max_num_queries(14):
        assert client.get("/messages/").content.decode().count('id="delivery-') == 33


def test_a_message_costs_few_queries(as_user, admin, failed, django_assert_max_num_queries):
    client = as_user(admin)
    client.get(failed.get_absolute_url())
    with django_assert_max_num_queries(14):
        client.get(failed.get_absolute_url())


def test_an_address_is_used_once_its_code_came_back(as_user, wei, run, sink):
    client = as_user(wei)
    client.post("/me/contact-methods/", {"address": "phone@example.test"})
    method = ContactMethod.objects.get()
    run()
    mail = message_from_bytes(sink.mails[0][2], policy=policy.default)
    code = re.search(r"\d{6}", mail["Subject"])[0]
    assert sink.mails[0][1] == ["phone@example.test"]
    client.post(f"/me/contact-methods/{method.pk}/verify/", {"code": "000000" if code != "000000" else "111111"})
    method.refresh_from_db()
    assert not method.is_usable
    client.post(f"/me/contact-methods/{method.pk}/verify/", {"code": f"{code[:3]} {code[3:]}"})
    method.refresh_from_db()
    assert method.is_usable


def test_a_verified_address_takes_the_place_of_the_accounts(sink, declare, run, wei):
    ContactMethod.objects.create(person=wei, channel="email", address="phone@example.test", created_at=now_is.now(), verified_at=now_is.now())
    declare(severity="P2", services=["primary-database"])
    run()
    assert [recipients for _from, recipients, _raw in sink.mails] == [["phone@example.test"]]


def test_a_suppressed_account_address_gets_nothing(sink, declare, run, wei):
    ContactMethod.objects.create(person=wei, channel="email", address=wei.email, created_at=now_is.now(), suppressed_at=now_is.now())
    declare(severity="P2", services=["primary-database"])
    run()
    assert sink.mails == []


def test_guessing_codes_ends_after_five(wei):
    method = methods.add(wei, "email", "phone@example.test")
    for _ in range(methods.MOST_TRIES):
        with pytest.raises(Refused):
            methods.verify(method, "nope")
    code = json.loads(Delivery.objects.get().secret)["code"]
    with pytest.raises(Refused):
        methods.verify(method, code)


def test_codes_are_not_sent_in_a_row(wei, clock):
    method = methods.add(wei, "email", "phone@example.test")
    with pytest.raises(Refused) as caught:
        methods.send_code(method)
    assert caught.value.status == 429
    clock.move("+61s")
    methods.send_code(method)
    assert Delivery.objects.count() == 2


def test_the_methods_of_others_are_not_there(as_user, wei, mina):
    method = methods.add(wei, "email", "phone@example.test")
    client = as_user(mina)
    for act in ("verify", "code", "first", "remove"):
        assert client.post(f"/me/contact-methods/{method.pk}/{act}/").status_code == 404
    assert ContactMethod.objects.count() == 1


def test_order_and_removal(as_user, wei):
    one, two = (methods.add(wei, "email", f"{name}@example.test") for name in ("one", "two"))
    client = as_user(wei)
    client.post(f"/me/contact-methods/{two.pk}/first/")
    assert list(ContactMethod.objects.all()) == [two, one]
    client.post(f"/me/contact-methods/{one.pk}/remove/")
    assert list(ContactMethod.objects.all()) == [two]
    assert "two@example.test" in client.get("/me/contact-methods/").content.decode()
    assert client.get("/me/").status_code == 200


def test_channels_show_their_state_and_a_test_reaches_oneself(as_user, admin, sink, run):
    client = as_user(admin)
    page = client.get("/settings/channels/").content.decode()
    assert "works" in page
    assert str(sink.port) in page
    client.post("/settings/channels/email/test/")
    run()
    assert sink.mails[0][1] == [admin.email]


def test_a_channel_that_is_off_is_turned_on_by_a_person(as_user, admin, bad, send, run):
    bad("portal:wrong@", AUTH="535 no")
    send()
    run()
    client = as_user(admin)
    page = client.get("/settings/channels/").content.decode()
    assert "Turn on again" in page
    assert "wrong" not in page  # the password
    client.post("/settings/channels/email/on/")
    assert ChannelState.objects.get().off_at is None


def test_channels_are_for_who_configures(as_user, person):
    client = as_user(person("rui"))
    assert client.get("/settings/channels/").status_code == 403
    assert client.post("/settings/channels/email/on/").status_code == 403


def test_panels_stand_on_the_incidents_page(as_user, declare, run, sink, mina):
    incident = declare(severity="P1")
    run()
    lifecycle.note(incident, "looking", actor=mina)
    client = as_user(mina)
    for name, words in (("updates", "War room"), ("messages", "Sent")):
        answer = client.get(f"/incidents/{incident.reference}/panels/{name}/")
        assert answer.status_code == 200
        assert words in answer.content.decode()
