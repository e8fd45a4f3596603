"""Sending: what becomes of a row when the world answers, refuses, hangs or dies."""

from datetime import timedelta

import pytest

from comms import account_mail, audit, channel_states, drain, health, subscribers, sweeps
from comms.models import Alarm, ChannelState, ContactMethod, Delivery, DeliveryAttempt, Priority
from comms.subscribers import Wish
from lib import clock as now_is
from lib.failpoints import FailpointHit


@pytest.fixture(autouse=True)
def _quick(settings, monkeypatch):
    settings.EMAIL_TIMEOUT = 0.3


def die(settings, place):
    """A worker that dies at `place`."""
    settings.FAILPOINTS = f"comms.{place}=raise"
    with pytest.raises(FailpointHit):
        sweeps.drain_outbox()
    settings.FAILPOINTS = ""


def test_a_due_message_is_sent_once_with_the_servers_words(sink, send, run, fresh):
    delivery = send()
    run()
    run()
    row = fresh(delivery)
    assert (row.state, row.answer, row.attempts, row.is_ambiguous) == ("sent", "250 kept as 1", 1, False)
    assert row.subject == "Test message from the incident portal"
    assert [attempt.outcome for attempt in row.tries.all()] == ["sent"]
    assert len(sink.mails) == 1
    assert audit.invariants() == []


def test_what_is_not_due_waits(sink, send, run, clock):
    send(not_before=now_is.now() + timedelta(minutes=5))
    run()
    assert sink.mails == []
    clock.move("+6m")
    run()
    assert len(sink.mails) == 1


def test_calls_go_before_internal_mail_and_that_before_subscribers(sink, send, run):
    for priority in (Priority.SUBSCRIBER, Priority.INTERNAL, Priority.CALL):
        send(f"p{priority}", priority=priority, address=f"p{int(priority)}@example.test")
    run()
    assert [recipients[0] for _sender, recipients, _raw in sink.mails] == ["p0@example.test", "p1@example.test", "p2@example.test"]


def test_what_ran_out_is_not_sent(sink, send, run, fresh, clock):
    delivery = send(expires_at=now_is.now() + timedelta(minutes=1))
    clock.move("+2m")
    run()
    assert fresh(delivery).state == "expired"
    assert sink.mails == []


def test_preconditions_are_read_again_before_sending(sink, send, run, fresh, declare, mina, wei):
    from incidents import lifecycle

    incident = declare()
    Delivery.objects.all().delete()
    waiting = send("a", precondition="still_open", incident=incident, person=wei)
    lifecycle.transition(incident, "dismissed", actor=mina)
    sweeps.drain_outbox()
    assert fresh(waiting).state == "dropped"
    assert fresh(waiting).answer == "the incident is over"


def test_a_closed_account_gets_nothing(sink, send, run, fresh, wei):
    delivery = send(person=wei)
    wei.is_active = False
    wei.save()
    run()
    assert fresh(delivery).state == "dropped"


@pytest.mark.parametrize(("what", "words"), [("password", "密码"), ("email", "邮箱地址"), ("second_factor", "第二重验证")])
def test_who_signs_in_otherwise_now_hears_of_it_in_their_language(sink, run, fresh, wei, what, words):
    delivery = account_mail.send("account_changed", wei, {"what": what}, "changed:1")
    run()
    assert (fresh(delivery).state, words in fresh(delivery).body) == ("sent", True)


def test_a_refusal_for_good_is_dead_with_an_alarm(bad, send, run, fresh):
    bad(RCPT="554 5.7.1 never")
    delivery = send()
    run()
    row = fresh(delivery)
    assert (row.state, row.alarm.code, row.answer) == ("dead", "dead", "554 5.7.1 never")
    assert [warning.text for warning in health.warnings()] == ["1 message by E-mail failed"]
    assert audit.invariants() == []


def test_5_1_1_suppresses_the_address(bad, send, run, wei, fresh):
    bad(RCPT="550 5.1.1 no such user")
    send(person=wei, address=wei.email)
    run()
    method = ContactMethod.objects.get(person=wei)
    assert method.suppressed_at is not None
    assert "5.1.1" in method.suppressed_reason
    later, code = send("later", person=wei, address=wei.email), send("code", kind="contact.code", params={"code": "1"}, person=wei, address=wei.email)
    run()
    assert (fresh(later).state, fresh(code).state) == ("dropped", "dead")


