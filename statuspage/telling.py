"""What a person (or the standard words) wants to tell the public: the one shape behind form, draft, command and REST."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from comms import public_words, word_list
from comms.public_words import Words
from lib import clock
from lib.errors import Refused
from lib.i18n import require_localized
from lib.text import whole
from statuspage.models import ComponentState, Kind

LONGEST_TITLE = 150
LONGEST_PROMISE = 7 * 24 * 60  # minutes
ENDING = (Kind.RESOLVED, Kind.WITHDRAWN)  # after them no update is promised


@dataclass(frozen=True)
class Telling:
    """An update before it is published. `title` {} keeps the post's; `next_minutes` None promises no time; `services`: {slug: state}."""

    kind: str
    symptom: str = ""
    advice: str = ""
    next_minutes: int | None = None
    free: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    title: Mapping[str, str] = field(default_factory=dict)

    def words(self, now: datetime) -> Words:
        """The phrases with the promised time as a moment."""
        ends = self.kind in ENDING or self.next_minutes is None
        next_at = None if ends else (now + timedelta(minutes=self.next_minutes or 0)).replace(second=0, microsecond=0)
        return Words(self.kind, self.symptom, self.advice, next_at, self.free, self.services)

    def dump(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {**asdict(self), "free": dict(self.free), "services": dict(self.services), "title": dict(self.title)}

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> "Telling":
        """Back from JSON; what an older release kept beside is let go."""
        return cls(**{name: kept[name] for name in cls.__dataclass_fields__ if name in kept})


def checked(told: Telling, *, all_the_same: bool) -> tuple[Telling, list[word_list.Hit]]:
    """The telling as it may be stored, with the hits of the word list that a person confirmed.

    Raises Refused (422) for what does not fit, WordsFound (409) for words that nobody confirmed.
    """
    if told.kind not in Kind.values:
        raise Refused(_("There is no kind “%(kind)s” of update.") % {"kind": str(told.kind)[:40]}, status=422)
    if told.next_minutes is not None and not 1 <= told.next_minutes <= LONGEST_PROMISE:
        raise Refused(_("A promise lies ahead, at most 7 days."), status=422)
    words, hits = public_words.checked(told.words(clock.now()), all_the_same=True)
    title = _title(told.title)
    hits = [*word_list.found({f"title {language}": text for language, text in title.items()}), *hits]
    if hits and not all_the_same:
        raise word_list.WordsFound(hits)
    return replace(told, free=words.free, title=title, services={slug: ComponentState(state).value for slug, state in told.services.items()}), hits


def _title(title: Mapping[str, str]) -> dict[str, str]:
    require_localized(title)
    found = {language: whole(text, LONGEST_TITLE) for language, text in title.items()}
    return {language: text for language, text in found.items() if text}
