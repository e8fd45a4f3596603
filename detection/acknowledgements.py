"""What it means that a sender says that somebody works on an alert: it is noted and told, and stops nothing (docs/decisions/0012)."""

from detection.models import Alert, Source
from incidents import timeline
from incidents.lifecycle.holding import hold_all
from lib import clock
from lib.db import StaleHead, lock


def note(source: Source, fingerprints: list[str]) -> int:
    """Mark the firing alerts of these fingerprints, once, and tell the story of their incidents; returns how many were marked.

    What fires no more, or was never heard of, is passed over, as PagerDuty documents it. In the caller's transaction; locks incident →
    alerts. Raises StaleHead when an alert was placed in between.
    """
    if not fingerprints:
        return 0
    meant = Alert.objects.firing().filter(source=source, fingerprint__in=fingerprints, acknowledged_at=None).order_by("pk")
    incidents = hold_all(*{alert.incident_id for alert in meant if alert.incident_id})
    rows = list(lock(meant.all()))
    if any(row.incident_id and row.incident_id not in incidents for row in rows):
        raise StaleHead("an alert was placed in between")
    Alert.objects.filter(pk__in=[row.pk for row in rows]).update(acknowledged_at=clock.now())
    for row in rows:
        if row.incident_id:
            timeline.record(
                incidents[row.incident_id], "detection.acknowledged", source=f"detection:{source.name}", data={"title": row.title, "source": source.name}
            )
    return len(rows)
