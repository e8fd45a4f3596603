"""The core's sections: severities, teams, roles, steps, services, internal communication and targets."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.models import Role, Severity
from incidents.playbook import projection
from incidents.playbook.fields import (
    Choice,
    Conditions,
    Flag,
    Line,
    Number,
    PerSeverity,
    Reference,
    References,
    Seconds,
    Text,
    Texts,
    Url,
)
from incidents.playbook.sections import Items, section

DATA = Path(__file__).resolve().parent.parent / "playbook_data"

NAME = Text(name="name", label=gettext_lazy("Name"), required=True, limit=100)
POSITION = Number(name="position", label=gettext_lazy("Position"), is_whole=True, high=30_000)
RTO = Seconds(name="rto_seconds", label=gettext_lazy("RTO"), hint=gettext_lazy("Time to recover"))
RPO = Seconds(name="rpo_seconds", label=gettext_lazy("RPO"), hint=gettext_lazy("Most data that may be lost, as time"))

NOTICE_TO = (
    ("response_teams", gettext_lazy("All response teams")),
    ("owner_team", gettext_lazy("The team that owns the service")),
    ("owner_lead", gettext_lazy("The lead of the team that owns the service")),
)
TARGET_GROUPS = (("experience", gettext_lazy("User experience")), ("capacity", gettext_lazy("Capacity")))
OPENS_ON = (
    ("declared", gettext_lazy("when the incident is declared")),
    ("confirmed", gettext_lazy("when the incident is confirmed")),
    ("rollback", gettext_lazy("when a rollback starts")),
    ("postmortem", gettext_lazy("when a post-mortem is opened")),
)


def _teams(content: Mapping[str, Items]) -> Iterator[str]:
    for slug in content["teams"]:
        if len(slug) > 50 or not projection.is_slug(slug):
            yield f"teams/{slug}: {_('takes at most 50 letters, digits and dashes')}"


def _steps(content: Mapping[str, Items]) -> Iterator[str]:
    for key, item in content["steps"].items():
        prefix = f"{item['list']}."
        if not key.startswith(prefix) or not 0 < len(key.removeprefix(prefix)) <= 60:
            yield f"steps/{key}: {_('a step’s key is its list, a dot and a name of at most 60 characters')}"


def _services(content: Mapping[str, Items]) -> Iterator[str]:
    for section_name in ("groups", "services"):
        for slug in content[section_name]:
            if len(slug) > 50 or not projection.is_slug(slug):
                yield f"{section_name}/{slug}: {_('takes at most 50 letters, digits and dashes')}"
    for slug, item in content["services"].items():
        if slug in (item.get("depends_on") or ()):
            yield f"services/{slug}/depends_on: {_('a service cannot depend on itself')}"


section(
    "severities",
    label=gettext_lazy("Severities"),
    hint=gettext_lazy("What each severity means, its targets and what follows from it."),
    data=DATA / "severities.json",
    fixed=Severity.values,
    position=10,
    fields=(
        NAME,
        Text(name="meaning", label=gettext_lazy("Meaning"), required=True),
        Texts(name="examples", label=gettext_lazy("For example")),
        replace(RTO, required=True, low=1),
        replace(RPO, required=True),
        Seconds(name="respond_within_seconds", label=gettext_lazy("Respond within")),
        Text(name="escalation", label=gettext_lazy("Escalation")),
        Flag(name="is_working_time", label=gettext_lazy("Count in working time")),
        Flag(name="is_strictest_target", label=gettext_lazy("A service’s stricter target counts")),
        Number(name="share_from_percent", label=gettext_lazy("Suggested from this share of users (%)"), high=100),
        Flag(name="share_is_above", label=gettext_lazy("Only above that share")),
        Seconds(name="ack_lease_seconds", label=gettext_lazy("“I’m on it” holds without a sign of life for"), low=60),
        Seconds(name="ack_grace_seconds", label=gettext_lazy("Time to answer before calls go on"), low=30),
        Seconds(name="commander_within_seconds", label=gettext_lazy("A commander is needed within"), low=30),
        Seconds(name="watch_seconds", label=gettext_lazy("Stability watch")),
        Choice(name="notice_to", label=gettext_lazy("Internal notice goes to"), choices=NOTICE_TO),
    ),
)
section(
    "teams",
    label=gettext_lazy("Response teams"),
    data=DATA / "teams.json",
    position=20,
    check=_teams,
    project=projection.teams,
    fields=(
        NAME,
        Text(name="duty", label=gettext_lazy("Does")),
        Text(name="lead_title", label=gettext_lazy("Lead"), limit=100),
        Line(name="channel", label=gettext_lazy("Channel")),
        Flag(name="is_response", label=gettext_lazy("Belongs to the response")),
        POSITION,
    ),
)
section(
    "roles",
    label=gettext_lazy("Roles in an incident"),
    data=DATA / "roles.json",
    fixed=Role.values,
    position=30,
    fields=(
        NAME,
        Text(name="duty", label=gettext_lazy("Does")),
        Reference(name="team", label=gettext_lazy("Team"), to="teams"),
        POSITION,
    ),
)
section(
    "step_lists",
    label=gettext_lazy("Lists of steps"),
    data=DATA / "step_lists.json",
    position=40,
    fields=(
        Text(name="title", label=gettext_lazy("Name"), required=True, limit=100),
        Choice(name="opens_on", label=gettext_lazy("Opens"), choices=OPENS_ON, required=True),
        POSITION,
    ),
)
section(
    "steps",
    label=gettext_lazy("Steps"),
    hint=gettext_lazy("What must be done by when. Times count from the start of the incident, in working time where the severity says so."),
    data=DATA / "steps.json",
    position=50,
    check=_steps,
    fields=(
        Reference(name="list", label=gettext_lazy("List"), to="step_lists", required=True),
        Text(name="title", label=gettext_lazy("What to do"), required=True, limit=200),
        Choice(name="role", label=gettext_lazy("Owed by"), choices=tuple(Role.choices)),
        PerSeverity(name="due", label=gettext_lazy("Due after"), required=True),
        Conditions(name="done_on", label=gettext_lazy("Ticked by")),
        Conditions(name="void_on", label=gettext_lazy("No longer owed after")),
        POSITION,
    ),
)
section(
    "groups",
    label=gettext_lazy("Groups of services"),
    data=DATA / "groups.json",
    position=60,
    project=projection.groups,
    fields=(NAME, POSITION),
)
section(
    "services",
    label=gettext_lazy("Services"),
    data=DATA / "services.json",
    position=70,
    check=_services,
    project=projection.services,
    fields=(
        NAME,
        Text(name="description", label=gettext_lazy("Description")),
        Reference(name="group", label=gettext_lazy("Group"), to="groups"),
        Reference(name="owner", label=gettext_lazy("Owner"), to="teams"),
        RTO,
        RPO,
        Number(name="availability_percent", label=gettext_lazy("Availability (%)"), high=100),
        References(name="depends_on", label=gettext_lazy("Depends on"), to="services"),
        Url(name="dashboard_url", label=gettext_lazy("Dashboard")),
        Url(name="logs_url", label=gettext_lazy("Logs")),
        Url(name="traces_url", label=gettext_lazy("Traces")),
        POSITION,
    ),
)
section(
    "cadences",
    label=gettext_lazy("How often an audience hears from us"),
    data=DATA / "cadences.json",
    position=80,
    fields=(NAME, PerSeverity(name="every", label=gettext_lazy("Every"), required=True)),
)
section(
    "war_room",
    label=gettext_lazy("War room"),
    data=DATA / "war_room.json",
    position=81,
    fields=(NAME, Line(name="address", label=gettext_lazy("Address"), limit=300), POSITION),
)
section(
    "notice_fields",
    label=gettext_lazy("The internal notice carries"),
    data=DATA / "notice_fields.json",
    position=82,
    fields=(NAME, POSITION),
)
section(
    "promises",
    label=gettext_lazy("What we promise in public"),
    data=DATA / "promises.json",
    position=83,
    fields=(
        NAME,
        Seconds(name="next_update_seconds", label=gettext_lazy("Next update within")),
        Seconds(name="expected_recovery_seconds", label=gettext_lazy("Recovery expected within")),
    ),
)
section(
    "targets",
    label=gettext_lazy("User experience and capacity"),
    data=DATA / "targets.json",
    position=90,
    fields=(
        NAME,
        Choice(name="group", label=gettext_lazy("About"), choices=TARGET_GROUPS),
        Choice(
            name="bound", label=gettext_lazy("Bound"), choices=(("at_most", gettext_lazy("at most")), ("at_least", gettext_lazy("at least"))), required=True
        ),
        Number(name="value", label=gettext_lazy("Value"), high=1_000_000_000),
        Line(name="unit", label=gettext_lazy("Unit"), limit=20),
        POSITION,
    ),
)
