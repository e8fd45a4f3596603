"""How long detection keeps things (design.md "Retention")."""

from datetime import timedelta

from detection.models import Alert, Change, Envelope, SetAside, Silence
from lib import prune

ENVELOPES, SET_ASIDE, ALERTS = timedelta(days=14), timedelta(days=7), timedelta(days=400)


def connect() -> None:
    """Tell the pruning sweep what is old."""
    prune.register("detection.envelopes", lambda before: Envelope.objects.filter(received_at__lt=before), keep=lambda: ENVELOPES)
    prune.register("detection.set_aside", lambda before: SetAside.objects.filter(received_at__lt=before), keep=lambda: SET_ASIDE)
    prune.register("detection.changes", lambda before: Change.objects.filter(received_at__lt=before), keep=lambda: ALERTS)
    prune.register("detection.alerts", lambda before: Alert.objects.filter(status="resolved", ends_at__lt=before), keep=lambda: ALERTS)
    prune.register("detection.silences", lambda before: Silence.objects.filter(ends_at__lt=before), keep=lambda: ALERTS)
