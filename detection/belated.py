"""When something happened that is taken in long after it was received, and does not say so itself."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db.models import Q

from detection import episodes
from detection.models import Alert, Source
from detection.normal import NormalAlert

NOTE = "start_set_aside"


def timed(source: Source, alerts: Iterable[NormalAlert], received: datetime) -> list[NormalAlert]:
    """The alerts as they were meant when they were received: without a start of their own they begin, or end, then.

    What fired at that time already goes on. An end is left out where its alert was heard of as firing since: it would end what fires.
    """
    said = list(alerts)
    startless = [alert.fingerprint for alert in said if alert.starts_at is None]
    if not startless:
        return said
    fired_then = Q(starts_at__lte=received) & (Q(ends_at=None) | Q(ends_at__gte=received))
    rows = {row.fingerprint: row for row in Alert.objects.filter(fired_then, source=source, fingerprint__in=startless).order_by("starts_at")}
    return [timely for alert in said if (timely := _timely(alert, rows.get(alert.fingerprint), received)) is not None]


def _timely(alert: NormalAlert, row: Alert | None, received: datetime) -> NormalAlert | None:
    if alert.starts_at is not None:
        return alert
    start = max((one.start for one in episodes.load(row.episodes) if one.start <= received), default=received) if row else received
    if alert.is_firing:
        return replace(alert, starts_at=start, notes=(*alert.notes, NOTE))
    if row is not None and row.is_firing and row.last_received_at > received:
        return None
    return replace(alert, starts_at=start, ends_at=alert.ends_at or received, notes=(*alert.notes, NOTE))
