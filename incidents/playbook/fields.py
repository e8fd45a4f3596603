"""The kinds of values a playbook item may hold, and what is wrong with one that does not fit."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from lib.i18n import LANGUAGES, listed

SEVERITIES = ("P1", "P2", "P3", "P4")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A value of an item under `name`. `required` ones may be neither absent nor empty."""

    name: str
    label: Any
    hint: Any = ""
    required: bool = False
    blank: ClassVar[Any] = None  # what counts as absent besides null

    def problems(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with `value` inside `content`; nothing when it is absent and may be."""
        if value is None or value == self.blank:
            if self.required:
                yield _("is missing")
            return
        yield from self.wrong(value, content)

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with a value that is there."""
        yield from ()


def _bad_text(value: Any, limit: int) -> str:
    if not isinstance(value, str):
        return _("takes text")
    if len(value) > limit:
        return _("is longer than %(limit)s characters") % {"limit": limit}
    return _("holds control characters") if CONTROL.search(value) else ""


@dataclass(frozen=True, kw_only=True)
class Line(Field):
    """One line of text, the same in every language (a channel, an address)."""

    blank: ClassVar[Any] = ""
    limit: int = 100

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if problem := _bad_text(value, self.limit):
            yield problem


@dataclass(frozen=True, kw_only=True)
class Url(Field):
    """An address with http or https."""

    blank: ClassVar[Any] = ""

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if problem := _bad_text(value, 200):
            yield problem
            return
        try:
            parts = urlsplit(value)
            parts.port  # noqa: B018 - raises when the port is no number
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.hostname or " " in value:
            yield _("takes an address that begins with https:// or http://")


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A text in both languages: {"en": …, "zh-hans": …}; one of them may be missing."""

    blank: ClassVar[Any] = {}
    limit: int = 400

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _("takes a text per language")
            return
        for language, text in value.items():
            if language not in LANGUAGES:
                yield _("knows no language “%(language)s”") % {"language": str(language)[:20]}
            elif problem := _bad_text(text, self.limit):
                yield problem
        if self.required and not any(isinstance(text, str) and text.strip() for text in value.values()):
            yield _("is missing")


@dataclass(frozen=True, kw_only=True)
class Texts(Field):
    """A list of texts, each in both languages."""

    blank: ClassVar[Any] = []

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if not isinstance(value, list) or len(value) > 50:
            yield _("takes a list of at most %(limit)s") % {"limit": 50}
            return
        one = Text(name=self.name, label=self.label, required=True)
        for text in value:
            yield from one.problems(text, content)


@dataclass(frozen=True, kw_only=True)
class Seconds(Field):
    """A length of time in whole seconds."""

    low: int = 0
    high: int = 366 * 86400

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            yield _("takes whole seconds from %(low)s to %(high)s") % {"low": self.low, "high": self.high}


@dataclass(frozen=True, kw_only=True)
class PerSeverity(Field):
    """Seconds by severity: {"P1": 300, "P2": null}. A severity that is absent is not meant; null has no limit."""

    blank: ClassVar[Any] = {}

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if not isinstance(value, dict) or not set(value) <= set(SEVERITIES):
            yield _("takes seconds by severity, P1 to P4")
            return
        one = Seconds(name=self.name, label=self.label)
        for severity, seconds in value.items():
            yield from (f"{severity} {problem}" for problem in one.problems(seconds, content))


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """A number between `low` and `high`; `is_whole` forbids fractions."""

    low: float = 0
    high: float = 1_000_000
    is_whole: bool = False

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        kinds = int if self.is_whole else int | float
        if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value) or not self.low <= value <= self.high:
            yield _("takes a number from %(low)s to %(high)s") % {"low": f"{self.low:g}", "high": f"{self.high:g}"}


@dataclass(frozen=True, kw_only=True)
class Flag(Field):
    """Yes or no."""

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if not isinstance(value, bool):
            yield _("takes true or false")


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One of `choices` (value, label)."""

    blank: ClassVar[Any] = ""
    choices: tuple[tuple[str, Any], ...] = ()

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        allowed = [code for code, label in self.choices]
        if value not in allowed:
            yield _("takes one of %(choices)s") % {"choices": listed(allowed)}


@dataclass(frozen=True, kw_only=True)
class Reference(Field):
    """The key of an item in section `to`."""

    blank: ClassVar[Any] = ""
    to: str = ""

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if not isinstance(value, str) or value not in content.get(self.to, {}):
            yield _("names “%(key)s”, which is not in “%(section)s”") % {"key": str(value)[:60], "section": self.to}


@dataclass(frozen=True, kw_only=True)
class References(Field):
    """Keys of items in section `to`, each once."""

    blank: ClassVar[Any] = []
    to: str = ""

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if not isinstance(value, list) or len(value) != len({str(key) for key in value}):
            yield _("takes a list of keys, each once")
            return
        one = Reference(name=self.name, label=self.label, to=self.to)
        for key in value:
            yield from one.problems(key, content)


@dataclass(frozen=True, kw_only=True)
class Conditions(Field):
    """Timeline kinds that tick a step: `kind` or `kind:field=value|value,field=value`; stored blank-separated in 200 characters."""

    blank: ClassVar[Any] = []
    PATTERN: ClassVar[re.Pattern[str]] = re.compile(r"[a-z_]+(\.[a-z_]+)+(:[a-z_]+=[^\s,=]+(,[a-z_]+=[^\s,=]+)*)?")

    def wrong(self, value: Any, content: Mapping[str, Any]) -> Iterator[str]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            yield _("takes a list of timeline kinds")
            return
        for word in value:
            if not self.PATTERN.fullmatch(word):
                yield _("holds “%(word)s”; it takes a kind, or kind:field=value") % {"word": word[:60]}
        if len(" ".join(value)) > 200:
            yield _("is longer than %(limit)s characters") % {"limit": 200}
