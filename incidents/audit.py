"""What must be true of the core's rows at any time."""

from datetime import timedelta

from incidents import verify
from incidents.models import Incident, Reaction, Step
from incidents.models.incident import OPEN_STATES
from lib import clock

OVERDUE = timedelta(minutes=2)


def invariants(*, full: bool = False) -> list[str]:
    """Findings; `full` verifies every story, else those that moved in the last hour."""
    findings = [f"{count} reactions are dead" for count in [Reaction.objects.filter(status=Reaction.Status.DEAD).count()] if count]
    rows = Incident.objects.order_by("pk") if full else Incident.objects.order_by("-moved_at")[:20]
    for incident in rows.iterator() if full else rows:
        findings += verify.verify(incident, after=0 if full else max(incident.last_seq - 200, 0))
    overdue = clock.now() - OVERDUE
    if lost := Step.objects.pending().filter(incident__state__in=OPEN_STATES, due_at__lt=overdue, late_at=None).count():
        findings.append(f"{lost} steps are late and nobody was told")
    return findings
