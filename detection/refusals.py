"""What is refused at the door leaves a trace: bodies that cannot be read are kept, refusals for size and rate raise the portal's own alert."""

import logging
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from detection import setting_aside
from detection.delivering import Busy, deliver
from detection.models import Alert, Source
from detection.normal import FIRING, RESOLVED, Batch, NormalAlert
from detection.sources import KINDS
from lib import clock
from lib.jsonio import canonical

logger = logging.getLogger(__name__)
EVERY = 60.0  # seconds between two reports of the same kind about one source, per process
AGAIN = 5.0  # seconds until a report that failed is tried again
ENDS_AFTER = timedelta(minutes=30)  # without another refusal
NAMES = {"size": "IngestTooLarge", "rate": "IngestTooFast"}

_reported: dict[tuple[int, str], float] = {}
_lock = threading.Lock()


def set_aside(source: Source, raw: bytes, reason: str, detail: str) -> None:
    """Keep a request that was not understood, and remember that the source was heard."""
    with transaction.atomic():
        setting_aside.keep_whole(source, raw, reason, detail, clock.now())


def report(source: Source, reason: str) -> None:
    """Raise the portal's own alert about a refusal for "size" or "rate"; at most once a minute. Never in the way of the answer."""
    now = time.monotonic()
    with _lock:
        if now - _reported.get((source.pk, reason), -EVERY) < EVERY:
            return
        _reported[source.pk, reason] = now
    try:
        _deliver([_alert(source, reason, FIRING)])
    except (Busy, DatabaseError, InterfaceError) as error:
        with _lock:
            _reported[source.pk, reason] = now - EVERY + AGAIN
        logger.warning("the refusal of a request of %s could not be reported: %s", source.slug, type(error).__name__)


def end_quiet(*, limit: int = 100) -> int:
    """End the portal's own alerts about refusals that have stopped; returns how many."""
    quiet = Alert.objects.firing().filter(source__kind=Source.OWN, name__in=NAMES.values(), last_received_at__lt=clock.now() - ENDS_AFTER)
    reasons = {name: reason for reason, name in NAMES.items()}
    ended = []
    for alert in quiet.order_by("pk")[:limit]:
        source = Source.objects.filter(slug=alert.labels.get("source", "")).first()
        if source is not None:
            ended.append(_alert(source, reasons[alert.name], RESOLVED))
    if ended:
        _deliver(ended)
    return len(ended)


def forget() -> None:
    """Report anew (tests)."""
    with _lock:
        _reported.clear()


def own_source() -> Source:
    """The source under which the portal itself raises alerts."""
    made = {"kind": Source.OWN, "name": "Portal", "created_at": clock.now()}
    return Source.objects.get_or_create(slug="portal-itself", defaults=made)[0]


def _deliver(alerts: list[NormalAlert]) -> None:
    batch = Batch(alerts=alerts)
    deliver(own_source(), batch, canonical({"own": [alert.name for alert in alerts]}).encode())


def _alert(source: Source, reason: str, status: str) -> NormalAlert:
    about = {"source": source.name, "limit": KINDS[source.kind].limit}
    with translation.override(settings.LANGUAGE_CODE):
        titles = {
            "size": _("%(source)s: a notification was refused because it is larger than %(limit)s") % about,
            "rate": _("%(source)s: notifications were refused because they come too fast") % about,
        }
    return NormalAlert(
        fingerprint=f"{NAMES[reason]}:{source.pk}",
        status=status,
        starts_at=None,
        ends_at=clock.now() if status == RESOLVED else None,
        name=NAMES[reason],
        title=titles[reason],
        summary="",
        url="",
        labels={"alertname": NAMES[reason], "source": source.slug, "severity": "P3"},
        annotations={},
    )
