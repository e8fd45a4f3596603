"""What the public is told, as data: the same words for status page and user mail, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.utils.translation import gettext as _

from comms import phrases, public_names, word_list
from incidents import playbook
from lib.errors import Refused
from lib.i18n import LANGUAGES, pick, require_localized
from lib.text import whole
from lib.times import offset_name

LONGEST_FREE = 4000
LEVELS = ("operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance")
LAST_STATES = ("resolved", "withdrawn")  # nothing follows on them
NEXT = {"in_30": timedelta(minutes=30), "in_60": timedelta(minutes=60), "when_known": None, "none": None}  # what one may choose, by its phrase


@dataclass(frozen=True)
class Words:
    """An update for the public: names of phrases, when the next one comes, and free text per language.

    `services` maps slugs to one of LEVELS: what is said of them. `hears` are slugs whose readers hear it too, though nothing is
    said of them. `free` is plain text; blank lines part its paragraphs.
    """

    state: str
    symptom: str = ""
    advice: str = ""
    next_at: datetime | None = None
    free: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    hears: tuple[str, ...] = ()

    def paragraphs(self, language: str, *, zone: tzinfo = UTC) -> list[str]:
        """The text in `language`, phrases before the free words; times in `zone`."""
        rules = playbook.current()
        keys = [f"{group}.{name}" for group, name in (("state", self.state), ("symptom", self.symptom), ("advice", self.advice)) if name]
        said = " " if language == "en" else ""
        first = said.join(phrases.sentence(key, language, rules=rules) for key in keys)
        free = [part.strip() for part in (self.free.get(language) or "").split("\n\n")]
        return [first, *(part for part in free if part), self._next(language, rules, zone)]

    def _next(self, language: str, rules: playbook.Playbook, zone: tzinfo) -> str:
        if self.next_at is not None:
            return phrases.sentence("next.at", language, rules=rules, time=clock_time(self.next_at, zone))
        return phrases.sentence("next.none" if self.state in LAST_STATES else "next.when_known", language, rules=rules)

    def scope(self, language: str) -> list[tuple[str, str]]:
        """Each service that the public may hear of, under its public name, with its state; both in `language`."""
        rules, names = playbook.current(), public_names.shown()
        return [
            (pick(names[slug], language), phrases.sentence(f"level.{level}", language, rules=rules)) for slug, level in self.services.items() if slug in names
        ]

    def texts(self) -> dict[str, str]:
        """What people wrote, by language: what the word list looks at."""
        return {language: text for language, text in self.free.items() if text.strip()}

    def dump(self) -> dict[str, Any]:
        """As JSON keeps it."""
        moment = self.next_at.isoformat() if self.next_at else None
        return {**vars(self), "next_at": moment, "free": dict(self.free), "services": dict(self.services), "hears": list(self.hears)}

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> "Words":
        """Back from JSON; what a letter keeps beside is let go."""
        moment = datetime.fromisoformat(kept["next_at"]) if kept.get("next_at") else None
        own = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        return cls(**{**own, "next_at": moment, "hears": tuple(kept.get("hears") or ())})


def checked(words: Words, *, all_the_same: bool = False) -> tuple[Words, list[word_list.Hit]]:
    """The words as they may be stored, and the hits of the word list, in text and public names, that a person confirmed.

    Raises Refused (422) for a phrase, language, level or length that does not fit and for a service that is hidden or unknown,
    WordsFound (409) for hits nobody confirmed.
    """
    for group, name in (("state", words.state), ("symptom", words.symptom), ("advice", words.advice)):
        if (name or group == "state") and not phrases.is_known(f"{group}.{name}"):
            raise Refused(_("There is no phrase “%(name)s”.") % {"name": f"{group}.{name}"[:60]}, status=422)
    require_localized(words.free)
    if not set(words.services.values()) <= set(LEVELS):
        raise Refused(_("A text takes the languages “en” and “zh-hans”, a service one of the known levels."), status=422)
    names = public_names.shown()
    if missing := sorted(set(words.services) - set(names)):
        raise Refused(_("The public page shows no component “%(slug)s”.") % {"slug": missing[0][:60]}, status=422)
    free = {language: whole(text, LONGEST_FREE, multiline=True) for language, text in words.free.items()}
    kept = replace(words, free={language: text for language, text in free.items() if text}, services=dict(words.services))
    said = {f"services {language}": "\n".join(pick(names[slug], language) for slug in kept.services) for language in LANGUAGES}
    return kept, word_list.require({**kept.texts(), **said}, all_the_same=all_the_same)


def clock_time(moment: datetime, zone: tzinfo) -> str:
    """A time of day with its offset: "14:30 UTC", "22:30 UTC+8"."""
    local = moment.astimezone(zone)
    return f"{local:%H:%M} {offset_name(local)}"
