"""Loads the example once, in one transaction; a second time changes nothing."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from incidents import lifecycle
from incidents.models import Incident, Membership, Team
from lib.errors import Refused
from portal.demo import example
from postmortems import importing

SOURCE = "demo"
PUBLISHED, REVIEWED = example.at(12, 0, 18), date(2024, 2, 18)


def load() -> list[str]:
    """Bring the example in; returns the references it made, none when it is there. Raises Refused for a portal that people live in, or that is not prepared."""
    if Incident.objects.filter(source=SOURCE).exists():
        return []
    admin = User.objects.filter(username="admin").first()
    if admin is None:
        raise Refused(_("Prepare the portal first: manage.py prepare."))
    if User.objects.count() > 1 or Incident.objects.exists():
        raise Refused(_("This portal is in use: its people would be told of what never happened here. Use another DATA_DIR."))
    with transaction.atomic():
        cast = {name: _person(name, admin) for name in example.PEOPLE}
        history = _history(admin, cast)
        _report(history, cast)
        drill = lifecycle.declare(
            title=said(example.DRILL), summary=said(example.DRILL_SUMMARY), severity="P2", services=["primary-database"], actor=admin, drill=True, source=SOURCE
        )
    return [history.reference, drill.reference]


def said(words: example.Words) -> str:
    """A person's words are in one language: the portal's."""
    return words[settings.LANGUAGE_CODE]


def _person(username: str, admin: User) -> User:
    """Somebody of the example: without a password nobody signs in as them; an administrator invites them under an address of their own."""
    name, roles, teams = example.PEOPLE[username]
    person = User.objects.filter(username=username).first() or people.create(
        username, actor=admin, name=name, email=f"{username}@example.com", roles=list(roles)
    )
    for team in Team.objects.filter(slug__in=teams):
        Membership.objects.get_or_create(team=team, person=person, defaults={"is_lead": True})
    return person


def _history(admin: User, cast: dict[str, User]) -> Incident:
    story = [
        lifecycle.Told(kind, at, cast.get(who), said(words) if words else "", {"skipped": [], **data, **({"title": said(example.TITLE)} if who == "" else {})})
        for kind, at, who, words, data in example.STORY
    ]
    return lifecycle.bring_in(
        title=said(example.TITLE),
        summary=said(example.SUMMARY),
        severity="P1",
        services=example.SERVICES,
        milestones=example.MILESTONES,
        story=story,
        actor=admin,
        users_affected=8500,
        users_affected_percent=85,
        roles={"commander": cast["john.doe"], "backup": cast["jane.smith"]},
        source=SOURCE,
    )


def _report(history: Incident, cast: dict[str, User]) -> None:
    teams = {team.slug: team for team in Team.objects.all()}
    actions: list[dict[str, Any]] = [
        {
            "title": said(title), "horizon": horizon, "priority": priority, "team": teams.get(team), "due_on": due,
            "acceptance": said(acceptance), "state": "done", "settled_at": PUBLISHED, "settled_by": cast["john.doe"],
        }
        for title, horizon, priority, team, due, acceptance in example.ACTIONS
    ]  # fmt: skip
    importing.bring_in(
        history,
        author=cast["john.doe"],
        sections={key: said(words) for key, words in example.SECTIONS.items()},
        actions=actions,
        reviewers=[cast["alex.johnson"], cast["sam.wilson"]],
        published_at=PUBLISHED,
        next_review_on=REVIEWED,
    )
