"""The tables of the incident; each module holds one concept."""

from incidents.models.incident import Grant, Impact, Incident, Role, RoleAssignment, State
from incidents.models.picture import Picture
from incidents.models.playbook import Membership, PlaybookVersion, RecoveryPoint, Service, ServiceGroup, Severity, Team
from incidents.models.steps import Clock, Step
from incidents.models.timeline import Reaction, TimelineBody, TimelineEntry

__all__ = [
    "Clock",
    "Grant",
    "Impact",
    "Incident",
    "Membership",
    "Picture",
    "PlaybookVersion",
    "Reaction",
    "RecoveryPoint",
    "Role",
    "RoleAssignment",
    "Service",
    "ServiceGroup",
    "Severity",
    "State",
    "Step",
    "Team",
    "TimelineBody",
    "TimelineEntry",
]
