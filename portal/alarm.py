"""Carries one sentence outside by ALARM_URL, directly: it must work when rows, queues and channels do not."""

import logging
import threading
import time

import httpx
from django.conf import settings

from lib import egress

log = logging.getLogger(__name__)
AGAIN_SECONDS = 600.0

told: dict[str, float] = {}
telling = threading.Lock()


def ring(key: str, text: str) -> bool:
    """POST `text` to ALARM_URL, once in ten minutes for one `key`; True when it was taken. Never raises."""
    log.error("alarm: %s", text)
    if not settings.ALARM_URL:
        return False
    with telling:
        now = time.monotonic()
        if now - told.get(key, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return False
        told[key] = now
    is_taken = post(settings.ALARM_URL, {"text": text, "key": key, "portal": settings.SITE_URL})
    if not is_taken:
        with telling:
            told.pop(key, None)
    return is_taken


def quiet(key: str) -> None:
    """It is well again: the next time is told at once."""
    with telling:
        told.pop(key, None)


def ping() -> bool:
    """Tell HEARTBEAT_URL that a clean audit was made; its silence is somebody else's alarm."""
    return bool(settings.HEARTBEAT_URL) and post(settings.HEARTBEAT_URL, {"status": "ok", "portal": settings.SITE_URL})


def post(url: str, body: dict[str, str]) -> bool:
    """One try of five seconds."""
    try:
        with egress.client("operator", timeout=5.0) as client:
            return client.post(url, json=body).is_success
    except (httpx.HTTPError, egress.EgressRefused, OSError) as error:
        log.error("%s cannot be reached: %s", url.split("?")[0], type(error).__name__)
        return False
