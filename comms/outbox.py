"""The outbox: deliveries are written here (an announcement's by `broadcast`), so what leaves the portal is decided here."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction

from comms import catalogue, channels
from comms.models import ContactMethod, Delivery, Priority
from comms.preconditions import PRECONDITIONS
from incidents.models import Incident
from lib import clock
from lib.jsonio import canonical, loads
from lib.nudge import nudge

SWEEP = "comms.drain_outbox"


@dataclass(frozen=True)
class Letter:
    """One effect as the rooms ask for it; `key` makes it happen once."""

    kind: str
    channel: str
    key: str
    person: Any = None
    address: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    priority: Priority = Priority.INTERNAL
    incident: Incident | None = None
    contact_method: ContactMethod | None = None
    language: str = ""
    not_before: datetime | None = None
    expires_at: datetime | None = None
    precondition: str = ""
    again_of: Delivery | None = None


def enqueue(
    kind: str,
    *,
    channel: str,
    person: Any = None,
    address: str = "",
    params: dict[str, Any] | None = None,
    key: str,
    priority: int = Priority.INTERNAL,
    incident: Incident | None = None,
    contact_method: ContactMethod | None = None,
    language: str = "",
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    precondition: str = "",
    again_of: Delivery | None = None,
) -> Delivery | None:
    """Ask for one outward effect; returns its row, or None where `key` exists or the incident is imported history.

    A drill's effects go to the recorder, marked as an exercise (design.md "Drill and import"). Raises LookupError for
    an unknown kind, channel or precondition.
    """
    letter = Letter(
        kind=kind,
        channel=channel,
        key=key,
        person=person,
        address=address,
        params=params or {},
        priority=Priority(priority),
        incident=incident,
        contact_method=contact_method,
        language=language,
        not_before=not_before,
        expires_at=expires_at,
        precondition=precondition,
        again_of=again_of,
    )
    row = _row(letter, clock.now())
    if row is None:
        return None
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        if Delivery.objects.filter(key=key).exists():
            return None
        raise
    nudge(SWEEP)
    return row


def enqueue_many(letters: Iterable[Letter]) -> int:
    """Ask for many at once: one insert per 500, existing keys left alone. Returns how many were asked for."""
    now = clock.now()
    rows = [row for letter in letters if (row := _row(letter, now)) is not None]
    Delivery.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    if rows:
        nudge(SWEEP)
    return len(rows)


def _row(letter: Letter, now: datetime) -> Delivery | None:
    """The delivery of a letter. The one place of comms that decides about drills and imported history."""
    kind = catalogue.kind(letter.kind)
    channels.known(letter.channel)
    if letter.precondition and letter.precondition not in PRECONDITIONS:
        raise LookupError(f"no precondition {letter.precondition!r}")
    incident = letter.incident
    if incident is not None and incident.is_imported:
        return None
    is_exercise = incident is not None and incident.is_drill
    return Delivery(
        key=letter.key,
        channel=channels.RECORDER if is_exercise else letter.channel,
        kind=letter.kind,
        params={} if kind.is_secret else letter.params,
        secret=canonical(letter.params) if kind.is_secret else "",
        priority=letter.priority,
        person=letter.person,
        contact_method=letter.contact_method,
        address=letter.address,
        language=letter.language,
        incident=incident,
        is_exercise=is_exercise,
        precondition=letter.precondition,
        created_at=now,
        not_before=letter.not_before or now,
        expires_at=letter.expires_at,
        message_id=message_id(letter.key),
        again_of=letter.again_of,
    )


def message_id(key: str) -> str:
    """The Message-ID of a key: the same however often it is sent."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>"


def params_of(delivery: Delivery) -> dict[str, Any]:
    """The parameters as the renderer needs them, a secret's included."""
    return dict(loads(delivery.secret)) if delivery.secret else delivery.params
