"""What must hold for what leaves the portal (trust.md "Promises"); the auditor asks every 30 s."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db.models import Count, OuterRef, Q, Subquery

from comms import channel_states, holding, obligations
from comms.models import OUTSIDE, Announcement, Audience, Consent, Delivery, DeliveryAttempt, Fanout, Obligation, Priority
from incidents.models import Incident
from lib import clock
from lib.leases import free

LATE = timedelta(minutes=2)  # a due row of a channel that works is not left lying for longer
SHOWN = 20
CHECKED = timedelta(days=2)  # how far back sent rows are looked at; older ones were looked at before


def invariants(*, full: bool = False) -> list[str]:
    """What is broken, one line each; empty when all is well. `full` looks at every sent row, else at those of two days."""
    since = datetime.min.replace(tzinfo=UTC) if full else clock.now() - CHECKED
    return [*_deliveries(since), *_twice(since), *_fanouts(), *_obligations(), *_consents(since), *_announcements()]


def _deliveries(since: datetime) -> Iterator[str]:
    """Every delivery is sent, dead with an alarm, over, or due; and the due ones move."""
    now = clock.now()
    for row in Delivery.objects.filter(state=Delivery.State.DEAD).filter(Q(alarm=None) | Q(dead_at=None))[:SHOWN]:
        yield f"delivery {row.pk} is dead without an alarm"
    unproven = Delivery.objects.filter(state=Delivery.State.SENT, settled_at__gte=since).exclude(tries__outcome=DeliveryAttempt.Outcome.SENT)
    for row in unproven[:SHOWN]:
        yield f"delivery {row.pk} counts as sent, but no attempt was accepted"
    stuck = holding.sendable(Delivery.objects.due(now - LATE)).filter(free(now), channel__in=channel_states.usable(now)).order_by("not_before")
    for row in stuck[:SHOWN]:
        yield f"delivery {row.pk} has been due since {row.not_before:%H:%M:%S} and nobody sends it"


def _twice(since: datetime) -> Iterator[str]:
    """No key was accepted twice, or may have been, without saying so."""
    accepted = Q(tries__outcome__in=[DeliveryAttempt.Outcome.SENT, DeliveryAttempt.Outcome.UNKNOWN])
    rows = Delivery.objects.filter(settled_at__gte=since, is_ambiguous=False).annotate(times=Count("tries", filter=accepted)).filter(times__gt=1)
    for row in rows[:SHOWN]:
        yield f"delivery {row.pk} was sent {row.times} times and is not marked ambiguous"


def _fanouts() -> Iterator[str]:
    """What is to be told to many is told soon, unless effects are held."""
    if holding.current() is not None:
        return
    for row in Fanout.objects.filter(done_at=None, created_at__lt=clock.now() - LATE).order_by("created_at")[:SHOWN]:
        yield f"{row.kind} of incident {row.incident_id} has not been told since {row.created_at:%H:%M:%S}: {'it fails' if row.error else 'nobody took it up'}"


def _consents(since: datetime) -> Iterator[str]:
    """Every subscriber mail has a consent row: given before it, and not withdrawn in between."""
    latest = Consent.objects.filter(subscriber=OuterRef("subscriber"), at__lte=OuterRef("created_at")).order_by("-id").values("kind")[:1]
    rows = Delivery.objects.filter(priority=Priority.SUBSCRIBER, state=Delivery.State.SENT, settled_at__gte=since).annotate(agreed=Subquery(latest))
    for row in rows.filter(Q(agreed=None) | ~Q(agreed=Consent.Kind.GIVEN))[:SHOWN]:
        yield f"delivery {row.pk} went to a subscriber without consent"


def _announcements() -> Iterator[str]:
    """What waits its minute leaves after it."""
    if holding.current() is not None:
        return
    for row in Announcement.objects.filter(state__in=["waiting", "sending"], leaves_at__lt=clock.now() - LATE)[:SHOWN]:
        yield f"announcement {row.pk} should have left at {row.leaves_at:%H:%M:%S}: {'it fails' if row.error else 'nobody took it up'}"


def _obligations() -> Iterator[str]:
    """An incident that asks for updates owes one per audience; one that is over owes none; misses are recorded."""
    now = clock.now()
    open_ones = Obligation.objects.filter(closed_at=None)
    for row in open_ones.filter(due_at__lt=now - LATE).select_related("incident")[:SHOWN]:
        yield f"{row.incident.reference}: the update due at {row.due_at:%H:%M:%S} was neither kept nor recorded as missed"
    for audience in Audience.values:
        owing = set(open_ones.filter(audience=audience).values_list("incident_id", flat=True))
        asking = {incident.pk: incident for incident in Incident.objects.open() if _is_asking(incident, audience, now)}
        for incident in [incident for pk, incident in asking.items() if pk not in owing][:SHOWN]:
            yield f"{incident.reference}: no update to the {audience} is planned"
        for incident in Incident.objects.filter(pk__in=owing).exclude(pk__in=Incident.objects.open().values("pk"))[:SHOWN]:
            yield f"{incident.reference}: is over and still owes an update to the {audience}"


def _is_asking(incident: Incident, audience: str, now: datetime) -> bool:
    """Whether an update to the audience must be planned: by the rhythm, or because an audience outside was never told."""
    if obligations.cadence(incident, audience) is not None:
        return True
    return audience in OUTSIDE and obligations.owed_outside(incident, audience, now) is not None and not obligations.was_told(incident, audience)
