"""Exact crashes for tests: PORTAL_FAILPOINTS="comms.after_send=kill@3"; inert in production."""

import functools
import logging
import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

logger = logging.getLogger(__name__)
ACTIONS = {"kill", "raise", "sleep", "stop"}


class FailpointHit(Exception):
    """Raised by a failpoint whose action is "raise"."""


class Failpoint(NamedTuple):
    """What happens at one place: `action`, its `seconds` for sleep, and at which hit (0: at each)."""

    action: str
    seconds: float
    at: int


def hit(name: str) -> None:
    """Do what PORTAL_FAILPOINTS says for `name`: nothing, unless PORTAL_TESTING=1 and it is named there."""
    if not settings.FAILPOINTS or not settings.TESTING:
        return
    point = parse(settings.FAILPOINTS).get(name)
    if point is None or (point.at and _count(name) != point.at):
        return
    logger.warning("failpoint %s: %s", name, point.action)
    if point.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif point.action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif point.action == "sleep":
        time.sleep(point.seconds)
    else:
        raise FailpointHit(name)


@functools.lru_cache(maxsize=8)
def parse(text: str) -> dict[str, Failpoint]:
    """The table of a setting like "a.b=kill,c.d=sleep:2@3"; ValueError when a word is not understood."""
    points = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        name, _equals, rest = word.partition("=")
        what, _at, number = rest.partition("@")
        action, _colon, seconds = what.partition(":")
        if not name or action not in ACTIONS or (action == "sleep") != bool(seconds):
            raise ValueError(f"PORTAL_FAILPOINTS: {word!r} is not name=kill|raise|sleep:2|stop, with @n for the nth hit only")
        points[name] = Failpoint(action, float(seconds or 0), int(number or 0))
    return points


def _count(name: str) -> int:
    """Which hit this is, over all processes and restarts: a process brought back after @3 does not fall on it again."""
    folder = Path(settings.DATA_DIR) / "failpoints"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, b".")
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    finally:
        os.close(descriptor)
