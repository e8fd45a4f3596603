"""Subscribers agree, choose, end it, are erased; files are shown before they are taken."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import AuditEntry
from comms import subscriber_files, subscribers
from comms.models import Consent, Delivery, Subscriber
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
    Delivery.objects.filter(pk=delivery.pk).update(subscriber=row, address=row.address, body="words")
    subscribers.erase(row, source="console", actor=paula)
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


@pytest.mark.parametrize("wrong", [b"\xff\xfe\x00", b"x" * (2 * 1024 * 1024 + 1)])
def test_a_file_that_is_none_is_refused(shipped, wrong):
    with pytest.raises(Refused):
        subscriber_files.read(wrong)


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-1", "@sum", "\t=1"])
def test_formulas_stay_text(cell):
    assert subscriber_files.harmless(cell) == f"'{cell}"


def test_the_export_is_recorded_and_reads_back(subscribe, paula):
    subscribe(services=("cache",))
    text = subscriber_files.export(actor=paula)
    assert [(wish.address, wish.services) for wish in subscriber_files.read(text).taken] == [("li@example.test", ("cache",))]
    assert AuditEntry.objects.filter(action="comms.subscribers_exported").exists()


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
    page.post("/messages/subscribers/import/", {"lines": "mina@example.test,en", "words": "fair", "take": "1"})
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
