"""A real SMTP server that keeps what it was given, and fails on command."""

import logging
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from tests.harness.servers import free_port


@dataclass(frozen=True)
class Mail:
    """One accepted message."""

    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The plain part."""
        body = self.message.get_body(("plain",))
        return body.get_content() if body is not None else ""

    @property
    def message_id(self) -> str:
        """What a doubled send has in common."""
        return str(self.message["Message-ID"])


class Sink:
    """Listens on :attr:`port`; `answer` replaces the next answers to DATA ("451 later")."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.answer = ""
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, server_kwargs={"enable_SMTPUTF8": True})
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self.controller.start()

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        """aiosmtpd calls it with a whole message."""
        if self.answer:
            return self.answer
        parsed = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(Mail(tuple(envelope.rcpt_tos), parsed))
        return "250 OK"

    @property
    def url(self) -> str:
        """For EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[Mail]:
        """What this address got."""
        return [mail for mail in self.mails if address in mail.recipients]

    def close(self) -> None:
        """Stop listening."""
        self.controller.stop()
