"""The only writer of the audit trail: append-only entries in one hash chain."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from accounts.addresses import client_address
from accounts.models import AuditEntry, AuditHead, User
from lib import clock, db

MASK = "•••"
# A field with one of these in its name never shows its value. Names of things about secrets (expires, prefix) are no secrets.
SECRET_WORDS = ("password", "secret", "token", "key", "digest", "cookie", "authorization", "credential", "passphrase", "recovery_code")
OPEN_FIELDS = frozenset({"single_keys", "tokens_ended", "key_id", "dedup_key", "token_prefix"})
SHORT = 20  # "key" also names steps and settings: short ones are words, long ones are secrets


def masked(value: Any) -> Any:
    """`value` as plain JSON, with the values of secret fields replaced at any depth."""
    if isinstance(value, dict):
        return {str(name): MASK if _is_secret(str(name), part) else masked(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(part) for part in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _is_secret(name: str, value: Any) -> bool:
    name = name.lower()
    if name in OPEN_FIELDS or value in (None, "", [], {}) or isinstance(value, bool):
        return False
    if name == "key":
        return len(str(value)) >= SHORT
    return any(word in name for word in SECRET_WORDS)


def digest(entry: AuditEntry) -> str:
    """The hash that chains `entry` to the one before it."""
    parts = [
        entry.seq,
        entry.at.astimezone(UTC).isoformat(),
        entry.actor_id,
        entry.actor_name,
        entry.via,
        entry.action,
        entry.target,
        entry.change,
        entry.address,
        entry.prev_hash,
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def record(
    action: str,
    *,
    actor: User | None,
    target: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    request: HttpRequest | Any = None,
    address: str = "",
) -> AuditEntry:
    """Append one entry. Call it last in the transaction: it locks the chain's head, and nothing may be locked after it.

    `actor` None means the system or the console; `address` is whence it came where `request` is over.
    Secrets in `before` and `after` are masked. Raises lib.db.StaleHead where the
    database cannot lock rows and another writer was faster; `lib.db.retried` repeats the whole transaction then.
    """
    with transaction.atomic():
        head = db.lock(AuditHead.objects.filter(pk=1)).first()
        if head is None:
            AuditHead.objects.get_or_create(pk=1)
            head = db.lock(AuditHead.objects.filter(pk=1)).get()
        entry = AuditEntry(
            seq=head.seq + 1,
            at=clock.now(),
            actor=actor,
            actor_name=str(actor)[:120] if actor else "",
            via=getattr(getattr(request, "auth", None), "prefix", ""),
            action=action,
            target=target[:200],
            change=json.dumps({"after": masked(after), "before": masked(before)}, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
            address=client_address(request) if request is not None else address,
            prev_hash=head.hash,
        )
        entry.hash = digest(entry)
        if not AuditHead.objects.filter(pk=1, seq=head.seq).update(seq=entry.seq, hash=entry.hash):
            raise db.StaleHead("the audit trail moved on")
        entry.save(force_insert=True)
    return entry


def head() -> tuple[int, str]:
    """Number and hash of the newest entry, to be anchored outside; (0, "") while there is none."""
    row = AuditHead.objects.filter(pk=1).first()
    return (row.seq, row.hash) if row else (0, "")


def invariants(*, full: bool = False) -> list[str]:
    """The whole chain when `full`; a quick audit leaves it to the table's triggers."""
    return verify() if full else []


def verify() -> list[str]:
    """Every way in which the trail is not what was written: gaps, changed entries, a cut tail. Empty when it is true."""
    found: list[str] = []
    last, last_hash = head()  # read first: what is written meanwhile comes after it
    expected, previous = 1, ""
    for entry in AuditEntry.objects.filter(seq__lte=last).order_by("seq").iterator(chunk_size=2000):
        if entry.seq != expected:
            found.append(f"audit entry {expected} is missing")
        elif entry.prev_hash != previous:
            found.append(f"audit entry {entry.seq} does not follow the one before it")
        if digest(entry) != entry.hash:
            found.append(f"audit entry {entry.seq} was changed")
        expected, previous = entry.seq + 1, entry.hash
    if (expected - 1, previous) != (last, last_hash):
        found.append(f"the audit trail ends at {expected - 1}, its head says {last}")
    if not last and AuditEntry.objects.exists() and head() == (0, ""):
        found.append("the audit trail has no head")
    return found
