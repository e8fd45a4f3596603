"""Finds what should stay inside before a text becomes public: inner host names and addresses, and the playbook's list of words."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comms.playbook import PRODUCT, WHY, WORDS
from incidents import playbook
from lib.errors import Refused
from lib.i18n import pick

MOST_HITS = 50
_LETTER = r"[^\W_\u2e80-\U0010ffff]"  # of a script that parts its words
# host.example.com: labels joined by dots, the last of letters; also after an @ or inside an address of the web.
_HOST = re.compile(r"(?<![a-z0-9_.-])(?:[a-z0-9_](?:[a-z0-9_-]{0,62}[a-z0-9_])?\.){1,10}[a-z][a-z-]{0,61}[a-z](?![a-z0-9_-])")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![0-9a-f:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![0-9a-f:])")
_PORT = re.compile(r"(?<![a-z0-9_.-])[a-z][a-z0-9_-]{0,62}:\d{2,5}(?!\d)")  # redis-0:6379
_POD = re.compile(r"(?<![a-z0-9_.-])[a-z][a-z0-9-]{0,200}-[a-f0-9]{8,10}-[a-z0-9]{5}(?![a-z0-9_-])")  # api-7d9f8b6c54-x2lqz
_SPLIT = re.compile(r"[,，、;；\n]")


@dataclass(frozen=True)
class Hit:
    """A word that should stay inside: why (a code of the playbook's list, or "address"), and in which text."""

    word: str
    why: str
    where: str
    instead: str = ""

    @property
    def reason(self) -> str:
        """Why, for a reader."""
        return _("an address of the network") if self.why == "address" else str(dict(WHY).get(self.why, self.why))


class WordsFound(Refused):
    """Publishing stops here and asks: `hits` are what was found."""

    def __init__(self, hits: list[Hit]):
        self.hits = hits
        said = ngettext("%(count)s word should stay inside: %(words)s", "%(count)s words should stay inside: %(words)s", len(hits))
        super().__init__(said % {"count": len(hits), "words": " · ".join(hit.word for hit in hits)}, words=[as_data(hit) for hit in hits])


def found(texts: Mapping[str, str]) -> list[Hit]:
    """Every word of `texts` ({where: text}) that should stay inside, each once per text, in reading order."""
    rules = playbook.current()
    items = rules.items(WORDS) or playbook.SECTIONS[WORDS].shipped()
    allowed = frozenset(_own_hosts(rules))
    listed = tuple((word, item["why"], pick(item.get("instead"))) for item in items.values() for word in _words(item.get("words") or ""))
    hits: dict[tuple[str, str], Hit] = {}
    for where, text in texts.items():
        for _at, word, why, instead in sorted(_hits(_folded(text), listed, allowed)):
            hits.setdefault((where, word), Hit(word, why, where, instead))
    return list(hits.values())[:MOST_HITS]


def require(texts: Mapping[str, str], *, all_the_same: bool = False) -> list[Hit]:
    """The hits that a person confirmed with `all_the_same` (to be recorded). Raises WordsFound (409) for any that nobody did."""
    hits = found(texts)
    if hits and not all_the_same:
        raise WordsFound(hits)
    return hits


def as_data(hit: Hit) -> dict[str, Any]:
    """As JSON carries it: to machines, to the record."""
    return asdict(hit)


def _words(line: str) -> Iterator[str]:
    return (word for part in _SPLIT.split(line) if (word := _folded(part).strip()))


def _folded(text: str) -> str:
    """For comparing: compatible forms as one, without case."""
    return unicodedata.normalize("NFKC", text).casefold()


def _hits(text: str, listed: Iterable[tuple[str, str, str]], allowed: frozenset[str]) -> Iterator[tuple[int, str, str, str]]:
    for word, why, instead in listed:
        if word.startswith("."):
            yield from ((found.start(), found[0], why, instead) for found in _ending(word).finditer(text))
        else:
            yield from ((found.start(), found[0], why, instead) for found in _whole(word).finditer(text))
    endings = tuple(word for word, _why, _instead in listed if word.startswith("."))
    for found in _HOST.finditer(text):
        if found[0] not in allowed and not found[0].endswith(endings):
            yield found.start(), found[0], "host", ""
    for pattern in (_PORT, _POD):
        yield from ((found.start(), found[0], "host", "") for found in pattern.finditer(text) if found[0].partition(":")[0] not in allowed)
    for pattern in (_IPV4, _IPV6):
        yield from ((found.start(), found[0], "address", "") for found in pattern.finditer(text) if _is_address(found[0]))


@lru_cache(maxsize=2048)
def _whole(word: str) -> re.Pattern[str]:
    """A word of its own where its script parts words; anywhere in a script that does not."""
    before = rf"(?<!{_LETTER})" if _parts_words(word[0]) else ""
    after = rf"(?!{_LETTER})" if _parts_words(word[-1]) else ""
    return re.compile(f"{before}{re.escape(word)}{after}")


@lru_cache(maxsize=256)
def _ending(word: str) -> re.Pattern[str]:
    """A host whose name ends so."""
    return re.compile(rf"(?<![a-z0-9_-])(?:[a-z0-9_-]{{1,63}}\.){{0,10}}[a-z0-9_-]{{1,63}}{re.escape(word)}(?![a-z0-9_-]|\.[a-z0-9_])")


def _parts_words(letter: str) -> bool:
    return letter.isalnum() and letter < "\u2e80"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return text != "::"


def _own_hosts(rules: playbook.Playbook) -> Iterator[str]:
    """Hosts that the public knows anyway: the status page's, the public portal's, those of the support addresses."""
    item = rules.items(PRODUCT).get("product") or {}
    for url in (settings.STATUS_URL, settings.PUBLIC_URL, item.get("support_url") or ""):
        if host := urlsplit(url).hostname:
            yield host
    if (mail := item.get("support_mail") or "").count("@") == 1:
        yield mail.partition("@")[2].lower()
