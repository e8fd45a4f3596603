"""How long an acknowledgement holds without a sign of life."""

from datetime import datetime, timedelta
from typing import Any

from incidents.models import Incident
from incidents.playbook import incident_playbook


def lease_until(incident: Incident, now: datetime) -> datetime | None:
    """When a lease that begins at `now` ends under the incident's severity (P1 10 min, P2 30 min); None where there is no lease."""
    seconds = incident_playbook(incident).severity(incident.severity).ack_lease_seconds
    return now + timedelta(seconds=seconds) if seconds else None


def put_into_hands(incident: Incident, person: Any | None, now: datetime) -> None:
    """From `now` on `person` has the incident, under a lease; None: nobody has it. The caller saves the fields."""
    incident.acknowledged_by = person
    incident.acknowledged_until = lease_until(incident, now) if person is not None else None
    incident.acknowledgement_asked_at = None
