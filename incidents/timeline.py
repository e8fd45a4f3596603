"""The story: `record` is its only writer, `lines` its reader."""

import hashlib
import json
import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from incidents import reactions
from incidents.catalogue import Category, Sentence, as_html, as_text, sentences
from incidents.models import Incident, TimelineBody, TimelineEntry
from incidents.playbook import incident_playbook
from lib import clock, markup
from lib.db import StaleHead
from lib.jsonio import canonical
from lib.nudge import nudge

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """One entry as a reader sees it, in one language and with nothing of the viewer in it."""

    seq: int
    kind: str
    category: Category
    icon: str
    actor_id: int | None
    actor_name: str
    source: str
    at: datetime
    recorded_at: datetime
    html: SafeString
    text: str
    why: str
    is_redacted: bool
    hash: str
    prev_hash: str

    @property
    def is_machine(self) -> bool:
        """Whether no person did this."""
        return self.actor_id is None

    @property
    def is_backdated(self) -> bool:
        """Whether it tells of a time more than a minute before it was written."""
        return self.recorded_at - self.at > timedelta(minutes=1)


def digest_of(salt: str, content: str) -> str:
    """What the header says of its body: sha256(salt ‖ canonical stored text)."""
    return hashlib.sha256((salt + content).encode()).hexdigest()


def hash_of(entry: TimelineEntry, reference: str) -> str:
    """The chain's link: every header field and the previous link."""
    fields = [
        entry.prev_hash,
        reference,
        entry.seq,
        entry.kind,
        entry.actor_id,
        entry.source,
        entry.at.astimezone(UTC).isoformat(),
        entry.recorded_at.astimezone(UTC).isoformat(),
        entry.digest,
    ]
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def record(
    incident: Incident,
    kind: str,
    *,
    actor: Any = None,
    data: dict[str, Any] | None = None,
    text: str = "",
    at: datetime | None = None,
    source: str = "",
) -> TimelineEntry:
    """Append one entry and run its reactions, all in the caller's transaction, which holds the incident.

    `data` is plain JSON (codes, slugs, names), never a sentence; `text` is a person's own words in Markdown.
    Raises StaleHead when another transaction wrote first (the caller's `retried` begins again), LookupError for a kind
    that no room declared.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an entry is recorded inside the transaction of what it tells")
    if kind not in sentences():
        raise LookupError(f"no room declares the timeline kind {kind!r}")
    now = clock.now()
    content = canonical({"data": data or {}, "text": text})
    salt = secrets.token_hex(16)
    entry = TimelineEntry(
        incident=incident,
        seq=incident.last_seq + 1,
        kind=kind,
        actor=actor,
        source=source,
        at=at or now,
        recorded_at=now,
        digest=digest_of(salt, content),
        prev_hash=incident.last_hash,
    )
    entry.hash = hash_of(entry, incident.reference)
    _advance_head(incident, entry, is_sign_of_life=actor is not None)
    entry.save(force_insert=True)
    entry.body = TimelineBody.objects.create(entry=entry, salt=salt, content=content)
    nudge("live")
    reactions.announce(entry, incident, data or {})
    return entry


def _advance_head(incident: Incident, entry: TimelineEntry, *, is_sign_of_life: bool) -> None:
    """Compare-and-set the incident's head: gapless numbers in commit order on either database."""
    head: dict[str, Any] = {"last_seq": entry.seq, "last_hash": entry.hash, "moved_at": entry.recorded_at}
    if is_sign_of_life and incident.acknowledged_until and incident.is_open:
        lease = incident_playbook(incident).severity(incident.severity).ack_lease_seconds
        if lease:
            head |= {"acknowledged_until": entry.recorded_at + timedelta(seconds=lease), "acknowledgement_asked_at": None}
    if not Incident.objects.filter(pk=incident.pk, last_seq=incident.last_seq).update(**head):
        raise StaleHead(f"{incident.reference}: entry {entry.seq} was written by another transaction")
    for name, value in head.items():
        setattr(incident, name, value)


def lines(
    incident: Incident, *, after: int = 0, before: int | None = None, limit: int = 50, language: str | None = None, categories: Iterable[Category] = ()
) -> list[Line]:
    """Entries in story order: the first `limit` after a sequence, or with `before` the last `limit` ahead of it. Two queries at most."""
    entries = TimelineEntry.objects.filter(incident=incident, seq__gt=after).select_related("body", "actor")
    if wanted := set(categories):
        entries = entries.filter(kind__in=[kind for kind, sentence in sentences().items() if sentence.category in wanted])
    if before is not None:
        return read(reversed(entries.filter(seq__lt=before).order_by("-seq")[:limit]), language=language)
    return read(entries.order_by("seq")[:limit], language=language)


def read(entries: Iterable[TimelineEntry], *, language: str | None = None) -> list[Line]:
    """The lines of `entries` (with body and actor loaded) in `language`, default the active one."""
    with translation.override(language or translation.get_language()):
        return [_line(entry) for entry in entries]


def _line(entry: TimelineEntry) -> Line:
    sentence = sentences().get(entry.kind)
    if entry.body.redacted:
        said, why, words = _("This entry was redacted."), "", ""
    else:
        content: dict[str, Any] = json.loads(entry.body.content)
        said, why = _say(entry, sentence, content["data"])
        words = content["text"]
    parts = [f"<p class='said'>{as_html(said)}</p>" if said else "", f"<div class='words'>{markup.render(words, pictures=True)}</div>" if words else ""]
    return Line(
        seq=entry.seq,
        kind=entry.kind,
        category=sentence.category if sentence else "system",
        icon=sentence.icon if sentence else "dot",
        actor_id=entry.actor_id,
        actor_name=str(entry.actor) if entry.actor else "",
        source=entry.source,
        at=entry.at,
        recorded_at=entry.recorded_at,
        html=mark_safe("".join(parts)),  # noqa: S308 - the sentence is escaped, the words went through nh3
        text="\n\n".join(part for part in (as_text(said), words) if part),
        why=why,
        is_redacted=entry.body.redacted,
        hash=entry.hash,
        prev_hash=entry.prev_hash,
    )


def _say(entry: TimelineEntry, sentence: Sentence | None, data: dict[str, Any]) -> tuple[str, str]:
    """The sentence and its why. One that cannot be made (a kind of an older release) must not hide the rest of the story."""
    if sentence is None:
        return entry.kind, ""
    try:
        return str(sentence.render(data)), str(sentence.why(data)) if sentence.why else ""
    except (KeyError, TypeError, ValueError):
        logger.exception("%s#%s: the sentence of %s cannot be made", entry.incident_id, entry.seq, entry.kind)
        return entry.kind, ""
