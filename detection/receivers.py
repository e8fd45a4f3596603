"""What detection does when something happens to an incident."""

from detection.models import Alert, AlertGroup, Candidate
from incidents import lifecycle
from incidents.models import Incident


def hand_over(source: Incident, target: Incident) -> None:
    """A merged incident's alerts, groups and candidates belong to its target, in the merge's own transaction."""
    AlertGroup.objects.filter(incident=source).update(incident=target)
    Alert.objects.filter(incident=source).update(incident=target)
    Candidate.objects.filter(incident=source).update(incident=target)


def connect() -> None:
    """Listen; called once when the portal starts."""
    lifecycle.on_merge("detection.alerts", hand_over)
