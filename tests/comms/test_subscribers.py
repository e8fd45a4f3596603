"""Subscribers agree, choose, end it, are erased; files are shown before they are taken."""

import html
import json
import re
import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import AuditEntry
from comms import subscriber_batches, subscriber_files, subscribers
from comms.alarms import raise_alarm
from comms.models import Alarm, ChannelState, Consent, Delivery, DeliveryAttempt, Subscriber
from comms.subscribers import Wish
from lib import clock
from lib.errors import Refused


@pytest.fixture
def paula(shipped, person):
    """Communicates."""
    return person("paula", roles=["communicator"])


@pytest.fixture
def subscribe(paula):
    """Adds with fixed defaults."""

    def make(address="li@example.test", language="en", services=(), channel="email"):
        return subscribers.add(Wish(address, language, services, channel), source="api", words="form of 2026-03", actor=paula)[0]

    return make


def readers(*services):
    return [row.address for row in Subscriber.objects.hearing_of(services).order_by("id")]


def test_adding_keeps_how_they_agreed(subscribe, paula):
    row = subscribe()
    [consent] = row.consents.all()
    assert (consent.kind, consent.source, consent.words, consent.by) == ("given", "api", "form of 2026-03", paula)
    assert AuditEntry.objects.filter(action="comms.subscriber_added").count() == 1
    assert "li@example.test" not in str(AuditEntry.objects.values_list("change", "target"))


def test_adding_the_same_again_changes_nothing(subscribe):
    assert subscribe() == subscribe("LI@example.test")
    assert Consent.objects.count() == 1


