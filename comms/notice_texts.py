"""What the internal notices say (`manual.md §7`): rendered from the incident as it is at the moment of sending."""

from collections.abc import Callable, Iterator

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from comms.catalogue import Content, Occasion
from comms.models import Audience, Obligation
from incidents.models import Impact, Incident, Role, RoleAssignment, Team, TimelineEntry
from incidents.playbook import incident_playbook
from lib.i18n import listed, pick
from lib.jsonio import loads
from lib.times import stamp

PRIVATE_FIELDS = {"reference", "began", "state", "next_update"}  # what a private incident's notice still says


def title_of(incident: Incident) -> str:
    """The title as it may leave the portal (design.md "Private")."""
    return _("Private incident") if incident.is_private else incident.title


def fields(incident: Incident) -> tuple[tuple[str, str], ...]:
    """The notice's fields in the playbook's order and words; those of a private incident say nothing of what it is about."""
    items = sorted(incident_playbook(incident).items("notice_fields").items(), key=lambda pair: pair[1].get("position") or 0)
    wanted = [(key, item) for key, item in items if key in FIELDS and (not incident.is_private or key in PRIVATE_FIELDS)]
    return tuple((pick(item["name"]), FIELDS[key](incident)) for key, item in wanted)


def _scope(incident: Incident) -> str:
    parts = [f"{pick(row.service.name)} ({row.get_level_display()})" for row in Impact.objects.filter(incident=incident).select_related("service")]
    if incident.users_affected_percent is not None:
        parts.append(_("%(percent)s %% of users") % {"percent": f"{incident.users_affected_percent.normalize():f}"})
    elif incident.users_affected is not None:
        parts.append(_("%(count)s users") % {"count": incident.users_affected})
    return listed(parts) or _("not known yet")


def _next_update(incident: Incident) -> str:
    due = Obligation.objects.filter(incident=incident, audience=Audience.WAR_ROOM, closed_at=None).values_list("due_at", flat=True).first()
    return stamp(due) if due else _("none planned")


def _war_room(incident: Incident) -> str:
    places = sorted(incident_playbook(incident).items("war_room").values(), key=lambda item: item.get("position") or 0)
    return listed(f"{pick(place['name'])} {place['address']}" for place in places if place.get("address")) or _("none set up")


def _commander(incident: Incident) -> str:
    held = RoleAssignment.objects.filter(incident=incident, role=Role.COMMANDER, until=None).select_related("person").first()
    return str(held.person) if held else _("nobody yet")


FIELDS: dict[str, Callable[[Incident], str]] = {
    "reference": lambda incident: incident.reference,
    "began": lambda incident: stamp(incident.began_at),
    "scope": _scope,
    "state": lambda incident: f"{incident.get_state_display()} · {incident.severity}",
    "expected_recovery": lambda incident: _("to be determined"),
    "next_update": _next_update,
    "war_room": _war_room,
    "commander": _commander,
}


def _why(occasion: Occasion) -> str:
    """Why this reader: which rule of the playbook, which team."""
    teams = listed(_team_names(occasion.params.get("teams", [])))
    words = {
        "response_teams": _("You get this because every response team is told of a P1."),
        "owner_team": _("You get this because you are in the team that owns what is hit: %(teams)s."),
        "owner_lead": _("You get this because you lead the team that owns what is hit: %(teams)s."),
        "no_lead": _("You get this because nobody leads the team that owns what is hit: %(teams)s."),
        "nobody_else": _("You get this because no team that should be told has members."),
        "part": _("You get this because you have a part in this incident."),
        "named": _("You get this because you are named in this private incident."),
        "told": _("You get this because you were told of this incident before."),
        "backup": _("You get this because you are the backup commander."),
        "response_lead": _("You get this because you lead a response team: %(teams)s."),
        "has_it": _("You get this because you said that you have it."),
    }
    return words.get(str(occasion.params.get("why")), "") % {"teams": teams}


def _team_names(slugs: list[str]) -> Iterator[str]:
    names = dict(Team.objects.filter(slug__in=slugs).values_list("slug", "name")) if slugs else {}
    return (pick(names[slug], get_language()) for slug in slugs if slug in names)


