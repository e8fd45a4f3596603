"""Looks the whole portal over, part by part, and says of what is not well how it is mended: `manage.py doctor`.

What `/readyz` asks in milliseconds, and what takes longer: mail, keys, disk, clocks, certificates, the audit. English only, as all that an
operator reads in a terminal.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from cryptography import x509
from django.conf import settings
from django.db import Error

from accounts.models import User
from comms.channels.base import ChannelError
from comms.channels.email import EmailChannel
from lib import append_only, clock, heartbeats, vault
from portal import auditor, health
from portal.sweeps import QUEUES

Level = Literal["well", "odd", "ill"]
LEAST_FREE, LITTLE_FREE = 200 * 1024**2, 2 * 1024**3  # bytes of disk
CLOCK_SECONDS = 2.0  # two machines' clocks may differ by this much
CERTIFICATE_DAYS = 21


@dataclass(frozen=True)
class Finding:
    """How one part is: `odd` works and deserves a look, `ill` does not work."""

    part: str
    level: Level
    words: str
    remedy: str = ""


Look = Callable[[], tuple[Level, str, str]]
WELL: tuple[Level, str, str] = ("well", "", "")
READY_REMEDIES = {
    "database": "see that DATABASE_URL is right and the server runs",
    "migrations": "run manage.py prepare, or start manage.py up",
    "engine": "start manage.py up, or manage.py engine",
    "broker": "see that REDIS_URL is right and the server runs; meanwhile the engine stands in",
    "public_files": "make STATUS_DIR writable for the portal's user",
    "pdf": "install what is named; meanwhile the print view serves",
}


def ready(name: str) -> tuple[Level, str, str]:
    """A part of `/readyz`."""
    part = health.PARTS[name]()
    words = ", ".join(f"{key} {shown(value)}" for key, value in part.items() if key not in {"ok", "optional"} and value not in (None, ""))
    if part["ok"]:
        return "well", words, ""
    return ("odd" if part.get("optional") else "ill"), words, READY_REMEDIES.get(name, "")


def shown(value: object) -> str:
    """A detail for one line."""
    if isinstance(value, list):
        return ", ".join(map(str, value[:3])) + (f" and {len(value) - 3} more" if len(value) > 3 else "")
    return str(value)


def worker(queue: str) -> tuple[Level, str, str]:
    """Whether Celery serves a queue; without Redis the engine does."""
    if not settings.REDIS_URL:
        return "well", "embedded: the engine runs it", ""
    age = heartbeats.age(f"worker.{queue}")
    if age is not None and age <= heartbeats.SILENT_SECONDS:
        return "well", f"heard {age:.0f} s ago", ""
    words = "never heard of" if age is None else f"silent for {age:.0f} s"
    return "ill", words, f"start manage.py worker {queue} and manage.py scheduler; meanwhile the engine stands in"


def triggers() -> tuple[Level, str, str]:
    """Append-only tables are protected by the database itself."""
    missing = append_only.missing()
    return ("ill", f"missing: {', '.join(missing)}", "run manage.py prepare") if missing else WELL


def keys() -> tuple[Level, str, str]:
    """Every sealed value has its key."""
    census = vault.census()
    lost = [f"{name or '(not sealed)'} ({count})" for name, count in census.items() if count and name not in settings.VAULT_KEYS]
    if lost:
        return "ill", f"values sealed with keys that VAULT_KEYS does not hold: {', '.join(lost)}", "put the key back into VAULT_KEYS"
    first = next(iter(settings.VAULT_KEYS), "")
    old = [name for name, count in census.items() if count and name != first]
    return ("odd", f"values still sealed with {', '.join(old)}", "run manage.py vault rotate") if old else WELL


def mail() -> tuple[Level, str, str]:
    """The mail server takes our connection and login."""
    if not settings.EMAIL_URL:
        return "odd", "EMAIL_URL is not set: mail goes to the log", "set EMAIL_URL"
    began = time.monotonic()
    try:
        EmailChannel().greet()
    except ChannelError as error:
        return "ill", error.text, "mend EMAIL_URL or the server"
    return "well", f"answers in {time.monotonic() - began:.1f} s", ""


def disk() -> tuple[Level, str, str]:
    """Room in the data folder."""
    free = shutil.disk_usage(settings.DATA_DIR).free
    words = f"{free / 1024**3:.1f} GiB free at {settings.DATA_DIR}"
    if free < LEAST_FREE:
        return "ill", words, "make room"
    return ("odd", words, "make room") if free < LITTLE_FREE else ("well", words, "")


def clocks() -> tuple[Level, str, str]:
    """Ours and the database's agree; deadlines go by the database's."""
    apart = abs(clock.real().timestamp() - time.time())
    return ("odd", f"{apart:.1f} s apart from the database's", "keep both by NTP") if apart > CLOCK_SECONDS else WELL


def certificate() -> tuple[Level, str, str]:
    """Our own TLS certificate lasts."""
    if not settings.TLS_CERT:
        return "well", "none of ours", ""
    try:
        with open(settings.TLS_CERT, "rb") as handle:
            ends = x509.load_pem_x509_certificate(handle.read()).not_valid_after_utc
    except (OSError, ValueError) as error:
        return "ill", f"{settings.TLS_CERT} cannot be read: {error}", "set TLS_CERT to a PEM file"
    days = (ends - clock.real()).days
    if days < 0:
        return "ill", f"ended on {ends:%Y-%m-%d}", "renew it"
    return ("odd", f"ends in {days} days", "renew it") if days < CERTIFICATE_DAYS else ("well", f"ends on {ends:%Y-%m-%d}", "")


def watched() -> tuple[Level, str, str]:
    """Somebody outside hears when the portal itself is dead."""
    missing = [name for name in ("ALARM_URL", "HEARTBEAT_URL") if not getattr(settings, name)]
    return ("odd", f"not set: {', '.join(missing)}", "set them, so that somebody hears when the portal itself is dead") if missing else WELL


def people() -> tuple[Level, str, str]:
    """More than one administrator can get in."""
    count = sum("admin" in person.roles for person in User.objects.active())
    return ("odd", f"{count} administrator", "make another, for the day when this one is away") if count < 2 else ("well", f"{count} administrators", "")


def promises() -> tuple[Level, str, str]:
    """The auditor's quick look."""
    findings = auditor.audit(budget=auditor.BUDGET_SECONDS).findings
    return ("ill", "; ".join(findings[:5]), "run manage.py audit") if findings else WELL


PARTS: dict[str, Look] = {
    **{name: partial(ready, name) for name in health.PARTS},
    **{f"worker.{queue}": partial(worker, queue) for queue in QUEUES},
    "triggers": triggers,
    "keys": keys,
    "mail": mail,
    "disk": disk,
    "clocks": clocks,
    "certificate": certificate,
    "watched": watched,
    "people": people,
    "promises": promises,
}


def examine(names: list[str]) -> Iterator[Finding]:
    """Look at these parts, all when none is named. A part that needs a database that is away is ill, not the end of it."""
    for name in names or PARTS:
        try:
            yield Finding(name, *PARTS[name]())
        except Error as error:
            yield Finding(name, "ill", f"the database refuses: {type(error).__name__}", READY_REMEDIES["database"])
