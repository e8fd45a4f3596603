"""Strict JSON in, canonical JSON out."""

import json
import re
from typing import Any, NoReturn

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lib.errors import Refused

LONGEST_NUMBER = 100  # characters; a double needs 17 digits
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAYBE_UNSTORABLE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")


class BadJSON(Refused):
    """Bytes that are no acceptable JSON."""

    status = 400


def loads(raw: bytes | str, max_depth: int = 64) -> Any:
    """The value of strict JSON in UTF-8; :class:`BadJSON` says what is wrong. NUL and lone surrogates in strings are dropped."""
    text = raw.removeprefix("\ufeff") if isinstance(raw, str) else _decode(raw)
    if not text.strip():
        raise BadJSON(_("The body is empty; it takes JSON."))
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise BadJSON(_("The body is no JSON: %(what)s.") % {"what": f"{error.msg} (line {error.lineno}, column {error.colno})"}) from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    if (text.count("[") + text.count("{")) > max_depth:
        _check_depth(value, max_depth)
    if MAYBE_UNSTORABLE.search(raw.encode("utf-8", "replace") if isinstance(raw, str) else raw):
        value = _storable(value)
    return value


def canonical(value: Any) -> str:
    """The one text of a JSON value: sorted keys, no blanks, no escapes beyond need. ValueError for NaN, TypeError for what is no JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _decode(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw[:4]:
        raise BadJSON(_("The body is not in UTF-8."))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadJSON(_("The body is not in UTF-8 (byte %(at)d).") % {"at": error.start}) from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise BadJSON(_("The key “%(key)s” stands twice in one object.") % {"key": UNSTORABLE.sub("", key[:80])})
            seen.add(key)
    return found


def _integer(literal: str) -> int:
    if len(literal) > LONGEST_NUMBER:
        raise BadJSON(_("A number is too long."))
    return int(literal)


def _float(literal: str) -> float:
    value = float(literal) if len(literal) <= LONGEST_NUMBER else float("inf")
    if value in (float("inf"), float("-inf")):
        raise BadJSON(_("A number is too large."))
    return value


def _constant(literal: str) -> NoReturn:
    raise BadJSON(_("%(word)s is no JSON number.") % {"word": literal})


_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _too_deep(max_depth: int) -> BadJSON:
    detail: str | Promise = _("The JSON is nested more than %(depth)d deep.") % {"depth": max_depth}
    return BadJSON(detail)


def _check_depth(value: Any, max_depth: int) -> None:
    level = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > max_depth:
            raise _too_deep(max_depth)
        level = [child for parent in level for child in (parent.values() if type(parent) is dict else parent) if type(child) in (dict, list)]


def _storable(value: Any) -> Any:
    """The same without characters that no database stores. The depth is checked before."""
    if isinstance(value, str):
        return UNSTORABLE.sub("", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return _pairs([(UNSTORABLE.sub("", key), _storable(item)) for key, item in value.items()])
    return value
