"""Mail against a real server, and against every way in which one misbehaves."""

from email import message_from_bytes, policy

import pytest

from comms.channels import base, email
from comms.channels.base import ChannelError, Message


def message(**fields):
    return Message(
        **{
            "address": "to@example.test",
            "name": "Mina",
            "subject": "API answers 500",
            "text": "It burns.\n.\nStill.\n",
            "html": "<p>It burns.</p>",
            "message_id": "<abc@localhost>",
            "language": "en",
            **fields,
        }
    )


@pytest.fixture
def channel():
    made = []

    def make():
        made.append(email.EmailChannel())
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def quick(settings, monkeypatch):
    """Short limits, for servers that hang."""
    settings.EMAIL_TIMEOUT = 0.3
    monkeypatch.setattr(base.Channel, "deadline_seconds", 1)


def failure(channel, **fields):
    with pytest.raises(ChannelError) as caught:
        channel().send(message(**fields))
    return caught.value


def test_a_mail_arrives_whole(sink, channel):
    receipt = channel().send(message(subject="API 故障", text="它坏了\n.\n"))
    assert receipt.answer == "250 kept as 1"
    _sender, recipients, raw = sink.mails[0]
    mail = message_from_bytes(raw, policy=policy.default)
    assert recipients == ["to@example.test"]
    assert mail["Subject"] == "API 故障"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<abc@localhost>"
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == "它坏了\n.\n"
    assert "It burns" in mail.get_body(("html",)).get_content()


def test_one_connection_serves_many_mails(sink, channel):
    one = channel()
    for _ in range(3):
        one.send(message())
    assert len(sink.mails) == 3
    assert len(sink.sessions) == 1


def test_headers_cannot_be_injected(sink, channel):
    channel().send(message(subject="Down\r\nBcc: thief@example.test", name="Mina\r\nCc: thief@example.test"))
    mail = message_from_bytes(sink.mails[0][2], policy=policy.default)
    assert mail["Bcc"] is None
    assert mail["Cc"] is None
    assert mail["Subject"] == "Down Bcc: thief@example.test"


@pytest.mark.parametrize("address", ["", "no-at", "a@b\r\nRCPT TO:<x@y>", "ü@example.test", "a b@example.test", "@example.test", "a@" + "x" * 70 + ".test"])
def test_what_is_no_address_is_refused_for_good(sink, channel, address):
    assert failure(channel, address=address).permanent
    assert sink.mails == []


def test_an_international_domain_travels_in_ascii(sink, channel):
    channel().send(message(address="mina@bücher.test"))
    assert sink.mails[0][1] == ["mina@xn--bcher-kva.test"]


def test_a_right_login_is_accepted(mail_url, channel):
    with email_sink(("portal", "s3cret/pass")) as server:
        mail_url(server.url("portal:s3cret%2Fpass@"))
        channel().send(message())
        assert len(server.mails) == 1


def email_sink(login):
    from tests.comms.smtp import Sink

    return Sink(login)


def test_a_wrong_login_turns_the_channel_off(bad, channel):
    server = bad("portal:wrong@", AUTH="535 5.7.8 no")
    error = failure(channel)
    assert error.turns_off
    assert "535" in error.text
    assert server.mails == []


def test_a_login_that_is_asked_for_turns_the_channel_off(bad, channel):
    bad(MAIL="530 5.7.0 authenticate first")
    assert failure(channel).turns_off


def test_a_server_without_tls_is_a_wrong_configuration(bad, channel, mail_url):
    server = bad()
    mail_url(server.url().replace("smtp://", "smtp+tls://"))
    assert failure(channel).turns_off


def test_nobody_listens(mail_url, channel):
    mail_url("smtp://127.0.0.1:1")
    error = failure(channel)
    assert error.is_channel
    assert not error.permanent
    assert not error.ambiguous


def test_421_asks_to_be_left_alone(bad, channel):
    for place in ("greeting", "MAIL", "RCPT", "DATA", "end"):
        bad(**{place: "421 4.7.0 too many"})
        error = failure(channel)
        assert error.retry_after
        assert not error.permanent
        assert not error.ambiguous


def test_4xx_is_for_now_and_5xx_for_good(bad, channel):
    for place in ("RCPT", "DATA", "end"):
        bad(**{place: "451 4.3.0 later"})
        error = failure(channel)
        assert (error.permanent, error.ambiguous, error.is_channel) == (False, False, False)
        bad(**{place: "554 5.7.1 never"})
        assert failure(channel).permanent


def test_an_unknown_reader_suppresses_the_address(bad, channel):
    bad(RCPT="550 5.1.1 no such user")
    error = failure(channel)
    assert error.permanent
    assert error.suppress


def test_a_refused_reader_does_not_spoil_the_connection(bad, channel):
    server = bad(RCPT=["550 5.1.1 no such user", "250 ok"])
    one = channel()
    with pytest.raises(ChannelError):
        one.send(message())
    one.send(message())
    assert server.connections == 1
    assert len(server.mails) == 1


def test_silence_after_the_message_is_ambiguous(bad, channel, quick):
    for end in ("hang", "close"):
        server = bad(end=end)
        assert failure(channel).ambiguous
        assert len(server.mails) == 1


def test_silence_before_the_message_is_not_ambiguous(bad, channel, quick):
    for place, is_channel in (("greeting", True), ("EHLO", True), ("MAIL", True), ("RCPT", False), ("DATA", False)):
        bad(**{place: "hang"})
        error = failure(channel)
        assert not error.ambiguous
        assert error.is_channel == is_channel


def test_a_kept_connection_that_was_closed_is_opened_anew(bad, channel):
    server = bad(MAIL=["250 ok", "close", "250 ok"])
    one = channel()
    one.send(message())
    one.send(message())
    assert len(server.mails) == 2
    assert server.connections == 2