def test_a_refusal_for_now_is_tried_again_later_and_given_up_in_the_end(bad, send, run, fresh, clock):
    bad(RCPT="451 later")
    delivery = send()
    pauses = []
    for _ in range(drain.MOST_TRIES):
        run()
        row = fresh(delivery)
        pauses.append((row.not_before - now_is.now()).total_seconds())
        clock.move("+30m")
    assert pauses[:4] == sorted(pauses[:4])
    assert row.state == "dead"
    assert row.tries.count() == drain.MOST_TRIES
    assert "451 later" in row.answer


def test_one_bad_row_holds_up_nothing_else(bad, send, run, fresh):
    server = bad(RCPT=["451 greylisted", "550 5.1.1 gone", "250 ok"])
    first, second, third = send("1"), send("2"), send("3")
    run()
    assert [fresh(row).state for row in (first, second, third)] == ["due", "dead", "sent"]
    assert len(server.mails) == 1


def test_a_row_that_cannot_be_rendered_holds_up_nothing_else(sink, send, run, fresh):
    broken, good = send("1", kind="notice.declared"), send("2")
    run()
    assert fresh(broken).state == "due"
    assert "cannot be rendered" in fresh(broken).answer
    assert fresh(good).state == "sent"


def test_a_wrong_login_is_one_alarm_and_the_channel_waits_for_another_configuration(bad, sink, send, run, fresh, settings):
    url = settings.EMAIL_URL
    server = bad("portal:wrong@", AUTH="535 5.7.8 no")
    rows = [send(str(number)) for number in range(3)]
    run()
    run()
    assert server.connections == 1
    assert Alarm.objects.filter(code="channel_off", cleared_at=None).count() == 1
    assert {fresh(row).state for row in rows} == {"due"}
    assert audit.invariants() == []
    settings.EMAIL_URL = url
    Delivery.objects.update(not_before=now_is.now())
    run()
    assert len(sink.mails) == 3
    assert not Alarm.objects.filter(cleared_at=None).exists()


def test_a_person_turns_a_channel_on_again(bad, send, run, mina):
    server = bad("portal:wrong@", AUTH=["535 no", "235 ok"])
    send()
    run()
    assert channel_states.is_off("email")
    channel_states.turn_on("email", actor=mina)
    Delivery.objects.update(not_before=now_is.now())
    run()
    assert len(server.mails) == 1


def test_a_server_that_is_away_pauses_its_channel_and_no_other(mail_url, send, run, fresh, clock):
    mail_url("smtp://127.0.0.1:1")
    mails = [send(str(number)) for number in range(3)]
    console = send("c", channel="console")
    run()
    assert fresh(console).state == "sent"
    assert DeliveryAttempt.objects.filter(outcome="channel").count() == 1
    assert ChannelState.objects.get(channel="email").not_before > now_is.now()
    for _ in range(40):
        clock.move("+10m")
        run()
    assert {fresh(row).state for row in mails} == {"due"}
    assert [warning.text[:6] for warning in health.warnings()] == ["E-mail"]


def test_when_the_server_is_back_everything_goes_out_and_the_alarm_ends(mail_url, sink, settings, send, run, fresh, clock):
    url = settings.EMAIL_URL
    mail_url("smtp://127.0.0.1:1")
    delivery = send()
    for _ in range(5):
        run()
        clock.move("+10m")
    assert health.warnings()
    mail_url(url)
    run()
    assert fresh(delivery).state == "sent"
    assert health.warnings() == []


def test_retry_after_is_kept_per_channel(bad, send, run, fresh, clock):
    server = bad(RCPT=["421 4.7.0 slow down", "250 ok"])
    first, second = send("1"), send("2")
    run()
    assert (fresh(first).state, fresh(second).state, server.connections) == ("due", "due", 1)
    clock.move("+2m")
    run()
    assert len(server.mails) == 2


@pytest.mark.parametrize("place", ["after_claim", "before_send", "after_send", "before_settle"])
def test_whatever_a_dead_worker_had_is_finished_by_the_next(sink, send, run, fresh, settings, clock, place):
    delivery = send()
    die(settings, place)
    run()
    assert fresh(delivery).state == "due"  # the lease still runs
    clock.move("+2m")
    run()
    row = fresh(delivery)
    assert row.state == "sent"
    assert row.is_ambiguous == (place != "after_claim")
    assert len(sink.mails) == (2 if place in {"after_send", "before_settle"} else 1)
    assert len({raw.split(b"Message-ID: ")[1].split()[0] for _sender, _to, raw in sink.mails}) == 1
    assert audit.invariants() == []


