"""Who is told of what (`manual.md §§1, 7`): the rule of each notice, and the readers it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model

from accounts.abilities import Ability
from comms.alarms import raise_alarm
from comms.models import Alarm, Delivery
from incidents.models import Grant, Incident, Membership, Role, RoleAssignment, Service, Team
from incidents.playbook import incident_playbook

DEFAULT_TEAM = "operations"  # owns what nobody else does
User = get_user_model()


@dataclass(frozen=True)
class Reader:
    """A person and why they are told."""

    person: Any
    why: str
    teams: tuple[str, ...] = ()


Readers = dict[int, Reader]  # by person


@dataclass(frozen=True)
class Rule:
    """Who hears of a kind, what is read again before sending, and how long it is worth sending."""

    find: Callable[[Incident, dict[str, Any]], Readers]
    precondition: str = ""
    lasts: timedelta = timedelta(hours=24)


def readers(rule: Rule, incident: Incident, params: dict[str, Any]) -> list[Reader]:
    """Whom the rule finds; of a private incident only those who may see it."""
    found = rule.find(incident, params)
    if incident.is_private:
        found = {pk: reader for pk, reader in found.items() if Incident.objects.visible_to(reader.person).filter(pk=incident.pk).exists()}
    return list(found.values())


def by_severity(incident: Incident, params: dict[str, Any]) -> Readers:
    """Whom the playbook tells at this severity: P1 all response teams, P2 the owner teams, P3/P4 their leads."""
    playbook = incident_playbook(incident)
    to = playbook.severity(incident.severity).notice_to
    found = _members(playbook.response_teams, "response_teams") if to == "response_teams" else _owners(incident, to)
    if not found and to:
        found = _members(playbook.response_teams, "response_teams")
    if not found and to:
        raise_alarm(Alarm.Code.NOBODY, "teams", "")  # it outlives the incident's privacy: nothing of the incident in it
        found = {person.pk: Reader(person, "nobody_else") for person in User.objects.active().with_ability(Ability.RESPOND)}
    if incident.is_private:
        found |= _named(incident)
    return found


def _owners(incident: Incident, to: str) -> Readers:
    """The members or leads of the teams that own what is hit; the default team where nobody does."""
    if to not in {"owner_team", "owner_lead"}:
        return {}
    found: Readers = {}
    for slug in owner_teams(incident):
        leads = _members([slug], "owner_lead", is_lead=True) if to == "owner_lead" else {}
        found |= leads or _members([slug], "owner_team" if to == "owner_team" else "no_lead")
    return found or (_members([DEFAULT_TEAM], "owner_team") if to else {})


def owner_teams(incident: Incident) -> list[str]:
    """Slugs of the teams that own a service that is hit, in order; the default team where there is none."""
    services = Service.objects.filter(impacts__incident=incident, owner__archived=False)
    return list(dict.fromkeys(services.order_by("owner__position", "owner__slug").values_list("owner__slug", flat=True))) or [DEFAULT_TEAM]


def _members(slugs: Iterable[str], why: str, **extra: Any) -> Readers:
    rows = Membership.objects.filter(team__in=Team.objects.filter(slug__in=list(slugs), archived=False), person__is_active=True, **extra)
    found: dict[int, tuple[Any, list[str]]] = {}
    for row in rows.select_related("person", "team").order_by("-is_lead", "team__position", "person_id"):
        found.setdefault(row.person_id, (row.person, []))[1].append(row.team.slug)
    return {pk: Reader(person, why, tuple(teams)) for pk, (person, teams) in found.items()}


def _named(incident: Incident) -> Readers:
    """Who is named in a private incident, by person or team, or plays a part in it."""
    people = User.objects.filter(is_active=True)
    named = people.filter(pk__in=Grant.objects.filter(incident=incident, person__isnull=False).values("person"))
    in_team = people.filter(memberships__team__in=Grant.objects.filter(incident=incident, team__isnull=False).values("team"))
    return {person.pk: Reader(person, "named") for person in (named | in_team).distinct()} | _parts(incident)


def _parts(incident: Incident) -> Readers:
    rows = RoleAssignment.objects.filter(incident=incident, until=None, person__is_active=True).select_related("person")
    return {row.person_id: Reader(row.person, "part") for row in rows}


def told(incident: Incident, params: dict[str, Any]) -> Readers:
    """Who was told of it, or is about to be."""
    states = [Delivery.State.SENT, Delivery.State.DUE]
    people = User.objects.filter(is_active=True, pk__in=Delivery.objects.filter(incident=incident, state__in=states).values("person"))
    return {person.pk: Reader(person, "told") for person in people}


def told_or_in_charge(incident: Incident, params: dict[str, Any]) -> Readers:
    """Whom the severity asks for, and whoever was told before."""
    return told(incident, params) | by_severity(incident, params)


def at_raise(incident: Incident, params: dict[str, Any]) -> Readers:
    """A P1 calls everybody again, other severities only who has not acknowledged (design.md "Severity change")."""
    found = by_severity(incident, params)
    if incident.severity != "P1" and incident.acknowledged_by_id is not None:
        found.pop(incident.acknowledged_by_id, None)
    return found


def backup(incident: Incident, params: dict[str, Any]) -> Readers:
    """The backup commander; without one who leads a response team, without leads whom the severity asks for."""
    held = RoleAssignment.objects.filter(incident=incident, role=Role.BACKUP, until=None, person__is_active=True).select_related("person").first()
    if held is not None:
        return {held.person_id: Reader(held.person, "backup")}
    leads = _members(incident_playbook(incident).response_teams, "response_lead", is_lead=True)
    if incident.is_private:
        leads |= _named(incident)
    return leads or by_severity(incident, params)


def war_room(incident: Incident, params: dict[str, Any]) -> Readers:
    """The teams at work on it and who has a part in it, but for the author."""
    found = told(incident, params) | by_severity(incident, params) | _parts(incident)
    author = params.get("author")
    if author is not None:
        found.pop(author, None)
    return found


def who_has_it(incident: Incident, params: dict[str, Any]) -> Readers:
    """The person who took it on."""
    person = incident.acknowledged_by
    return {person.pk: Reader(person, "has_it")} if person is not None and person.is_active else {}


RULES = {
    "notice.declared": Rule(by_severity, "worth_waking"),
    "notice.raised": Rule(at_raise, "worth_waking"),
    "notice.recovered": Rule(told, "was_told"),
    "notice.fires_again": Rule(told_or_in_charge, "worth_waking"),
    "notice.reopened": Rule(told_or_in_charge, "still_open"),
    "notice.not_recovered": Rule(told_or_in_charge, "still_open"),
    "notice.no_commander": Rule(backup, "worth_waking"),
    "notice.over": Rule(told, "was_told"),
    "notice.still_on_it": Rule(who_has_it, "still_open", timedelta(minutes=30)),
    "notice.lapsed": Rule(by_severity, "worth_waking"),
    "notice.update": Rule(war_room),
}
