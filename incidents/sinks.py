"""The ways out of this room; a test walks a canary from a private incident past each of them."""

from lib.sinks import Sink

SINKS = {
    "incidents.list": Sink("the list and its filters: incidents that the reader may see", routes=("incidents:list", "api:incident-list")),
    "incidents.page": Sink(
        "the page, its fragments and the forms of its acts: not there for who may not see it",
        routes=("incidents:detail", "incidents:head", "incidents:story", "incidents:panel", "incidents:act"),
    ),
    "incidents.pictures": Sink(
        "pictures of notes: who may see the incident is led to an address that holds for minutes",
        routes=("incidents:picture", "incidents:picture-content"),
        is_mute=True,
    ),
    "incidents.commands": Sink("what the composer completes: not there for who may not see it", routes=("incidents:commands",), is_mute=True),
    "incidents.api": Sink(
        "one incident, its figures and what hangs on it: not there for who may not see it; others that it points at only where the caller sees them",
        routes=("api:incident-detail", "api:incident-timeline", "api:incident-steps", "api:incident-clocks", "api:incident-grants"),
    ),
    "incidents.api_pictures": Sink(
        "the pictures of an incident and their bytes: not there for who may not see it", routes=("api:incident-pictures", "api:incident-picture"), is_mute=True
    ),
    "incidents.break_glass": Sink(
        "the form for who may audit: the reference that was typed, and nothing else", routes=("incidents:break-glass",), is_mute=True, names_reference=True
    ),
    "incidents.services": Sink(
        "services and teams with their incidents, and health: counted from incidents that the reader may see",
        routes=("incidents:services", "incidents:service", "incidents:teams", "incidents:team"),
    ),
}

LEADS_NOWHERE = (
    "incidents:declare",
    "incidents:playbook*",
    "api:playbook*",
    "api:service-detail",
    "api:service-list",
    "api:service-recovery-points",
    "api:severity-*",
    "api:team-*",
)