def _content(occasion: Occasion, subject: str, lead: str, *, words: str = "") -> Content:
    incident = _incident(occasion)
    values = {"severity": incident.severity, "reference": incident.reference, "title": title_of(incident)}
    return Content(
        subject=subject % values,
        lead=lead % values,
        facts=fields(incident),
        words="" if incident.is_private else words,
        link=settings.SITE_URL + incident.get_absolute_url(),
        link_label=_("Open %(reference)s") % values,
        why=_why(occasion),
    )


def _incident(occasion: Occasion) -> Incident:
    if occasion.incident is None:
        raise LookupError("a notice is about an incident")
    return occasion.incident


def declared(occasion: Occasion) -> Content:
    """A new incident."""
    return _content(occasion, _("%(severity)s · %(reference)s · %(title)s"), _("%(severity)s declared: %(title)s"))


def raised(occasion: Occasion) -> Content:
    """It is graver than was thought."""
    change = {"from": occasion.params.get("from", ""), "to": occasion.params.get("to", "")}
    lead = _("Raised from %(from)s to %(to)s") % change
    return _content(occasion, lead.replace("%", "%%") + " · %(reference)s · %(title)s", lead.replace("%", "%%") + ": %(title)s")


def recovered(occasion: Occasion) -> Content:
    """No need to get up."""
    lead = _("No need to get up: %(reference)s has recovered by itself. Somebody looks at it in the morning.")
    return _content(occasion, _("No need to get up · %(reference)s · %(title)s"), lead)


def fires_again(occasion: Occasion) -> Content:
    """It had recovered by itself, and did not stay so."""
    return _content(occasion, _("Fires again · %(severity)s · %(reference)s · %(title)s"), _("%(reference)s fires again: %(title)s"))


def reopened(occasion: Occasion) -> Content:
    """It was over and is not."""
    return _content(occasion, _("Reopened · %(severity)s · %(reference)s · %(title)s"), _("%(reference)s is open again: %(title)s"))


def not_recovered(occasion: Occasion) -> Content:
    """The fix did not hold."""
    return _content(occasion, _("Not recovered · %(severity)s · %(reference)s · %(title)s"), _("%(reference)s has not recovered: %(title)s"))


def no_commander(occasion: Occasion) -> Content:
    """The backup steps in."""
    lead = _("Nobody commands %(reference)s yet. Take command, or find somebody who does.")
    return _content(occasion, _("Nobody commands yet · %(severity)s · %(reference)s · %(title)s"), lead)


def over(occasion: Occasion) -> Content:
    """It is resolved, was a false alarm, or became part of another."""
    to = occasion.params.get("to")
    if to == "dismissed":
        return _content(occasion, _("False alarm · %(reference)s · %(title)s"), _("%(reference)s was a false alarm: %(title)s"))
    if to == "merged":
        return _content(occasion, _("Merged · %(reference)s · %(title)s"), _("%(reference)s became part of another incident: %(title)s"))
    return _content(occasion, _("Resolved · %(reference)s · %(title)s"), _("%(reference)s is resolved: %(title)s"))


def still_on_it(occasion: Occasion) -> Content:
    """The question to whom has it, before escalation goes on."""
    return _content(
        occasion,
        _("Still on it? · %(severity)s · %(reference)s · %(title)s"),
        _("Are you still on %(reference)s? Write a note or press “I'm on it”; without a sign of life others are told."),
    )


def lapsed(occasion: Occasion) -> Content:
    """Nobody has it any more."""
    return _content(
        occasion,
        _("Nobody has it · %(severity)s · %(reference)s · %(title)s"),
        _("Nobody has %(reference)s any more: who took it on gave no sign of life."),
    )


def update(occasion: Occasion) -> Content:
    """What a person wrote to the war room; taken back words are not sent."""
    entry = TimelineEntry.objects.select_related("body", "actor").get(incident=_incident(occasion), seq=occasion.params["seq"])
    words = "" if entry.body.redacted else loads(entry.body.content)["text"]
    lead = _("%(person)s on %(reference)s:") % {"person": str(entry.actor or _("The portal")).replace("%", "%%"), "reference": "%(reference)s"}
    return _content(occasion, _("Update · %(severity)s · %(reference)s · %(title)s"), lead, words=words)