def test_a_subscribers_mail_that_may_have_been_sent_is_shown_not_sent_again(sink, send, run, fresh, settings, clock):
    delivery = send(priority=Priority.SUBSCRIBER)
    die(settings, "after_send")
    clock.move("+2m")
    run()
    row = fresh(delivery)
    assert (row.state, row.is_ambiguous, len(sink.mails)) == ("dropped", True, 1)


def test_what_a_server_says_of_a_subscriber_is_kept_without_the_address(bad, send, run, fresh, mina):
    bad(RCPT="550 5.7.1 <To@example.test>: refused")
    row = subscribers.add(Wish("to@example.test"), source="api", words="form", actor=mina)[0]
    delivery = send(priority=Priority.SUBSCRIBER)
    Delivery.objects.filter(pk=delivery.pk).update(subscriber=row)
    run()
    assert (fresh(delivery).state, fresh(delivery).answer) == ("dead", "550 5.7.1 <…>: refused")
    assert [attempt.answer for attempt in delivery.tries.all()] == ["550 5.7.1 <…>: refused"]
    assert Alarm.objects.get(code="dead").words == "550 5.7.1 <…>: refused"


def test_hanging_after_data_sends_internal_mail_again_a_few_times_only(bad, send, run, fresh, clock):
    server = bad(end="close")
    delivery = send()
    for _ in range(6):
        run()
        clock.move("+20m")
    row = fresh(delivery)
    assert (row.state, row.is_ambiguous, len(server.mails)) == ("dead", True, drain.MOST_UNKNOWN)


def test_hanging_after_data_sends_subscriber_mail_once(bad, send, run, fresh, clock):
    server = bad(end="close")
    delivery = send(priority=Priority.SUBSCRIBER)
    run()
    clock.move("+20m")
    run()
    assert (fresh(delivery).state, fresh(delivery).is_ambiguous, len(server.mails)) == ("dropped", True, 1)


def test_a_worker_whose_lease_ran_out_does_not_send(sink, send, fresh, clock, monkeypatch):
    delivery = send()
    real = drain.render

    def slow(row):
        clock.move("+2m")
        return real(row)

    monkeypatch.setattr(drain, "render", slow)
    monkeypatch.setattr(drain, "LANE_SECONDS", 0.01)
    sweeps.drain_outbox()
    assert sink.mails == []
    monkeypatch.setattr(drain, "render", real)
    sweeps.drain_outbox()
    assert fresh(delivery).state == "sent"
    assert len(sink.mails) == 1


def test_a_result_without_the_lease_is_not_recorded(sink, send, fresh, monkeypatch):
    delivery = send()
    real = drain._sent
    monkeypatch.setattr(
        drain, "_sent", lambda row, attempt, answer: (Delivery.objects.filter(pk=row.pk).update(lease_token="another"), real(row, attempt, answer))
    )
    monkeypatch.setattr(drain, "LANE_SECONDS", 0.01)
    sweeps.drain_outbox()
    assert fresh(delivery).state == "due"


def test_a_row_that_kills_its_workers_dies_and_its_neighbours_do_not(sink, send, run, fresh, clock, monkeypatch):
    killer, good = send("killer", address="killer@example.test"), send("good")
    real = drain.render

    def render(row):
        if row.pk == killer.pk:
            raise KeyboardInterrupt
        return real(row)

    monkeypatch.setattr(drain, "render", render)
    for _ in range(drain.MOST_CLAIMS + 1):
        try:
            run()
        except KeyboardInterrupt:
            clock.move("+2m")
    assert fresh(good).state == "sent"
    assert fresh(killer).state == "dead"


def test_secrets_are_forgotten_once_sent(sink, send, run, fresh):
    delivery = send(kind="contact.code", params={"code": "123456"})
    run()
    row = fresh(delivery)
    assert (row.state, row.secret, row.body, row.subject) == ("sent", "", "", "")
    assert b"123456" in sink.mails[0][2]


def test_bodies_are_forgotten_after_ninety_days(sink, send, run, fresh, clock):
    delivery = send()
    run()
    clock.move(f"+{91 * 24}h")
    assert sweeps.forget_bodies() == 1
    row = fresh(delivery)
    assert (row.body, row.subject, row.params, row.state) == ("", "", {}, "sent")


def test_mail_goes_to_the_console_without_a_server(send, run, fresh, caplog, settings):
    from comms import channels

    settings.EMAIL_URL = ""
    delivery = send(channel=channels.for_mail())
    with caplog.at_level("INFO", logger="comms.channels.console"):
        run()
    assert fresh(delivery).answer == "printed to the console"
    assert "Test message" in caplog.text


def test_an_idle_drain_asks_four_questions(db, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        assert sweeps.drain_outbox() == 0
