"""What may be said in public of an incident now, and how: the three refusals, the playbook's rule, the kinds that fit."""

from django.utils.translation import gettext as _

from comms import publication
from incidents.models import Incident, State
from statuspage.models import Kind, Post

GOING_ON = (Kind.INVESTIGATING, Kind.IDENTIFIED, Kind.MONITORING)


def barred(incident: Incident) -> str:
    """Why nothing of this incident is ever public; "" where something may be (design.md "Drill and import")."""
    if incident.is_drill:
        return _("A drill never comes to the public page.")
    if incident.is_imported:
        return _("Imported history never comes to the public page.")
    return ""


def post_of(incident: Incident) -> Post | None:
    """The incident's post, read once for as long as this incident is in memory: for a page, never for a change."""
    found: Post | None = getattr(incident, "post", None)
    return found


def kinds(incident: Incident, post: Post | None) -> list[Kind]:
    """The kinds of updates that fit the incident and what is public of it, the likeliest first; none while nothing may be public."""
    if barred(incident) or (incident.state == State.DECLARED and post is None):
        return []
    if post is None:
        return [] if incident.state in (State.DISMISSED, State.MERGED) else _first(incident)
    if incident.state in (State.DISMISSED, State.DECLARED):
        return [Kind.WITHDRAWN, Kind.CORRECTION]
    if incident.state == State.MERGED:
        return [Kind.CORRECTION, Kind.WITHDRAWN]
    return [*_first(incident), Kind.CORRECTION, Kind.WITHDRAWN]


def kinds_by_code(incident: Incident) -> set[str]:
    """The kinds that fit, as words of an address or a body."""
    return {str(kind) for kind in kinds(incident, Post.objects.filter(incident=incident).first())}


def _first(incident: Incident) -> list[Kind]:
    """What is going on may be said in any of its three ways; that it is resolved only once it is."""
    if incident.state in (State.RESOLVED, State.CLOSED):
        return [Kind.RESOLVED]
    own = {State.FIXING: 1, State.ROLLING_BACK: 1, State.VERIFYING: 2, State.WATCHING: 2}.get(State(incident.state), 0)
    return [GOING_ON[own], *(kind for kind in GOING_ON if kind != GOING_ON[own])]


def how(incident: Incident, post: Post | None) -> publication.How:
    """How the portal deals with the next thing to be said: "auto", "prepare" or "none".

    What is public already is never left alone: where the rule is silent, each step of the incident is prepared for a person.
    What a person withdrew, and the end of what turned out to be nothing, waits for a person too.
    """
    if barred(incident):
        return "none"
    rule = publication.rule(incident).status_page
    if post is None:
        return rule
    if rule != "auto" or post.is_withdrawn or incident.state in (State.DISMISSED, State.MERGED):
        return "prepare"
    return "auto"
