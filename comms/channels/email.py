"""Mail by SMTP, over one connection per drain."""

import hashlib
import logging
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

from comms import reasons
from comms.channels.base import Channel, ChannelError, Message, Receipt
from lib import clock

logger = logging.getLogger(__name__)

PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465, "smtps": 465}
PAUSE_AFTER_421 = 30.0  # seconds
UNSAFE = re.compile(r"[\s<>\x00-\x1f\x7f]")


class EmailChannel(Channel):
    """Speaks to the server of EMAIL_URL (an operator's destination: no address table, trust.md "Outbound")."""

    def __init__(self) -> None:
        self.url: SplitResult = urlsplit(settings.EMAIL_URL)
        self.smtp: smtplib.SMTP | None = None

    @classmethod
    def configuration(cls) -> str:
        """Changes with the server, the login or the sender."""
        return hashlib.sha256(f"{settings.EMAIL_URL} {settings.DEFAULT_FROM_EMAIL}".encode()).hexdigest()

    def send(self, message: Message) -> Receipt:
        """Hand the mail to the server. A kept connection that turns out closed is opened anew once, before any data."""
        if not settings.EMAIL_URL:
            raise ChannelError(reasons.NO_EMAIL_URL, turns_off=True)
        sender, payload = compose(message)
        recipient = wire_address(message.address)
        kept = self.smtp is not None
        with self._deadline():
            try:
                self._envelope(sender, recipient)
            except _Gone as error:
                if not kept:
                    raise ChannelError(error.text, is_channel=error.is_before_recipient) from error
                self._again(sender, recipient)
            return self._data(payload)

    def greet(self) -> None:
        """Connect, sign in and hang up, sending nothing. Raises ChannelError."""
        with self._deadline():
            self._connect()
        self.close()

    def close(self) -> None:
        """Say goodbye, or hang up."""
        if self.smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self.smtp.sock is not None:
                    self.smtp.sock.settimeout(1)
                self.smtp.quit()
        self._drop()

    def _connect(self) -> smtplib.SMTP:
        if self.smtp is not None:
            return self.smtp
        host, port = self.url.hostname or "localhost", self.url.port or PORTS[self.url.scheme]
        is_ssl = self.url.scheme in {"smtp+ssl", "smtps"}
        context = None if self.url.scheme == "smtp" else ssl.create_default_context()
        smtp = smtplib.SMTP_SSL(timeout=settings.EMAIL_TIMEOUT, context=context) if is_ssl else smtplib.SMTP(timeout=settings.EMAIL_TIMEOUT)
        smtp._host = host  # type: ignore[attr-defined]  # smtplib sets it in its constructor only and needs it for TLS names
        self.smtp = smtp
        try:
            code, words = smtp.connect(host, port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, words)
            if smtp.sock is not None:  # else the final dot waits 40 ms for the receipt of what went before it
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            smtp.ehlo_or_helo_if_needed()
            if self.url.scheme == "smtp+tls":
                smtp.starttls(context=context)
                smtp.ehlo()
            if self.url.username:
                smtp.login(unquote(self.url.username), unquote(self.url.password or ""))
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise _connection_error(error) from error
        return smtp

    def _again(self, sender: str, recipient: str) -> None:
        """Once more over a new connection."""
        try:
            self._envelope(sender, recipient)
        except _Gone as error:
            raise ChannelError(error.text, is_channel=error.is_before_recipient) from error

    def _envelope(self, sender: str, recipient: str) -> None:
        """MAIL and RCPT. Raises _Gone when the connection broke (421 included), ChannelError when refused."""
        smtp = self._connect()
        try:
            code, words = self._ask(lambda: smtp.mail(sender))
        except _Gone as error:
            error.is_before_recipient = True
            raise
        if code >= 400:
            self._refused(code, words, is_sender=True)
        code, words = self._ask(lambda: smtp.rcpt(recipient))
        if code not in {250, 251}:
            self._refused(code, words)

    def _data(self, payload: bytes) -> Receipt:
        """DATA up to the server's answer; silence after the final dot is ambiguous."""
        smtp = self.smtp
        if smtp is None:
            raise ChannelError(reasons.CONNECTION_GONE)
        try:
            code, words = self._ask(lambda: smtp.docmd("DATA"))
            if code != 354:
                self._refused(code, words)
            self._ask(lambda: _hand_over(smtp, payload))
        except _Gone as error:
            raise ChannelError(error.text) from error
        try:
            smtp.send(b".\r\n")
            code, words = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise ChannelError(reasons.NO_ANSWER % {"words": _said(error)}, ambiguous=True) from error
        if code != 250:
            self._refused(code, words)
        return Receipt(f"{code} {_text(words)}")

    def _ask(self, step: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
        try:
            code, words = step()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise _Gone(_said(error)) from error
        if code == 421:
            self._drop()
            raise ChannelError(f"{code} {_text(words)}", retry_after=PAUSE_AFTER_421)
        return code, words

    def _refused(self, code: int, words: bytes, *, is_sender: bool = False) -> None:
        """Turn an answer into the error it means."""
        text = f"{code} {_text(words)}"
        if code == 421:
            self._drop()
            raise ChannelError(text, retry_after=PAUSE_AFTER_421)
        try:
            if self.smtp is not None and self.smtp.rset()[0] != 250:
                self._drop()
        except (OSError, smtplib.SMTPException):
            self._drop()
        # Login wanted, or our own sender address refused: every message would fail alike.
        if code in {530, 535} or (is_sender and code in {550, 553}):
            raise ChannelError(text, turns_off=True)
        is_permanent = 500 <= code < 600
        raise ChannelError(text, permanent=is_permanent, is_channel=is_sender and not is_permanent, suppress=is_permanent and "5.1.1" in text)

    def _drop(self) -> None:
        if self.smtp is not None:
            with suppress(OSError):
                self.smtp.close()
        self.smtp = None

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        """Cut the connection after `deadline_seconds`, so that a server which drips holds up nobody for longer."""
        timer = threading.Timer(self.deadline_seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        sock = self.smtp.sock if self.smtp is not None else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Gone(Exception):
    """The connection broke before the message was handed over."""

    def __init__(self, text: str):
        super().__init__(text)
        self.text = text
        self.is_before_recipient = False  # then no message is to blame


def _hand_over(smtp: smtplib.SMTP, payload: bytes) -> tuple[int, bytes]:
    smtp.send(payload)
    return 0, b""


def compose(message: Message) -> tuple[str, bytes]:
    """The sender's address and the mail as it goes over the wire, dots doubled, without the final one.

    Raises ChannelError (permanent) for an address no mail can have.
    """
    if message.stencil is not None:
        return message.stencil.sender, message.stencil.fill(message)
    sender, mail = letter(message)
    try:
        mail["To"] = Address(display_name=one_line(message.name), addr_spec=wire_address(message.address))
    except (ValueError, IndexError) as error:
        raise ChannelError(reasons.NO_ADDRESS_BECAUSE % {"words": error}, permanent=True) from error
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = message.message_id
    return sender, encoded(mail)


def letter(message: Message, *, cte: str | None = None) -> tuple[str, EmailMessage]:
    """The sender's address, and what every reader of this message gets alike; `cte` encodes its parts."""
    name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    mail = EmailMessage()
    try:
        mail["From"] = Address(display_name=name, addr_spec=sender)
        mail["Subject"] = one_line(message.subject)
    except (ValueError, IndexError) as error:
        raise ChannelError(reasons.NO_ADDRESS_BECAUSE % {"words": error}, permanent=True) from error
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Content-Language"] = message.language
    mail.set_content(message.text, cte=cte or ("base64" if not message.text.isascii() else None))
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte=cte or ("base64" if not message.html.isascii() else None))
    return sender, mail


def encoded(mail: EmailMessage) -> bytes:
    """As it goes over the wire: lines end in CR LF, dots that begin one are doubled."""
    raw = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n", cte_type="7bit"))
    raw = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", raw)


def wire_address(address: str) -> str:
    """The address in ASCII: an international domain in its xn-- form. Raises ChannelError (permanent) where there is none."""
    name, at, domain = address.strip().rpartition("@")
    try:
        name.encode("ascii")
        wire = f"{name}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise ChannelError(reasons.NO_ADDRESS, permanent=True) from error
    if not name or not domain or UNSAFE.search(wire):
        raise ChannelError(reasons.NO_ADDRESS, permanent=True)
    return wire


def one_line(text: str) -> str:
    """A header's value: CR and LF must not begin another header."""
    return " ".join(text.split())


def _connection_error(error: Exception) -> ChannelError:
    """Why no session came about: away for now, or wrongly configured."""
    if isinstance(error, smtplib.SMTPAuthenticationError) and 500 <= error.smtp_code < 600:
        return ChannelError(reasons.LOGIN_REFUSED % {"words": _said(error)}, turns_off=True)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return ChannelError(reasons.NOT_SUPPORTED % {"words": error}, turns_off=True)
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code == 421:
        return ChannelError(_said(error), is_channel=True, retry_after=PAUSE_AFTER_421)
    return ChannelError(reasons.NO_CONNECTION % {"words": _said(error)}, is_channel=True)


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error) or type(error).__name__


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words
