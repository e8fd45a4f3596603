"""The whole in one word: what the banner, its colour and Statuspage's `status` say."""

from enum import StrEnum

from django.utils.translation import gettext as _

from statuspage.models import ComponentState
from statuspage.snapshot import Incident, Snapshot


class Indicator(StrEnum):
    """Atlassian Statuspage's indicator, from the best to the worst."""

    NONE = "none"
    MAINTENANCE = "maintenance"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(Indicator).index(self)


OF_STATE = {
    ComponentState.OPERATIONAL: Indicator.NONE,
    ComponentState.MAINTENANCE: Indicator.MAINTENANCE,
    ComponentState.DEGRADED: Indicator.MINOR,
    ComponentState.PARTIAL: Indicator.MAJOR,
    ComponentState.MAJOR: Indicator.CRITICAL,
}
# Statuspage's own sentences: machines compare them, so they stay English.
DESCRIPTIONS = {
    Indicator.NONE: "All Systems Operational",
    Indicator.MAINTENANCE: "Service Under Maintenance",
    Indicator.MINOR: "Minor Service Outage",
    Indicator.MAJOR: "Partial System Outage",
    Indicator.CRITICAL: "Major Service Outage",
}


def indicator(snapshot: Snapshot) -> Indicator:
    """The worst of what the components and the open incidents say."""
    states = {component.slug: OF_STATE[ComponentState(component.state)] for component in snapshot.components}
    found = [*states.values(), *(_of_incident(incident, states) for incident in snapshot.open)]
    return max(found, key=lambda one: one.rank, default=Indicator.NONE)


def _of_incident(incident: Incident, states: dict[str, Indicator]) -> Indicator:
    """Its impact; once it is only watched and all it touched works again, no more than minor."""
    impact = Indicator(incident.impact)
    if incident.status == "monitoring" and not any(states.get(slug, Indicator.NONE).rank for slug in incident.components):
        return min(impact, Indicator.MINOR, key=lambda one: one.rank)
    return impact


def sentence(snapshot: Snapshot) -> str:
    """The same for people."""
    worst = max((OF_STATE[ComponentState(component.state)] for component in snapshot.components), key=lambda one: one.rank, default=Indicator.NONE)
    if worst == Indicator.NONE and snapshot.open:
        if all(incident.status == "monitoring" for incident in snapshot.open):
            return _("Everything works again; we are still watching.")
        return _("We are looking into a problem.")
    return {
        Indicator.NONE: _("All services are working."),
        Indicator.MAINTENANCE: _("Planned maintenance is under way."),
        Indicator.MINOR: _("Some services work with limits."),
        Indicator.MAJOR: _("Some services are partly unavailable."),
        Indicator.CRITICAL: _("Important services are unavailable."),
    }[worst]
