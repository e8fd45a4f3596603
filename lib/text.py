"""Text from outside, made safe to store and to show."""

import re
import unicodedata
from typing import Any

from django.utils.translation import gettext as _

from lib.errors import Refused

ANSI = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,16}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)?|[@-Z\\-_])")
# Controls but tab and newline, lone surrogates, marks and overrides of direction, byte order mark, non-characters.
UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]")
BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
JOINER = "\u200d"
MARKS_IN_A_ROW = 30  # Unicode's stream-safe limit; endless ones make normalisation quadratic


def clean(value: Any, limit: int, *, multiline: bool = False) -> str:
    """`value` as stored text: NFC, no control or direction characters, no ANSI colours, at most `limit` characters (then ending in “…”).

    One line, unless `multiline` keeps newlines and tabs. None is "".
    """
    if value is None or limit <= 0:
        return ""
    if type(value) is str and len(value) <= limit and value.isascii() and value.isprintable():  # nearly always
        return value.strip() if multiline else " ".join(value.split())
    text = value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
    reach = 4 * limit + 256  # as far as one looks; the rest is cut off anyhow
    is_cut = len(text) > reach
    text = BREAKS.sub("\n", ANSI.sub("", text[:reach]))
    text = UNWANTED.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _calm(text))
    text = text.strip() if multiline else " ".join(text.split())
    if len(text) > limit or is_cut:
        text = text[: limit - 1].rstrip().rstrip(JOINER) + "…"
    return text


def whole(value: str, limit: int, *, multiline: bool = False) -> str:
    """`value` as stored text, never cut. Raises Refused (422) that says how long it is and may be, in characters."""
    text = clean(value, 4 * limit, multiline=multiline)
    length = max(len(text), len(value) if len(value) > 4 * limit else 0)
    if length > limit:
        told = {"length": length, "limit": limit}
        raise Refused(_("This has %(length)d characters; %(limit)d fit. Shorten it, or put it into two.") % told, status=422)
    return text


def _calm(text: str) -> str:
    """Without the combining marks that follow thirty others."""
    kept, row = [], 0
    for letter in text:
        row = row + 1 if unicodedata.combining(letter) else 0
        if row <= MARKS_IN_A_ROW:
            kept.append(letter)
    return "".join(kept)
