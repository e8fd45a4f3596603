"""What must be true of detection's rows at any time."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, F, Min, Q

from detection.models import Alert, AlertGroup, Candidate, Envelope, Restatement, Source
from detection.normal import BadBatch, NormalAlert
from detection.sources import KINDS
from incidents.models import State
from lib import clock
from lib.jsonio import BadJSON, loads

NEWEST = 20  # envelopes held against their alerts in a quick audit
RECENT = timedelta(hours=1)
MOST = 20  # findings of one kind
PLACED_WITHIN = timedelta(minutes=10)  # after a silence is over
STUCK = timedelta(minutes=10)  # without anybody at it


def invariants(*, full: bool = False) -> list[str]:
    """Findings; `full` holds every kept envelope against its alerts, else the newest of the last hour.

    They are told outside, so rows go by their number: a sender's words may be those of a private incident.
    """
    return [*_firing_twice(), *_open_twice(), *_apart(), *_candidates(), *_forgotten(), *_restatements(), *_envelopes(full)]


def _firing_twice() -> list[str]:
    doubled = Alert.objects.firing().order_by().values("source", "fingerprint").annotate(count=Count("pk"), first=Min("pk")).filter(count__gt=1)
    return [f"alert {row['first']} of source {row['source']} fires {row['count']} times" for row in doubled[:MOST]]


def _open_twice() -> list[str]:
    doubled = AlertGroup.objects.open().order_by().values("key").annotate(count=Count("pk"), first=Min("pk")).filter(count__gt=1)
    return [f"group {row['first']} is open {row['count']} times" for row in doubled[:MOST]]


def _apart() -> list[str]:
    """Alerts follow their group to its incident, and nothing points at a merged one."""
    strays = Alert.objects.filter(group__isnull=False).exclude(Q(incident=F("group__incident")) | Q(incident=None, group__incident=None))
    merged = AlertGroup.objects.filter(incident__state=State.MERGED)
    grave = Alert.objects.firing().filter(fired=True, severity__in=("P1", "P2"), incident=None, silence=None)
    return [
        *(f"alert {pk} is not where its group is" for pk in strays.values_list("pk", flat=True)[:MOST]),
        *(f"group {pk} points at a merged incident" for pk in merged.values_list("pk", flat=True)[:MOST]),
        *(f"alert {pk} is grave, fires and has no incident" for pk in grave.values_list("pk", flat=True)[:MOST]),
    ]


def _candidates() -> list[str]:
    wrong = Candidate.objects.filter(Q(status__in=("accepted", "joined"), incident=None) | Q(status="waiting", incident__isnull=False))
    return [f"candidate {pk} is {status} and its incident does not fit" for pk, status in wrong.values_list("pk", "status")[:MOST]]


def _forgotten() -> list[str]:
    """What still fires when its silence is over is placed by a sweep, soon."""
    owed = Alert.objects.owed(clock.now() - PLACED_WITHIN)
    return [f"alert {pk} fires, and its silence was over long ago" for pk in owed.values_list("pk", flat=True)[:MOST]]


def _restatements() -> list[str]:
    """What a mapping concerns is set right by a sweep; a huge one moves on meanwhile."""
    stuck = Restatement.objects.filter(Q(lease_until=None) | Q(lease_until__lt=clock.now() - STUCK), done_at=None, asked_at__lt=clock.now() - STUCK)
    return [f"what mapping {pk} concerns is not set right yet" for pk in stuck.values_list("mapping", flat=True)[:MOST]]


def _envelopes(full: bool) -> list[str]:
    rows = Envelope.objects.select_related("source").order_by("-received_at")
    chosen: Iterable[Envelope] = rows.iterator(chunk_size=50) if full else rows.filter(received_at__gte=clock.now() - RECENT)[:NEWEST]
    findings: list[str] = []
    for envelope in chosen:
        if envelope.source.kind != Source.OWN and len(findings) < MOST:
            findings += _missing(envelope)
    return findings


def _missing(envelope: Envelope) -> list[str]:
    """Alerts of an accepted request that are not in the table."""
    kind = KINDS[envelope.source.kind]
    try:
        batch = (kind.parse_mapped or kind.parse)(loads(envelope.body))
    except (BadJSON, BadBatch):
        return [f"envelope {envelope.pk} cannot be read any more"]
    if len(batch.alerts) > envelope.accepted and len(batch.alerts) + len(batch.rejected) == envelope.accepted + envelope.rejected:
        return []  # its reader has learned since: what was set aside then may be taken in again
    if len(batch.alerts) != envelope.accepted or len(batch.rejected) != envelope.rejected:
        return [f"envelope {envelope.pk} says {envelope.accepted} alerts and holds {len(batch.alerts)}"]
    known = _known(envelope, [alert.fingerprint for alert in batch.alerts])
    lost = [index for index, alert in enumerate(batch.alerts) if not _is_stored(alert, known[alert.fingerprint])]
    return [f"alert {index} of envelope {envelope.pk} is missing" for index in lost[:MOST]]


def _known(envelope: Envelope, fingerprints: list[str]) -> dict[str, list[tuple[datetime, list[list[object]]]]]:
    known: dict[str, list[tuple[datetime, list[list[object]]]]] = defaultdict(list)
    for at in range(0, len(fingerprints), 5000):
        rows = Alert.objects.filter(source=envelope.source, fingerprint__in=fingerprints[at : at + 5000])
        for fingerprint, start, episodes in rows.values_list("fingerprint", "starts_at", "episodes"):
            known[fingerprint].append((start, episodes))
    return known


def _is_stored(alert: NormalAlert, rows: list[tuple[datetime, list[list[object]]]]) -> bool:
    if alert.starts_at is None:
        return bool(rows)
    wanted = alert.starts_at.isoformat()
    # A stretch of very many starts forgets inner ones: then its span is the proof.
    return any(wanted in [episode[0] for episode in episodes] or (len(episodes) >= 50 and start <= alert.starts_at) for start, episodes in rows)