def test_who_was_added_meanwhile_is_known(subscribe, monkeypatch):
    row, real, asked = subscribe(), subscribers.lock, []
    monkeypatch.setattr(subscribers, "lock", lambda rows: real(rows) if asked else (asked.append(1), rows.none())[1])
    assert subscribe() == row
    assert (Subscriber.objects.count(), Consent.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_eight_requests_with_one_address_make_one_subscriber(paula):
    made, ready = [], threading.Barrier(8)

    def ask():
        ready.wait()
        try:
            made.append(subscribers.add(Wish("li@example.test"), source="api", words="form", actor=paula))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and sum(is_new for _row, is_new in made) == 1
    assert (Subscriber.objects.count(), Consent.objects.count()) == (1, 1)


def test_consent_cannot_be_rewritten(subscribe):
    subscribe()
    for act in (lambda: Consent.objects.update(words="else"), lambda: Consent.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


def test_who_chose_services_hears_of_those_only(subscribe):
    subscribe("all@example.test")
    subscribe("some@example.test", services=("cache", "logging"))
    assert readers("cache") == ["all@example.test", "some@example.test"]
    assert readers("api-gateway") == readers() == ["all@example.test"]


@pytest.mark.parametrize("end", ["ended", "suppressed", "erased"])
def test_who_is_gone_hears_nothing(subscribe, paula, end):
    row = subscribe()
    {
        "ended": lambda: subscribers.withdraw(row, source="console", actor=paula),
        "suppressed": lambda: subscribers.suppress(row.pk, "550 5.1.1 no such user"),
        "erased": lambda: subscribers.erase(row, source="console", actor=paula),
    }[end]()
    assert readers() == []


def test_a_person_lifts_what_the_provider_said(subscribe, paula):
    row = subscribe()
    subscribers.suppress(row.pk, "550 5.1.1 no such user")
    subscribers.lift(row, actor=paula)
    assert readers() == ["li@example.test"]
    assert AuditEntry.objects.filter(action="comms.subscriber_lifted").exists()


def test_who_ended_it_agrees_anew(subscribe, paula):
    row = subscribe()
    subscribers.withdraw(row, source="console", actor=paula)
    assert not subscribers.withdraw(row, source="console", actor=paula)
    assert subscribe() == row
    assert [consent.kind for consent in row.consents.all()] == ["given", "withdrawn", "given"]
    assert readers() == ["li@example.test"]


def test_erasing_takes_the_address_everywhere_and_leaves_the_consents(subscribe, paula, send, fresh):
    row = subscribe()
    delivery = send(priority=2)
    said = "550 5.1.1 <LI@example.test>: no such user"
    Delivery.objects.filter(pk=delivery.pk).update(subscriber=row, address=row.address, body="words", answer=said)
    DeliveryAttempt.objects.create(delivery=delivery, at=clock.now(), outcome="refused", answer=said)
    raise_alarm(Alarm.Code.DEAD, "email", said)
    ChannelState.objects.create(channel="email", last_error=said)
    subscribers.suppress(row.pk, said)
    subscribers.lift(fresh(row), actor=paula)
    subscribers.erase(row, source="console", actor=paula)
    for kept in (Delivery, DeliveryAttempt, Alarm, ChannelState, Subscriber, Consent, AuditEntry):
        assert "li@example.test" not in str(list(kept.objects.values())).lower(), kept
    assert (fresh(row).address, fresh(delivery).address, fresh(delivery).body) == ("", "", "")
    assert [consent.kind for consent in row.consents.all()] == ["given", "withdrawn"]
    assert subscribe() != row


@pytest.mark.parametrize(
    "wrong",
    [
        Wish("nobody"),
        Wish("a@b@c.test"),
        Wish("a@example.test", "fr"),
        Wish("a@example.test", "en", ("nothing",)),
        Wish("a@example.test", channel="pigeon"),
        Wish("ftp://example.test/", channel="webhook"),
        Wish("https://user:pw@example.test/", channel="webhook"),
    ],
)
def test_what_does_not_fit_is_refused(paula, wrong):
    with pytest.raises(Refused):
        subscribers.add(wrong, source="api", words="form", actor=paula)
    assert not Subscriber.objects.exists()


def test_a_refused_webhook_hears_which_addresses_are_taken(paula):
    assert subscribers.checked(Wish("http://hooks.example.test/", channel="webhook")).address == "http://hooks.example.test/"
    with pytest.raises(Refused, match="https:// or http://"):
        subscribers.checked(Wish("ftp://hooks.example.test/", channel="webhook"))


def test_nobody_is_added_without_a_word_on_consent(paula):
    with pytest.raises(Refused):
        subscribers.add(Wish("a@example.test"), source="api", words=" ", actor=paula)


def test_a_webhook_has_a_secret_and_its_old_one_for_a_day(subscribe, paula, fresh):
    row = subscribe("https://hooks.example.test/in", channel="webhook")
    first = row.secret
    assert first.startswith("whsec_")
    second = subscribers.rotate(row, actor=paula)
    assert (fresh(row).secret, fresh(row).old_secret) == (second, first)
    assert fresh(row).old_secret_until > clock.now()
    assert first not in str(AuditEntry.objects.values_list("change"))


# --- files


FILE = "email,language,services\nmina@example.test,zh-CN,cache;logging\nnobody,en,\n=cmd()@example.test,en,\nmina@EXAMPLE.test,en,\nli@example.test,,\n"


def test_a_file_is_read_before_it_is_taken(subscribe):
    subscribe()
    reading = subscriber_files.read(FILE.encode("utf-8-sig"))
    assert [(wish.address, wish.language, wish.services) for wish in reading.taken] == [
        ("mina@example.test", "zh-hans", ("cache", "logging")),
        ("li@example.test", "en", ()),
    ]
    assert [row.line for row in reading.rejected] == [3, 4, 5]
    assert reading.known == 1
    assert Subscriber.objects.count() == 1


def test_taking_it_adds_with_consent_and_one_audit_entry(paula):
    reading = subscriber_files.read("mina@example.test,zh-hans,cache\nli@example.test")
    assert subscriber_files.take(reading, words="fair of May", actor=paula) == 2
    assert subscriber_files.take(reading, words="fair of May", actor=paula) == 0
    assert list(Consent.objects.values_list("source", "words")) == [("csv", "fair of May")] * 2
    assert readers("cache") == ["mina@example.test", "li@example.test"]
    assert AuditEntry.objects.filter(action="comms.subscribers_added").count() == 2


def test_who_unsubscribed_is_shown_and_not_taken(subscribe, paula):
    row = subscribe()
    text = "li@example.test,zh-hans\nmina@example.test"
    before = subscriber_files.read(text)
    subscribers.withdraw(row, source="link")
    for reading in (subscriber_files.read(text), subscriber_files.read(subscriber_files.export(actor=paula))):
        assert [one.text for one in reading.rejected] == ["li@example.test"]
        assert "unsubscribed" in reading.rejected[0].reason
    assert subscriber_files.take(before, words="fair", actor=paula) == 1
    assert readers() == ["mina@example.test"]
    assert [consent.kind for consent in row.consents.all()] == ["given", "withdrawn"]


@pytest.mark.parametrize("head", ["address,language,services,channel,state\n", ""])
def test_who_unsubscribed_elsewhere_is_not_taken(shipped, head):
    reading = subscriber_files.read(f"{head}li@example.test,en,,email,ended\nmina@example.test,en,,email,active\n")
    assert [wish.address for wish in reading.taken] == ["mina@example.test"]
    assert [one.text for one in reading.rejected] == ["li@example.test"]


def test_who_was_added_before_the_file_is_taken_is_known(subscribe, paula, monkeypatch):
    row, real, asked = subscribe(), subscriber_batches._held, []
    monkeypatch.setattr(subscriber_batches, "_held", lambda places: real(places) if asked else (asked.append(1), {})[1])
    reading = subscriber_files.read("LI@example.test,zh-hans\nmina@example.test")
    assert subscriber_files.take(reading, words="fair", actor=paula) == 1
    assert [one.address for one in Subscriber.objects.order_by("id")] == ["li@example.test", "mina@example.test"]
    assert (Subscriber.objects.get(pk=row.pk).language, row.consents.count()) == ("zh-hans", 1)


def test_a_file_changes_language_and_named_services_of_who_is_known(subscribe, paula):
    row, other = subscribe(services=("cache",)), subscribe("mina@example.test")
    reading = subscriber_files.read("li@example.test,zh-hans\nmina@example.test,en,logging cache")
    assert subscriber_files.take(reading, words="fair", actor=paula) == 0
    assert Subscriber.objects.get(pk=row.pk).language == "zh-hans"
    assert [sorted(one.services.values_list("slug", flat=True)) for one in (row, other)] == [["cache"], ["cache", "logging"]]
    change = json.loads(AuditEntry.objects.get(action="comms.subscribers_added").change)
    assert change["before"]["changed"] == {str(row.pk): {"language": "en", "services": ["cache"]}, str(other.pk): {"language": "en", "services": []}}
    assert change["after"]["changed"][str(other.pk)] == {"language": "en", "services": ["cache", "logging"]}


def test_the_same_file_again_asks_little(paula, django_assert_max_num_queries):
    reading = subscriber_files.read("".join(f"r{number}@example.test,en,cache\n" for number in range(600)))
    assert subscriber_files.take(reading, words="fair", actor=paula) == 600
    with django_assert_max_num_queries(40):
        assert subscriber_files.take(reading, words="fair", actor=paula) == 0


def test_each_batch_of_a_file_is_a_transaction_of_its_own(paula, monkeypatch):
    real = subscriber_batches.audit.record

    def record(*args, **fields):
        if Subscriber.objects.count() > 1:
            raise ValueError
        return real(*args, **fields)

    monkeypatch.setattr(subscriber_batches, "BATCH", 1)
    monkeypatch.setattr(subscriber_batches.audit, "record", record)
    reading = subscriber_files.read("mina@example.test\nli@example.test")
    with pytest.raises(ValueError):
        subscriber_files.take(reading, words="fair", actor=paula)
    assert readers() == ["mina@example.test"]
    monkeypatch.setattr(subscriber_batches.audit, "record", real)
    assert subscriber_files.take(reading, words="fair", actor=paula) == 1


@pytest.mark.parametrize("wrong", [b"\xff\xfe\x00", b"x" * (2 * 1024 * 1024 + 1)])
def test_a_file_that_is_none_is_refused(shipped, wrong):
    with pytest.raises(Refused):
        subscriber_files.read(wrong)


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-1", "@sum", "\t=1"])
def test_formulas_stay_text(cell):
    assert subscriber_files.harmless(cell) == f"'{cell}"
    for was in (cell, f"'{cell}", "'", "it's"):
        assert subscriber_files.plain(subscriber_files.harmless(was)) == was


def test_the_export_is_recorded_and_reads_back(subscribe, paula):
    subscribe(services=("cache",))
    text = subscriber_files.export(actor=paula)
    assert [(wish.address, wish.services) for wish in subscriber_files.read(text).taken] == [("li@example.test", ("cache",))]
    assert AuditEntry.objects.filter(action="comms.subscribers_exported").exists()


@pytest.mark.parametrize("wish", [Wish("+li@example.test"), Wish("'+li@example.test"), Wish("https://hooks.example.test/a,b", channel="webhook")])
def test_every_address_reads_back_from_export_and_preview(paula, wish):
    subscribers.add(wish, source="api", words="form", actor=paula)
    for text in (subscriber_files.export(actor=paula), subscriber_files.lines([wish])):
        assert subscriber_files.read(text).taken == [wish]


# --- the link in a mail


def test_looking_at_the_link_changes_nothing_and_posting_ends_it(subscribe):
    row = subscribe()
    client = Client(enforce_csrf_checks=True)
    page = client.get(f"/unsubscribe/{row.code}/")
    assert page.status_code == 200 and not page.cookies
    assert readers() == ["li@example.test"]
    answer = client.post(f"/unsubscribe/{row.code}/", "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200 and not answer.cookies
    assert readers() == []
    assert row.consents.last().source == "link"
    client.post(f"/unsubscribe/{row.code}/")
    assert row.consents.count() == 2


def test_a_code_that_nobody_has_gets_the_same_answer(subscribe):
    row, client = subscribe(), Client()
    for method in (client.get, client.post):
        known, unknown = method(f"/unsubscribe/{row.code}/"), method("/unsubscribe/" + "x" * 32 + "/")
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert client.put(f"/unsubscribe/{row.code}/").status_code == 405


# --- pages and API


@pytest.fixture
def page(paula):
    """A browser of who communicates."""
    client = Client()
    client.force_login(paula)
    return client


def test_the_page_adds_finds_changes_and_ends(page):
    data = {"channel": "email", "address": "li@example.test", "language": "zh-hans", "services": ["cache"], "words": "contract"}
    assert page.post("/messages/subscribers/", data).status_code == 302
    row = Subscriber.objects.get()
    assert "li@example.test" in page.get("/messages/subscribers/?q=LI@").content.decode()
    assert "Nothing matches" in page.get("/messages/subscribers/?q=nobody").content.decode()
    page.post(f"/messages/subscribers/{row.pk}/", {"language": "en"})
    assert (Subscriber.objects.get().language, row.services.count()) == ("en", 0)
    assert "contract" in page.get(f"/messages/subscribers/{row.pk}/").content.decode()
    page.post(f"/messages/subscribers/{row.pk}/end/")
    assert Subscriber.objects.get().ended_at
    page.post(f"/messages/subscribers/{row.pk}/erase/")
    assert page.get(f"/messages/subscribers/{row.pk}/").status_code == 404


def test_the_page_says_what_is_wrong(page):
    answer = page.post("/messages/subscribers/", {"channel": "email", "address": "nobody", "language": "en", "words": "x"})
    assert answer.status_code == 422 and "This is no e-mail address." in answer.content.decode()


def test_a_secret_is_shown_once(page):
    data = {"channel": "webhook", "address": "https://hooks.example.test/in", "language": "en", "words": "contract"}
    answer = page.post("/messages/subscribers/", data)
    row = Subscriber.objects.get()
    assert row.secret in answer.content.decode()
    assert row.secret not in page.get(f"/messages/subscribers/{row.pk}/").content.decode()
    renewed = page.post(f"/messages/subscribers/{row.pk}/secret/").content.decode()
    assert Subscriber.objects.get().secret in renewed and Subscriber.objects.get().secret != row.secret


def test_a_file_is_shown_then_taken(page):
    shown = page.post("/messages/subscribers/import/", {"lines": "mina@example.test,en\nnobody", "words": "fair"})
    assert "mina@example.test" in shown.content.decode() and "This is no e-mail address." in shown.content.decode()
    assert not Subscriber.objects.exists()
    lines = re.search(r'name="lines" value="([^"]*)"', shown.content.decode())[1]
    page.post("/messages/subscribers/import/", {"lines": html.unescape(lines), "words": "fair", "take": "1"})
    assert Subscriber.objects.get().address == "mina@example.test"
    export = page.get("/messages/subscribers/export/")
    assert export["Content-Type"].startswith("text/csv") and "mina@example.test" in export.content.decode()


def test_the_list_asks_a_constant_number_of_questions(page, subscribe, django_assert_max_num_queries):
    for number in range(3):
        subscribe(f"r{number}@example.test", services=("cache",))
    with django_assert_max_num_queries(20):
        page.get("/messages/subscribers/")
    for number in range(3, 30):
        subscribe(f"r{number}@example.test", services=("cache",))
    with django_assert_max_num_queries(20):
        page.get("/messages/subscribers/")


def test_over_rest_the_same(paula):
    client = Client()
    client.force_login(paula)
    body = {"address": "li@example.test", "language": "zh-hans", "services": ["cache"], "consent": "form"}
    made = client.post("/api/v1/subscribers/", body, content_type="application/json")
    assert made.status_code == 201, made.content
    path = f"/api/v1/subscribers/{made.json()['id']}/"
    assert client.post("/api/v1/subscribers/", body, content_type="application/json").status_code == 200
    assert client.get("/api/v1/subscribers/?q=li@").json()["results"][0]["services"] == ["cache"]
    assert client.patch(path, {"services": []}, content_type="application/json").json()["services"] == []
    assert client.post(f"{path}end/").json()["state"] == "ended"
    assert [row["kind"] for row in client.get(path).json()["consents"]] == ["given", "withdrawn"]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.post("/api/v1/subscribers/", {**body, "language": "fr"}, content_type="application/json").status_code == 422


def test_a_webhooks_secret_comes_once_over_rest(paula):
    client = Client()
    client.force_login(paula)
    body = {"address": "https://hooks.example.test/in", "channel": "webhook", "consent": "contract"}
    made = client.post("/api/v1/subscribers/", body, content_type="application/json").json()
    assert made["secret"] == Subscriber.objects.get().secret
    path = f"/api/v1/subscribers/{made['id']}/"
    assert "secret" not in client.get(path).json()
    assert client.post(f"{path}rotate/").json()["secret"] == Subscriber.objects.get().secret
    assert client.post(f"{path}lift/").json()["state"] == "active"


@pytest.mark.parametrize("path", ["/messages/subscribers/", "/messages/subscribers/export/", "/api/v1/subscribers/"])
def test_who_may_not_publish_sees_no_subscriber(person, subscribe, path):
    row = subscribe()
    client = Client()
    client.force_login(person("rita", roles=["responder"]))
    answer = client.get(path)
    assert answer.status_code == 403 and row.address not in answer.content.decode()
