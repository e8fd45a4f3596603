"""Mails to the users: prepared, sent with a minute to take them back, fanned out once, stopped (manual.md §7)."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.test import Client

from accounts.models import AuditEntry
from comms import announcement_texts, announcements, audit, broadcast, holding, obligations, subscribers, sweeps
from comms.models import Announcement, Delivery, Hold, Obligation
from comms.public_words import Words
from comms.subscribers import Wish
from comms.word_list import WordsFound
from incidents import lifecycle, playbook
from incidents.models import Incident, Step
from lib import clock as now_is
from lib import leases
from lib.errors import Forbidden, Refused
from tests.comms.smtp import BadServer


@pytest.fixture
def subscribe(mina):
    """Adds a reader."""

    def make(address, language="en", services=(), channel="email"):
        return subscribers.add(Wish(address, language, services, channel), source="api", words="form", actor=mina)[0]

    return make


@pytest.fixture
def readers(teams, subscribe):
    """One reads English, one Chinese, one only about the cache."""
    return [subscribe("ada@example.test"), subscribe("li@example.test", "zh-hans"), subscribe("cy@example.test", services=("cache",))]


@pytest.fixture
def confirm(declare, mina, readers):
    """Declares and confirms."""

    def make(**fields):
        return lifecycle.transition(declare(**fields), "confirmed", actor=mina)

    return make


@pytest.fixture
def minute(clock, run):
    """The minute passes, and everything is sent."""

    def go():
        clock.move("+61s")
        sweeps.release_announcements()
        run()

    return go


def letter(incident):
    return Announcement.objects.filter(incident=incident).latest("id")


def mails(sink):
    """What arrived for subscribers: (to, message) in order of address."""
    found = [(rcpt[0], message_from_bytes(raw, policy=policy.default)) for _sender, rcpt, raw in sink.mails]
    return sorted([(to, mail) for to, mail in found if mail["List-Unsubscribe"]], key=lambda pair: pair[0])


def test_a_p1_mails_its_users_a_minute_after_it_was_confirmed_each_in_their_language(sink, confirm, minute, kinds, settings):
    settings.STATUS_URL = "https://status.example.org"
    incident = confirm()
    assert letter(incident).state == "waiting"
    assert sweeps.release_announcements() == 0
    minute()
    (ada, english), (li, chinese) = mails(sink)
    assert (ada, li) == ("ada@example.test", "li@example.test")
    assert english["Subject"] == f"[Our service] service disruption – {incident.reference}"
    assert chinese["Subject"] == f"[本服务] 服务中断 – {incident.reference}"
    text = english.get_body(("plain",)).get_content()
    for words in ("We are investigating a problem", "Started at: ", "Scope: API gateway: Partly affected", "Expected recovery: by ", "Next update: by "):
        assert words in text
    assert "Status page: https://status.example.org/" in text
    assert "我们发现服务出现异常" in chinese.get_body(("plain",)).get_content()
    assert "API answers 500" not in text
    assert kinds(incident)[-3:].count("comms.users_told") == 1
    assert obligations.current(incident, "users").because == "promise"
    assert audit.invariants() == []


def test_each_mail_has_its_readers_own_link_in_header_and_body_and_one_press_ends_it(sink, confirm, minute, readers):
    confirm()
    minute()
    for (to, mail), reader in zip(mails(sink), readers, strict=False):
        link = f"/unsubscribe/{reader.code}/"
        assert mail["To"] == f"<{to}>" or to in mail["To"]
        assert link in mail["List-Unsubscribe"] and mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert link in mail.get_body(("plain",)).get_content() and f'href="{settings_link(mail)}"' in mail.get_body(("html",)).get_content()
    assert len({mail["Message-ID"] for _to, mail in mails(sink)}) == 2
    raw = sink.mails[-1][2]
    assert max(len(line) for line in raw.split(b"\r\n")) < 200
    Client(enforce_csrf_checks=True).post(f"/unsubscribe/{readers[0].code}/")
    assert not subscribers.find(readers[0].pk).is_active


def settings_link(mail):
    return mail["List-Unsubscribe"].strip("<>")


def test_a_mail_names_no_hidden_service_and_others_by_their_public_names(sink, confirm, minute, mina, subscribe, shipped):
    playbook.edit("components", "api-gateway", {"is_hidden": True}, actor=mina)
    playbook.edit("components", "cache", {"name": {"en": "Fast lane"}}, actor=mina)
    subscribe("gail@example.test", services=("api-gateway",))
    incident = confirm(services=["api-gateway", "cache"])
    minute()
    assert [to for to, _mail in mails(sink)] == ["ada@example.test", "cy@example.test", "gail@example.test", "li@example.test"]
    whole = "".join(mail.get_body((kind,)).get_content() for _to, mail in mails(sink) for kind in ("plain", "html"))
    assert "Fast lane: Partly affected" in whole
    assert not any(words in whole for words in ("API gateway", "API 网关", "api-gateway"))
    assert announcement_texts.as_json(letter(incident), is_exercise=False)["data"]["services"] == [
        {"name": {"en": "Fast lane", "zh-hans": "缓存"}, "level": "partial_outage"}
    ]


def test_a_public_name_that_should_stay_inside_leaves_it_to_a_person(confirm, mina, shipped):
    playbook.edit("components", "api-gateway", {"name": {"en": "db-3.prod.internal"}}, actor=mina)
    incident = confirm()
    assert (letter(incident).state, letter(incident).is_auto) == ("draft", True)
    with pytest.raises(WordsFound):
        announcements.send(letter(incident), actor=mina)
    announcements.prepare(incident, announcements.standard_words(incident), actor=mina, all_the_same=True)
    assert announcements.send(letter(incident), actor=mina).state == "waiting"


@pytest.mark.parametrize("state", ["verifying", "watching", "resolved"])
def test_who_chose_a_service_hears_of_it_to_the_end(sink, confirm, minute, mina, state):
    incident = confirm(severity="P2", services=["cache"])
    incident = lifecycle.transition(incident, "fixing", actor=mina)
    incident = lifecycle.transition(incident, state, actor=mina)
    announcements.drop(letter(incident), actor=mina)
    announcements.send(announcements.prepare(incident, actor=mina), actor=mina)
    minute()
    assert [to for to, _mail in mails(sink)] == ["ada@example.test", "cy@example.test", "li@example.test"]
    said = "Cache: Works normally" if state == "resolved" else "Cache: Partly affected"
    assert said in mails(sink)[1][1].get_body(("plain",)).get_content()


def test_a_p2_lies_ready_as_a_draft_and_leaves_when_a_person_says(sink, confirm, minute, mina, kinds):
    incident = confirm(severity="P2")
    assert (letter(incident).state, letter(incident).is_auto) == ("draft", True)
    assert "comms.users_prepared" in kinds(incident)
    minute()
    assert mails(sink) == []
    announcements.send(letter(incident), actor=mina)
    assert letter(incident).state == "waiting"
    minute()
    assert len(mails(sink)) == 2
    assert AuditEntry.objects.filter(action="comms.users_sent").count() == 1


@pytest.mark.parametrize("fields", [{"severity": "P3"}, {"private": True}])
def test_of_a_small_or_private_incident_nothing_is_written_by_itself(confirm, fields):
    assert not Announcement.objects.filter(incident=confirm(**fields)).exists()


def test_undo_keeps_it_here_and_makes_it_a_draft_again(sink, confirm, minute, mina, kinds):
    incident = confirm()
    announcements.undo(letter(incident), actor=mina)
    minute()
    assert mails(sink) == [] and letter(incident).state == "draft"
    assert kinds(incident)[-1] in ("comms.users_undone", "comms.told")
    announcements.undo(letter(incident), actor=mina)
    announcements.send(letter(incident), actor=mina)
    announcements.send(letter(incident), actor=mina)
    minute()
    assert len(mails(sink)) == 2
    with pytest.raises(Refused):
        announcements.undo(letter(incident), actor=mina)


def test_a_worker_that_had_it_in_hand_cannot_skip_the_minute_of_one_sent_anew(sink, confirm, clock, mina, minute):
    incident = confirm()
    clock.move("+61s")
    [claimed] = leases.claim(announcements.leaving(now_is.now()), seconds=60, limit=5)
    announcements.undo(letter(incident), actor=mina)
    announcements.prepare(incident, Words("identified", services={"cache": "major_outage"}), actor=mina)
    announcements.send(letter(incident), actor=mina)
    broadcast._release(claimed, now_is.now())
    assert letter(incident).state == "waiting" and not Delivery.objects.filter(announcement__isnull=False).exists()
    leaves = letter(incident).leaves_at
    leases.settle(claimed, leaves_at=now_is.now())
    assert letter(incident).leaves_at == leaves
    minute()
    assert [to for to, _mail in mails(sink)] == ["ada@example.test", "cy@example.test", "li@example.test"]


def test_one_that_was_taken_back_leaves_by_itself_no_more(confirm, mina, minute, sink):
    incident = confirm()
    announcements.undo(letter(incident), actor=mina)
    lifecycle.change_severity(incident, "P2", actor=mina, reason="smaller")
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    minute()
    assert (letter(incident).state, letter(incident).is_auto, mails(sink)) == ("draft", False, [])


@pytest.fixture
def late_p2(shipped, confirm, mina):
    """A confirmed P2 of which users hear by themselves once it has lasted an hour."""
    rule = {**playbook.current().items("publication")["P2"], "users": "auto", "users_after_seconds": 3600}
    playbook.edit("publication", "P2", rule, actor=mina)
    return confirm(severity="P2")


def test_what_leaves_by_itself_waits_for_its_hour_and_says_how_it_stands_then(sink, late_p2, mina, clock, run):
    assert letter(late_p2).leaves_at == late_p2.began_at + timedelta(hours=1)
    lifecycle.transition(late_p2, "fixing", actor=mina)
    clock.move("+59m")
    assert (sweeps.release_announcements(), mails(sink)) == (0, [])
    clock.move("+61s")
    sweeps.release_announcements()
    sweeps.sweep_obligations()
    run()
    assert len(mails(sink)) == 2
    assert "We have found the cause" in mails(sink)[0][1].get_body(("plain",)).get_content()
    assert not Obligation.objects.filter(incident=late_p2, audience="users", closing="missed").exists()


def test_what_waits_for_its_hour_leaves_in_a_minute_after_a_raise(late_p2, mina):
    lifecycle.change_severity(late_p2, "P1", actor=mina, reason="it grows")
    assert letter(late_p2).leaves_at <= now_is.now() + timedelta(minutes=1)


def test_what_waits_for_its_hour_is_not_needed_once_the_rule_says_nothing(late_p2, mina):
    lifecycle.change_severity(late_p2, "P3", actor=mina, reason="smaller")
    assert letter(late_p2).state == "void"


def test_it_goes_to_each_reader_once_however_often_it_is_handed_over(sink, confirm, minute, run):
    incident = confirm()
    minute()
    Announcement.objects.update(state="waiting")
    sweeps.release_announcements()
    run()
    assert len(mails(sink)) == 2
    assert Delivery.objects.filter(announcement=letter(incident)).count() == 2


def test_what_has_not_left_is_stopped(confirm, clock, mina, run, sink):
    incident = confirm()
    clock.move("+61s")
    sweeps.release_announcements()
    announcements.stop(letter(incident), actor=mina)
    run()
    assert mails(sink) == []
    assert set(Delivery.objects.filter(announcement__isnull=False).values_list("state", "answer")) == {("dropped", "a person stopped it")}


def test_who_unsubscribes_in_between_gets_none(confirm, clock, run, sink, readers):
    confirm()
    clock.move("+61s")
    sweeps.release_announcements()
    subscribers.withdraw_by(readers[0].code)
    run()
    assert [to for to, _mail in mails(sink)] == ["li@example.test"]


def test_an_incident_that_becomes_private_takes_back_what_waits_and_drops_what_has_not_left(confirm, clock, mina, run, sink):
    first, second = confirm(), confirm()
    lifecycle.set_private(first, True, actor=mina)
    assert letter(first).state == "void"
    clock.move("+61s")
    sweeps.release_announcements()
    lifecycle.set_private(second, True, actor=mina)
    run()
    assert mails(sink) == []


def test_a_false_alarm_within_the_minute_is_never_told(confirm, minute, mina, sink):
    incident = confirm()
    lifecycle.transition(incident, "dismissed", actor=mina, note="a test")
    minute()
    assert (letter(incident).state, mails(sink)) == ("void", [])


def test_of_a_private_incident_only_typed_words_go_out(declare, mina, minute, sink, readers):
    incident = lifecycle.transition(declare(private=True, title="Breach"), "confirmed", actor=mina)
    draft = announcements.prepare(incident, actor=mina)
    with pytest.raises(Refused):
        announcements.send(draft, actor=mina)
    announcements.prepare(incident, Words("investigating", free={"en": "We look into reports.", "zh-hans": "我们正在核实。"}), actor=mina)
    announcements.send(letter(incident), actor=mina)
    minute()
    whole = "".join(str(mail["Subject"]) + mail.get_body(("plain",)).get_content() for _to, mail in mails(sink))
    assert "We look into reports." in whole and "我们正在核实。" in whole
    assert "Breach" not in whole and incident.reference not in whole and "API gateway" not in whole


def test_a_drill_goes_to_the_recorder_marked(confirm, minute, sink):
    incident = confirm(drill=True)
    minute()
    rows = Delivery.objects.filter(announcement=letter(incident))
    assert set(rows.values_list("channel", "is_exercise", "state")) == {("recorder", True, "sent")}
    assert mails(sink) == []


def test_imported_history_and_what_is_not_confirmed_is_not_told(declare, mina, readers):
    incident = declare()
    with pytest.raises(Refused):
        announcements.prepare(incident, actor=mina)
    incident = lifecycle.transition(incident, "confirmed", actor=mina)
    Incident.objects.filter(pk=incident.pk).update(is_imported=True)
    with pytest.raises(Refused):
        announcements.send(letter(incident), actor=mina)


def test_words_that_should_stay_inside_stop_it(confirm, mina):
    incident = confirm(severity="P2")
    words = Words("identified", free={"en": "db-3.internal is full"})
    with pytest.raises(WordsFound):
        announcements.prepare(incident, words, actor=mina)
    kept = announcements.prepare(incident, words, actor=mina, all_the_same=True)
    announcements.send(kept, actor=mina)
    assert "db-3.internal" in AuditEntry.objects.get(action="comms.users_sent").change


def test_a_raise_to_p1_sends_the_untouched_draft(confirm, mina):
    incident = confirm(severity="P2")
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    assert letter(incident).state == "waiting"
    assert Announcement.objects.count() == 1


def test_a_draft_that_a_person_wrote_waits_for_them(confirm, mina):
    incident = confirm(severity="P2")
    announcements.prepare(incident, Words("identified"), actor=mina)
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    assert letter(incident).state == "draft"


def test_follow_ups_say_how_it_went_and_the_last_promises_nothing(sink, confirm, minute, mina):
    incident = confirm()
    minute()
    lifecycle.transition(incident, "resolved", actor=mina)
    draft = announcements.prepare(incident, actor=mina)
    announcements.send(draft, actor=mina)
    minute()
    last = [mail for to, mail in mails(sink) if to == "ada@example.test"][-1]
    assert last["Subject"] == f"[Our service] service restored – {incident.reference}"
    text = last.get_body(("plain",)).get_content()
    assert "The problem is solved" in text and "Next update" not in text and "Expected recovery" not in text
    assert obligations.current(incident, "users") is None


def test_an_address_that_is_gone_is_suppressed_without_an_alarm(bad, confirm, minute, readers):
    bad(RCPT="550 5.1.1 no such user")
    confirm()
    minute()
    assert subscribers.find(readers[0].pk).suppressed_reason.startswith("550 5.1.1")
    assert set(Delivery.objects.filter(announcement__isnull=False).values_list("state", flat=True)) == {"dropped"}


def test_mail_that_may_have_arrived_is_not_sent_again_and_shows(settings, confirm, minute):
    with BadServer(**{".": "close"}) as server:
        settings.EMAIL_URL = server.url()
        confirm()
        minute()
    rows = Delivery.objects.filter(announcement__isnull=False)
    assert set(rows.values_list("state", "is_ambiguous")) == {("dropped", True)}


def test_a_held_portal_lets_nothing_leave(confirm, clock, monkeypatch):
    incident = confirm()
    clock.move("+61s")
    monkeypatch.setattr("comms.broadcast.holding.current", lambda: object())
    assert sweeps.release_announcements() == 0
    assert letter(incident).state == "waiting"


@pytest.fixture
def hold(db):
    """The portal was restored, and holds what waited."""
    return Hold.objects.create(since=now_is.now(), as_of=now_is.now() - timedelta(hours=3))


def test_a_hold_counts_letters_and_goes_on_with_them(sink, confirm, minute, hold, person, monkeypatch):
    confirm()
    assert holding.waiting(hold)["letters"] == 1
    woken = []
    monkeypatch.setattr("comms.holding.nudge", woken.append)
    boss = person("boss", roles=["admin"])
    client = Client()
    client.force_login(boss)
    assert "1 mail to the users" in client.get("/messages/held/").content.decode()
    assert client.get("/api/v1/held/").json()["letters"] == 1
    holding.decide("send", actor=boss)
    assert "comms.release_announcements" in woken
    minute()
    assert len(mails(sink)) == 2


def test_a_letter_dropped_or_stopped_on_its_way_told_nobody(confirm, clock, mina, kinds, person, run):
    dropped, stopped = confirm(), confirm()
    clock.move("+61s")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("comms.broadcast._note", lambda row, now: None)
        sweeps.release_announcements()
    rows = [letter(dropped), letter(stopped)]
    assert {row.state for row in rows} == {"sending"}
    announcements.stop(rows[1], actor=mina)
    Hold.objects.create(since=now_is.now(), as_of=now_is.now() - timedelta(hours=3))
    holding.decide("drop", actor=person("boss", roles=["admin"]))
    clock.move("+61s")
    sweeps.release_announcements()
    for row in rows:
        broadcast._note(row, now_is.now())
    run()
    for incident in (dropped, stopped):
        assert letter(incident).state == "withdrawn" and "comms.users_told" not in kinds(incident)
        assert obligations.current(incident, "users") is not None


def test_that_it_left_is_no_sign_of_life_of_who_sent_it(confirm, clock, mina, fresh):
    incident = confirm(severity="P2")
    lifecycle.acknowledge(incident, actor=mina)
    announcements.send(letter(incident), actor=mina)
    until = fresh(incident).acknowledged_until
    clock.move("+61s")
    sweeps.release_announcements()
    assert until is not None and fresh(incident).acknowledged_until == until


def test_a_mail_without_consent_is_found(sink, confirm, minute, subscribe):
    confirm()
    minute()
    Delivery.objects.filter(announcement__isnull=False).update(created_at=now_is.now() - timedelta(days=1))
    assert len([line for line in audit.invariants() if "without consent" in line]) == 2


def test_who_may_not_publish_writes_nothing(confirm, person):
    rita = person("rita", roles=["responder"])
    row = letter(confirm())
    for act in (announcements.send, announcements.undo, announcements.stop, announcements.drop):
        with pytest.raises(Forbidden):
            act(row, actor=rita)


def test_a_merge_drops_what_had_not_left(confirm, mina):
    source, target = confirm(), confirm()
    lifecycle.merge(source, target, actor=mina, reason="the same")
    assert letter(source).state == "void" and letter(target).state == "waiting"


def test_the_playbook_may_say_nothing(shipped, confirm, mina):
    playbook.edit("publication", "P1", {"status_page": "none", "users": "none"}, actor=mina)
    assert not Announcement.objects.filter(incident=confirm()).exists()


# --- pages and API


@pytest.fixture
def page(person):
    """A browser of who communicates."""
    client = Client()
    client.force_login(person("paula", roles=["communicator"]))
    return client


def test_the_page_shows_words_and_readers_sends_and_takes_back(page, confirm):
    incident = confirm(severity="P2")
    path = letter(incident).get_absolute_url()
    shown = page.get(path).content.decode()
    assert "We are investigating a problem" in shown and "我们发现服务出现异常" in shown
    assert "English: 1 · Chinese: 1" in shown
    page.post(path, {"state": "identified", "symptom": "slow", "advice": "", "next": "in_60", "free_en": "It is the gateway.", "free_zh": ""})
    assert letter(incident).promise_seconds == 3600 and "It is the gateway." in page.get(path).content.decode()
    page.post(f"{path}send/")
    assert "Undo" in page.get(path).content.decode() and "Undo" in page.get(f"/incidents/{incident.reference}/").content.decode()
    page.post(f"{path}undo/")
    assert letter(incident).state == "draft"
    page.post(f"{path}drop/")
    assert letter(incident).state == "void"


def test_the_page_asks_before_words_that_should_stay_inside(page, confirm):
    incident = confirm(severity="P2")
    path = letter(incident).get_absolute_url()
    data = {"state": "identified", "next": "in_30", "free_en": "10.0.0.1 is away"}
    answer = page.post(path, data)
    assert answer.status_code == 422 and "10.0.0.1" in answer.content.decode() and "all_the_same" in answer.content.decode()
    assert page.post(path, {**data, "all_the_same": "on"}).status_code == 302


def test_the_incident_page_leads_to_a_new_letter(page, confirm):
    incident = confirm(severity="P3")
    assert "Write to the users" in page.get(f"/incidents/{incident.reference}/").content.decode()
    answer = page.post(f"/messages/announcements/new/{incident.reference}/")
    assert answer["Location"] == letter(incident).get_absolute_url()


def test_figures_stand_by_language(page, sink, confirm, minute):
    incident = confirm()
    minute()
    assert announcements.figures(letter(incident)) == [
        {"language": "en", "waiting": 0, "sent": 1, "failed": 0},
        {"language": "zh-hans", "waiting": 0, "sent": 1, "failed": 0},
    ]
    assert page.get(letter(incident).get_absolute_url()).status_code == 200
    assert incident.reference in page.get("/messages/announcements/").content.decode()
    assert "ada@example.test" not in page.get("/messages/").content.decode()
    assert "ada@example.test" in page.get(f"/messages/?announcement={letter(incident).pk}").content.decode()


def test_who_may_not_publish_sees_no_readers_addresses(sink, confirm, minute, person):
    incident = confirm()
    minute()
    client = Client()
    client.force_login(person("rita", roles=["responder"]))
    assert client.get(letter(incident).get_absolute_url()).status_code == 200
    assert "ada@example.test" not in client.get(f"/messages/?announcement={letter(incident).pk}").content.decode()


def test_the_page_counts_readers_once(page, confirm, monkeypatch):
    path, asked = letter(confirm(severity="P2")).get_absolute_url(), []
    monkeypatch.setattr("comms.views.announcements.announcements.counted", lambda words: asked.append(words) or {})
    page.get(path)
    assert len(asked) == 1


def test_pages_ask_a_constant_number_of_questions(page, confirm, django_assert_max_num_queries):
    confirm()
    with django_assert_max_num_queries(30):
        page.get("/messages/announcements/")
    for _number in range(5):
        confirm()
    with django_assert_max_num_queries(30):
        page.get("/messages/announcements/")
    with django_assert_max_num_queries(45):
        page.get(Announcement.objects.first().get_absolute_url())


def test_over_rest_the_same(page, confirm):
    incident = confirm(severity="P2")
    body = {"incident": incident.reference, "state": "identified", "free": {"en": "It is the gateway.", "zh-hans": "网关。"}, "next_minutes": 20}
    made = page.post("/api/v1/announcements/", body, content_type="application/json")
    assert made.status_code == 201, made.content
    path = f"/api/v1/announcements/{made.json()['id']}/"
    assert page.get(path).json()["would_reach"] == {"en": 1, "zh-hans": 1}
    assert page.post(f"{path}send/").json()["status"] == "waiting"
    assert page.post(f"{path}undo/").json()["status"] == "draft"
    assert page.post(f"{path}stop/").status_code == 409
    stopped = page.post("/api/v1/announcements/", {**body, "free": {"en": "10.0.0.1"}}, content_type="application/json")
    for slug in ("gone", "db-3.internal"):
        assert page.post("/api/v1/announcements/", {**body, "services": {slug: "major_outage"}}, content_type="application/json").status_code == 422
    assert stopped.status_code == 409 and stopped.json()["words"][0]["word"] == "10.0.0.1"
    assert page.get("/api/v1/announcements/").json()["results"][0]["incident"] == incident.reference


def told(client, incident):
    """The English preview of its letter."""
    return client.get(letter(incident).get_absolute_url()).content.decode().split('<section class="section" lang="en">')[1].split("</section>")[0]


def test_the_draft_shows_the_promises_that_leave_with_it(sink, page, confirm, minute):
    incident = confirm(severity="P2")
    path = letter(incident).get_absolute_url()
    page.post(path, {"state": "investigating", "next": "in_30", "recovery": "-1"})
    draft = told(page, incident)
    assert "Expected recovery: within 1 h of its leaving" in draft and "Next update: within 30 min of its leaving" in draft
    assert "as soon as we know more" not in draft
    page.post(f"{path}send/")
    assert "Expected recovery: by " in told(page, incident) and "Next update: by " in told(page, incident)
    page.post(f"{path}undo/")
    assert told(page, incident) == draft
    page.post(f"{path}send/")
    minute()
    text = mails(sink)[0][1].get_body(("plain",)).get_content()
    assert "Expected recovery: by " in text and "Next update: by " in text and "as soon as we know more" not in text


def test_a_recovery_that_can_not_be_held_any_more_is_neither_shown_nor_sent(sink, page, confirm, minute, clock):
    incident = confirm(severity="P2")
    assert "Expected recovery" in told(page, incident)
    clock.move("+2h")
    assert "Expected recovery" not in told(page, incident)
    page.post(f"{letter(incident).get_absolute_url()}send/")
    minute()
    assert "Expected recovery" not in mails(sink)[0][1].get_body(("plain",)).get_content()


def test_only_the_first_mail_while_it_is_investigated_expects_recovery_by_itself(page, confirm, minute, mina):
    incident = confirm()
    minute()
    for state in ("investigating", "identified"):
        announcements.prepare(incident, Words(state), actor=mina)
        assert "Expected recovery" not in told(page, incident)


def test_a_person_leaves_the_recovery_out_or_says_another_time(sink, page, confirm, minute, clock):
    incident = confirm(severity="P2")
    path, said = letter(incident).get_absolute_url(), {"state": "identified", "next": "in_30"}
    page.post(path, {**said, "state": "investigating", "recovery": "0"})
    assert "Expected recovery" not in told(page, incident)
    clock.move("+2h")
    page.post(path, {**said, "recovery": "7200"})
    assert "Expected recovery: within 2 h of its leaving" in told(page, incident)
    assert '<option value="7200" selected>' in page.get(path).content.decode()
    body = {"incident": incident.reference, "state": "identified", "recovery_minutes": 90}
    assert page.post("/api/v1/announcements/", body, content_type="application/json").status_code == 201
    assert '<option value="5400" selected>' in page.get(path).content.decode()
    page.post(f"{path}send/")
    sent = letter(incident)
    assert sent.words["recovery_at"] == (sent.leaves_at + timedelta(minutes=90)).isoformat()
    assert page.post("/api/v1/announcements/", {**body, "recovery_minutes": -1}, content_type="application/json").status_code == 400


@pytest.mark.parametrize("free", [{"zh": "中文"}, {"fr": "x"}, {"en": 5}, {"en": None}, "x"])
def test_own_words_in_another_language_or_that_are_no_text_are_refused_over_rest(page, confirm, free):
    incident = confirm(severity="P3")
    body = {"incident": incident.reference, "state": "identified", "free": free}
    answer = page.post("/api/v1/announcements/", body, content_type="application/json")
    assert answer.status_code == 422 and "A text takes the languages" in answer.json()["detail"]
    assert not Announcement.objects.exists()


def ticked(incident):
    """Whether the steps that a mail to the users ticks are done."""
    return {step.done_at is not None for step in Step.objects.filter(incident=incident, done_on__contains="comms.users_told")}


def test_a_mail_that_nobody_subscribes_to_ticks_no_step_and_ends_what_was_owed(declare, mina, teams, minute, kinds, clock):
    incident = lifecycle.transition(declare(), "confirmed", actor=mina)
    minute()
    assert letter(incident).state == "sent" and letter(incident).readers == {}
    assert "comms.users_nobody" in kinds(incident) and "comms.users_told" not in kinds(incident)
    assert ticked(incident) == {False}
    assert obligations.current(incident, "users") is None
    assert Obligation.objects.get(incident=incident, audience="users").closing == "ended"
    lifecycle.change_severity(incident, "P2", actor=mina, reason="it was less")
    clock.move("+2h")
    sweeps.sweep_obligations()
    assert not Obligation.objects.filter(incident=incident, audience="users", closing="missed").exists()
    assert [problem for problem in audit.invariants() if "users" in problem] == []


def test_once_somebody_subscribes_a_mail_ticks_the_step(declare, mina, teams, minute, kinds, subscribe):
    incident = lifecycle.transition(declare(), "confirmed", actor=mina)
    minute()
    subscribe("ada@example.test")
    announcements.send(announcements.prepare(incident, actor=mina), actor=mina)
    minute()
    assert "comms.users_told" in kinds(incident)
    assert ticked(incident) == {True}
    assert letter(incident).words["recovery_at"]
    assert obligations.current(incident, "users").because == "promise"
