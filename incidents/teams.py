"""Who is in a team; the lead is called first (`manual.md §2`)."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from incidents.models import Membership, Team
from lib.db import lock, retried
from lib.errors import Forbidden, Refused


def may_configure(user: Any) -> bool:
    """Whether `user` may change teams, services and the playbook."""
    return user.is_authenticated and user.can(Ability.CONFIGURE)


@retried
def set_members(team: Team, members: Mapping[Any, bool], *, actor: Any, request: Any = None) -> Team:
    """Make exactly these people the team: {person: is lead}. Saying what is already so is no change.

    Raises Forbidden, or Refused (422) for two leads or a person whose account is off.
    """
    if actor is not None and not actor.can(Ability.CONFIGURE):
        raise Forbidden(_("You need the right “configure” to change a team."))
    if sum(members.values()) > 1:
        raise Refused(_("A team has one lead."), status=422)
    if off := [person for person in members if not person.is_active]:
        raise Refused(_("The account of %(person)s is off.") % {"person": off[0]}, status=422)
    with transaction.atomic():
        team = lock(Team.objects.filter(pk=team.pk)).get()
        had = {row.person: row for row in team.memberships.select_related("person")}
        if {person: row.is_lead for person, row in had.items()} == dict(members):
            return team
        team.memberships.exclude(person__in=list(members)).delete()
        for person, is_lead in members.items():
            Membership.objects.update_or_create(team=team, person=person, defaults={"is_lead": is_lead})
        before = {person.username: row.is_lead for person, row in had.items()}
        after = {person.username: is_lead for person, is_lead in members.items()}
        audit.record("team.members", actor=actor, target=team.slug, before=before, after=after, request=request)
    return team


def put_member(team: Team, person: Any, *, is_lead: bool, actor: Any, request: Any = None) -> Team:
    """Add a person, or make a member the lead (the lead so far becomes a member) or no lead."""
    members = {row.person: row.is_lead and not is_lead for row in team.memberships.select_related("person")}
    return set_members(team, {**members, person: is_lead}, actor=actor, request=request)


def drop_member(team: Team, person: Any, *, actor: Any, request: Any = None) -> Team:
    """Take a person out of the team."""
    members = {row.person: row.is_lead for row in team.memberships.select_related("person") if row.person != person}
    return set_members(team, members, actor=actor, request=request)
