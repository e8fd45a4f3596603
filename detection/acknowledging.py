"""What can be done to many alerts at once: taking on their incidents, dismissing the candidates they wait in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from detection import candidates
from detection.models import Alert, Candidate
from incidents import lifecycle
from incidents.models import Incident
from lib.errors import Refused

MOST = 200


@dataclass
class Done:
    """What was done, and what was refused in whose words."""

    count: int = 0
    refusals: list[str] = field(default_factory=list)


def chosen(user: Any, keys: Iterable[int]) -> list[Alert]:
    """The alerts of these ids that `user` may see, at most 200."""
    return list(Alert.objects.visible_to(user).filter(pk__in=list(keys)[:MOST]).select_related("incident", "group__candidate"))


def acknowledge(alerts: Iterable[Alert], *, actor: Any, source: str) -> Done:
    """Take on every open incident that these alerts belong to."""
    incidents: dict[int, Incident] = {alert.incident.pk: alert.incident for alert in alerts if alert.incident and alert.incident.is_open}
    done = Done()
    for pk in sorted(incidents):
        try:
            lifecycle.acknowledge(incidents[pk], actor=actor, source=source)
            done.count += 1
        except Refused as refused:
            done.refusals.append(str(refused))
    return done


def dismiss(alerts: Iterable[Alert], *, actor: Any, request: Any = None) -> Done:
    """Dismiss every waiting candidate that these alerts wait in."""
    waiting = {candidate.pk: candidate for alert in alerts if (candidate := candidate_of(alert)) and candidate.status == Candidate.Status.WAITING}
    done = Done()
    for pk in sorted(waiting):
        try:
            candidates.dismiss(waiting[pk], actor=actor, request=request)
            done.count += 1
        except Refused as refused:
            done.refusals.append(str(refused))
    return done


def candidate_of(alert: Alert) -> Candidate | None:
    """The candidate that an alert's group is or was."""
    return getattr(alert.group, "candidate", None) if alert.group_id else None
