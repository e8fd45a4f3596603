"""What a mail to the users says (`manual.md §7`), made once per announcement and language; webhooks get it as JSON in both."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from comms import letter_promises, public_names, publication
from comms.catalogue import Content, Occasion
from comms.models import Announcement
from comms.public_words import Words
from incidents.models import Incident
from lib import clock
from lib.i18n import LANGUAGES, strung
from lib.times import span, stamp

MARK = "@@unsubscribe@@"  # stands for the reader's own link


@dataclass(frozen=True)
class Facts:
    """What the letter is about; of a private incident nothing but the words."""

    reference: str
    began: datetime | None


def facts_of(announcement: Announcement) -> Facts:
    """As they were when it was sent."""
    incident: Incident = announcement.incident
    if announcement.is_own_words or incident.is_private:
        return Facts("", None)
    return Facts(incident.reference, incident.began_at)


def promises(announcement: Announcement) -> tuple[str, str]:
    """By when recovery is expected and when the next mail comes, in the active language, "" for what it does not say: moments, and
    while none is known, as in a draft, the time from its leaving."""
    if announcement.leaves_at is None:
        lengths = letter_promises.to_recovery(announcement, clock.now() + letter_promises.UNDO), announcement.promise_seconds
        recovery, coming = (_("within %(time)s of its leaving") % {"time": span(length)} if length else "" for length in lengths)
    else:
        kept = (announcement.words.get(name) for name in ("recovery_at", "next_at"))
        recovery, coming = (_("by %(time)s") % {"time": stamp(datetime.fromisoformat(moment))} if moment else "" for moment in kept)
    return recovery, coming


def subject(announcement: Announcement, language: str) -> str:
    """The subject in `language`, which is active."""
    words, reference = Words.load(announcement.words), facts_of(announcement).reference
    product = publication.product(language).name
    if words.state == "resolved":
        said = _("[%(product)s] service restored") % {"product": product}
    elif words.state in ("withdrawn", "correction"):
        said = _("[%(product)s] correction") % {"product": product}
    else:
        said = _("[%(product)s] service disruption") % {"product": product}
    return f"{said} – {reference}" if reference else said


def content(announcement: Announcement, language: str) -> Content:
    """The letter in `language`, which is active; its link for ending the subscription is MARK."""
    words, facts, product = Words.load(announcement.words), facts_of(announcement), publication.product(language)
    recovery, coming = promises(announcement)
    first, *rest = replace(words, next_at=None).paragraphs(language)
    told = [
        (_("Started at"), stamp(facts.began) if facts.began else ""),
        (_("Scope"), strung(_("%(service)s: %(level)s") % {"service": service, "level": level} for service, level in words.scope(language))),
        (_("Expected recovery"), recovery),
        (_("Next update"), coming),
        (_("Status page"), f"{settings.STATUS_URL}/" if not settings.STATUS_URL.endswith("/") else settings.STATUS_URL),
        (_("Support"), " · ".join(part for part in (product.support_mail, product.support_url) if part)),
    ]
    return Content(
        subject=subject(announcement, language),
        lead=first,
        facts=tuple((label, value) for label, value in told if value),
        words="\n\n".join(rest[:-1] if coming else rest),
        why=_("You get this because you asked to hear of incidents of %(product)s.") % {"product": product.name},
        unsubscribe=MARK,
    )


def render(occasion: Occasion) -> Content:
    """For the catalogue: an announcement is rendered from its own row."""
    raise LookupError("an announcement is rendered by its row, not by parameters")


def services_of(words: Words) -> list[dict[str, Any]]:
    """The services under their public names: no inner one leaves the house."""
    names = public_names.shown()
    return [{"name": names[slug], "level": level} for slug, level in words.services.items() if slug in names]


def as_json(announcement: Announcement, *, is_exercise: bool) -> dict[str, Any]:
    """What a webhook gets: the same words in both languages."""
    words, facts = Words.load(announcement.words), facts_of(announcement)
    texts = {}
    for language in LANGUAGES:
        with override(language):
            said = subject(announcement, language)
            texts[language] = {"subject": f"{pgettext('drill', 'EXERCISE')} · {said}" if is_exercise else said, "paragraphs": words.paragraphs(language)}
    return {
        "type": "incident.update",
        "timestamp": (announcement.leaves_at or announcement.created_at).isoformat(),
        "data": {
            "incident": facts.reference or None,
            "state": words.state,
            "began_at": facts.began.isoformat() if facts.began else None,
            "services": services_of(words),
            "next_update_at": words.next_at.isoformat() if words.next_at else None,
            "texts": texts,
            "exercise": is_exercise,
        },
    }
