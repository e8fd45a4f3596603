"""What several senders' payloads are made of: names with texts, times, links, identities."""

import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from detection.normal import EARLIEST, LATEST, LONGEST_NAME, MOST_LABELS, BadAlert
from lib.text import clean

RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,18}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
ZERO_YEAR = 1  # Go writes "no time" as 0001-01-01T00:00:00Z: the normal endsAt of a firing alert
LONGEST_IDENTITY = 64  # Alert.fingerprint
LONGEST_KEY = 255  # of a dedup_key, as PagerDuty documents it
TEST = "portal-test"  # the identity of the alert that a source's page sends


def texts(value: Any, longest: int, reason: str) -> tuple[dict[str, str], bool]:
    """Names with texts, cleaned, and whether something was cut off. Names are data: `__proto__` is a name like any other."""
    if value is None:
        return {}, False
    if not isinstance(value, dict):
        raise BadAlert(reason)
    found: dict[str, str] = {}
    cut = len(value) > MOST_LABELS
    for name, text in sorted(value.items())[:MOST_LABELS]:
        if isinstance(text, bool | int | float):
            text = str(text).lower() if isinstance(text, bool) else str(text)
        if not isinstance(text, str):
            raise BadAlert(reason, name)
        cut = cut or len(text) > longest or len(name) > LONGEST_NAME
        found[tidy(name, LONGEST_NAME)] = tidy(text, longest)
    return found, cut


def tidy(text: str, longest: int) -> str:
    """As `lib.text.clean` over several lines."""
    return clean(text, longest, multiline=True)


def moment(value: Any, field: str) -> tuple[datetime | None, bool]:
    """A time in UTC to the microsecond, or None; and whether there is one that is of no use. Raises BadAlert for what is no time."""
    if value is None or value == "":
        return None, False
    match = RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadAlert("bad_time", field)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if year <= ZERO_YEAR:
        return None, False
    micro = int((match[7] or "0")[:6].ljust(6, "0"))
    try:
        found = datetime(year, month, day, hour, minute, min(second, 59), micro, tzinfo=_zone(match[8])).astimezone(UTC)
    except ValueError:
        raise BadAlert("bad_time", field) from None
    except OverflowError:  # the last hours of 9999 in a zone behind UTC
        return None, True
    return (found, False) if EARLIEST <= found <= LATEST else (None, True)


def link(value: Any) -> str:
    """A link that a browser may follow, or nothing: `javascript:` and the like are no links."""
    text = clean(value, 2001) if isinstance(value, str) else ""
    return text if len(text) <= 2000 and text.lower().startswith(("http://", "https://")) and not any(mark in text for mark in " <>\"'`\\") else ""


def identity(key: str) -> str:
    """What a sender calls an alert, as its fingerprint: itself if that fits and is plain, else a hash of exactly this text."""
    return key if len(key) <= LONGEST_IDENTITY and clean(key, LONGEST_IDENTITY) == key else hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _zone(text: str) -> timezone:
    if text in "Zz":
        return UTC
    hours, minutes = text[1:].split(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if text[0] == "-" else offset)
