"""Mails a second to subscribers: the channel with a sheet made once, against smtplib with a body rendered once, over one connection each."""

import os
import smtplib
import tempfile
import time
from dataclasses import replace

from tests.comms.smtp import BadServer

MAILS = 2000


def line() -> tuple[str, str, str, str]:
    """A line of the table."""
    with BadServer() as server:
        os.environ.update(PORTAL_TESTING="1", DATA_DIR=tempfile.mkdtemp(), EMAIL_URL=server.url(), DJANGO_SETTINGS_MODULE="portal.settings")
        ours, mail = _channel()
    with BadServer() as server:
        yard = _smtplib(server.port, mail)
    return (f"mails to {MAILS:,} subscribers", f"{ours:,.0f}/s", f"smtplib, body rendered once {yard:,.0f}/s", f"{ours / yard:.2f}")


def _channel() -> tuple[float, bytes]:
    import django

    django.setup()
    from comms.channels import stencils
    from comms.channels.base import Message
    from comms.channels.email import EmailChannel

    text = "We are investigating a problem with our service. 我们正在调查。\n" * 20 + f"Unsubscribe:\n{stencils.MARK}\n"
    html = f'<p>{text}</p>\n<a href="{stencils.MARK}">\nUnsubscribe</a>'
    sheet = Message("", "", "[Our service] service disruption – INC-2026-001", text, html, "", "en")
    sheet = replace(sheet, stencil=stencils.cut(sheet))
    channel = EmailChannel()

    def send(number: int) -> None:
        link = f"https://status.example.org/unsubscribe/{number:032d}/"
        channel.send(replace(sheet, address=f"r{number}@example.org", message_id=f"<{number}@example.org>", unsubscribe=link))

    send(0)
    began = time.perf_counter()
    for number in range(MAILS):
        send(number)
    seconds = time.perf_counter() - began
    channel.close()
    return MAILS / seconds, sheet.stencil.fill(replace(sheet, address="r@example.org", unsubscribe="https://status.example.org/"))


def _smtplib(port: int, body: bytes) -> float:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail("portal@example.org", ["r@example.org"], body)
        began = time.perf_counter()
        for number in range(MAILS):
            smtp.sendmail("portal@example.org", [f"r{number}@example.org"], body)
        return MAILS / (time.perf_counter() - began)
