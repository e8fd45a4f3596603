"""Matchers as Alertmanager writes them, over labels; a pattern that could take long is refused before it is used. Pure.

Python's engine backtracks, so a pattern is measured beforehand: `_ways` bounds in how many ways it can be tried against the longest value.
Twenty characters of nested quantifiers would hold a process for hours; what is taken here costs milliseconds at worst (docs/decisions/0015).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from django.utils.translation import gettext as _

from detection.normal import LONGEST_LABEL, LONGEST_NAME
from lib.errors import Refused
from lib.text import clean

OPS = ("=", "!=", "=~", "!~")
PATTERNS = ("=~", "!~")
MOST = 20  # matchers of one silence
LONGEST_PATTERN = 200  # characters
LONGEST_VALUE = 256  # characters of a label's value; a longer one matches no pattern, and none of its opposite either
MOST_WAYS = 400_000  # of trying a pattern; `.*foo.*` has 66,000
EVERYTHING = ("", "x", "Az_09 .-/:")  # what matches each of these matches whatever comes

Matcher = Mapping[str, str]


def checked(said: Iterable[Any], *, has_source: bool) -> list[dict[str, str]]:
    """Matchers as they are stored. Raises Refused (422) for one that cannot be used, and when all of them together leave nothing out.

    Without a source at least one of them must be one that not every alert meets.
    """
    found = [_checked(one) for one in list(said)[: MOST + 1]]
    if len(found) > MOST:
        raise Refused(_("At most %(count)s matchers.") % {"count": MOST}, status=422)
    if not has_source and leaves_nothing_out(found):
        raise Refused(_("Say which alerts: at least one matcher must leave some out."), status=422)
    return found


def leaves_nothing_out(found: Iterable[Matcher]) -> bool:
    """Whether practically every alert meets all of them; `a != "b"` leaves out only those that say b, and so counts as leaving out nothing."""
    return all(_matches_everything(one) for one in found)


def _checked(said: Any) -> dict[str, str]:
    parts = {name: said.get(name) for name in ("label", "op", "value")} if isinstance(said, Mapping) else {}
    if not parts or not all(isinstance(part, str) for part in parts.values()):
        raise Refused(_("A matcher has a label, an operator and a value."), status=422)
    label, value = clean(parts["label"], LONGEST_NAME + 1), clean(parts["value"], LONGEST_LABEL + 1, multiline=True)
    if not label or len(label) > LONGEST_NAME:
        raise Refused(_("A matcher needs the name of a label."), status=422)
    if parts["op"] not in OPS:
        raise Refused(_("The operator is one of = != =~ !~."), status=422)
    if parts["op"] in PATTERNS:
        _compiled(value)
    elif len(value) > LONGEST_LABEL:
        raise Refused(_("The value of %(label)s is none that a label can have.") % {"label": label}, status=422)
    return {"label": label, "op": parts["op"], "value": value}


def matches(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether all of them match; a label that is not there has the value ""."""
    return all(_matches(one, str(labels.get(one["label"], ""))) for one in matchers)


def _matches(matcher: Matcher, value: str) -> bool:
    if matcher["op"] in PATTERNS:
        pattern = _usable(matcher["value"])
        return pattern is not None and len(value) <= LONGEST_VALUE and bool(pattern.fullmatch(value)) is (matcher["op"] == "=~")
    return (value == matcher["value"]) is (matcher["op"] == "=")


def _matches_everything(matcher: Matcher) -> bool:
    return all(_matches(matcher, value) for value in EVERYTHING if matcher["op"] in ("=", "=~") or value != matcher["value"])


@lru_cache(maxsize=1024)
def _usable(pattern: str) -> re.Pattern[str] | None:
    """None for one that was stored under other bounds than today's: it matches nothing, and shuts no door."""
    try:
        return _compiled(pattern)
    except Refused:
        return None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Raises Refused (422) for a pattern that is none, is too long or could take long."""
    about = {"pattern": clean(pattern, 80)}
    if len(pattern) > LONGEST_PATTERN:
        raise Refused(_("A pattern has at most %(count)s characters.") % {"count": LONGEST_PATTERN}, status=422)
    try:
        tree = parser.parse(pattern, re.DOTALL)
        found = re.compile(pattern, re.DOTALL)
    except (re.error, OverflowError, RecursionError):
        raise Refused(_("“%(pattern)s” is no regular expression.") % about, status=422) from None
    if tree.state.flags & ~(re.UNICODE | re.DOTALL) or _ways(tree) > MOST_WAYS:
        raise Refused(_("“%(pattern)s” could take too long to try. Use fewer stars, none inside a repeated group, and no look-around.") % about, status=422)
    return found


def _ways(tree: Any) -> float:
    """In how many ways at most this is tried against the longest value: parts after each other multiply, alternatives add up."""
    ways: float = 1
    for code, detail in tree:
        ways *= _ways_of(code, detail)
    return ways


def _ways_of(code: Any, detail: Any) -> float:
    if code in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN, codes.AT):
        return 1
    if code is codes.SUBPATTERN:
        return _ways(detail[3])
    if code is codes.BRANCH:
        return sum(_ways(one) for one in detail[1])
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        least, most, inner = detail
        if most <= 1:
            return 1 + _ways(inner)
        if len(inner) == 1 and inner[0][0] in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            return float(min(most, LONGEST_VALUE) - min(least, LONGEST_VALUE) + 1)
    return float("inf")  # a repeated group, a look-around, a reference back
