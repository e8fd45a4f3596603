"""Takes in again what was set aside: the kept payload goes the way that it would have gone from the door."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from detection import belated, changes, correlate, mapped_words
from detection.delivering import Busy, within
from detection.masking import MASK
from detection.models import Alert, SetAside
from detection.normal import BadBatch, Batch, NormalChange
from detection.reasons import sentence
from detection.setting_aside import LARGEST
from detection.sources import KINDS
from lib.db import lock
from lib.errors import Forbidden, Refused
from lib.jsonio import BadJSON, canonical, loads

MOST = 200  # in one press
CUT = 8  # bytes: how near to the largest a payload is that was cut


@dataclass
class Taken:
    """What came of one: whether it is taken now, the alert that it became, or the reason why it still cannot be taken."""

    is_taken: bool
    alert: Alert | None = None
    why: str = ""


@dataclass
class AllTaken:
    """What came of many: how many were taken, how many still cannot be, and the reasons of the latter."""

    taken: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)


def obstacle(row: SetAside) -> str:
    """Why nothing can come of taking it in again, or "": what was kept is not what was sent, or can never be read."""
    kind = KINDS.get(row.source.kind)
    if kind is None or row.reason == "malformed":
        return _("it cannot be read at all")
    if len(row.payload.encode()) > LARGEST - CUT:
        return _("it was too long to be kept whole")
    try:
        payload = loads(row.payload.encode())
    except BadJSON:
        return _("it cannot be read at all")
    if MASK in canonical(kind.unkeyed(payload)):
        return _("a secret in it was masked when it was kept")
    return ""


def take(row: SetAside, *, actor: Any, request: Any = None) -> Taken:
    """Run the kept payload through the reader of its kind of source and, if it can be read now, through correlation. Twice is once.

    Raises Refused (409) where nothing can come of it, (503) while the database is busy; Forbidden.
    """
    if not actor.can(Ability.RESPOND):
        raise Forbidden(_("You need the right “respond” for this."))
    if row.taken_at is None and (why := obstacle(row)):
        raise Refused(_("This cannot be taken in again: %(why)s.") % {"why": why})
    try:
        return within(partial(_take, row.pk, actor, request))
    except Busy:
        raise Refused(_("The database is away or busy; send this again."), status=503) from None


def take_all(rows: Iterable[SetAside], *, actor: Any, request: Any = None) -> AllTaken:
    """Each by itself, at most 200; those of which nothing can come count as refused."""
    done = AllTaken()
    for row in list(rows)[:MOST]:
        try:
            one = take(row, actor=actor, request=request)
        except Refused as refused:
            one = Taken(False, why=str(refused))
        done.taken += one.is_taken
        done.refused += not one.is_taken
        if one.why and one.why not in done.reasons:
            done.reasons.append(one.why)
    return done


def _take(pk: int, actor: Any, request: Any, received: datetime) -> Taken:
    """In one transaction, on the locked row."""
    row = lock(SetAside.objects.filter(pk=pk)).first()
    if row is None:
        raise Refused(_("This is gone: it was kept for 7 days."))
    if row.taken_at is not None:
        return Taken(True, row.alert)
    payload = loads(row.payload.encode())
    whole = payload if row.index is None else KINDS[row.source.kind].wrap(payload)
    try:
        told = _read(row, whole)
    except BadBatch as bad:
        return _still(row, bad.reason, bad.detail, actor, request)
    if isinstance(told, NormalChange):
        changes.take(row.source, told, canonical(whole), received)
    elif told.rejected and not told.alerts:
        return _still(row, told.rejected[0].reason, told.rejected[0].detail, actor, request)
    else:
        _bring_in(row, told, whole, received)
    # From here on its words are those of an alert, which may belong to a private incident: only the alert tells them.
    row.taken_at, row.payload = received, ""
    row.save(update_fields=["taken_at", "alert", "payload"])
    audit.record(
        "set_aside.take",
        actor=actor,
        target=f"set aside {row.pk}",
        before={"reason": row.reason, "detail": row.detail},
        after={"alert": row.alert_id, "source": row.source.slug},
        request=request,
    )
    return Taken(True, row.alert)


def _read(row: SetAside, payload: Any) -> Batch | NormalChange:
    """As its kind reads it, with the words that a mapping knows since. Raises BadBatch."""
    kind = KINDS[row.source.kind]
    try:
        return kind.read(payload)
    except BadBatch as bad:
        return mapped_words.read(row.source, kind, payload, bad)


def _bring_in(row: SetAside, batch: Batch, payload: Any, received: datetime) -> None:
    alerts = belated.timed(row.source, batch.alerts, row.received_at)
    correlate.take(row.source, [correlate.Delivery(batch, canonical(payload).encode(), alerts)], received)
    if batch.alerts:
        row.alert = Alert.objects.filter(source=row.source, fingerprint=batch.alerts[0].fingerprint).order_by("-last_received_at", "-pk").first()


def _still(row: SetAside, reason: str, detail: str, actor: Any, request: Any) -> Taken:
    """The reason as it is now; its row keeps it."""
    detail = detail[:200]
    SetAside.objects.filter(pk=row.pk).update(reason=reason, detail=detail)
    after = {"refused": reason, "source": row.source.slug}
    audit.record("set_aside.take", actor=actor, target=f"set aside {row.pk}", before={"reason": row.reason}, after=after, request=request)
    return Taken(False, why=sentence(reason, detail))
