"""Standard words: what an incident comes to on the public page when nobody writes anything of their own."""

from dataclasses import replace
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from comms import publication
from incidents.models import Impact, Incident, Severity, State
from lib.i18n import LANGUAGES, listed, pick
from statuspage.models import Component, ComponentState, Kind, Post
from statuspage.telling import ENDING, Telling

S = State
# design.md "The incident": what each state is called in public. Before *confirmed* there is nothing.
KINDS: dict[str, Kind] = {
    S.CONFIRMED: Kind.INVESTIGATING,
    S.DIAGNOSING: Kind.INVESTIGATING,
    S.FIXING: Kind.IDENTIFIED,
    S.ROLLING_BACK: Kind.IDENTIFIED,
    S.VERIFYING: Kind.MONITORING,
    S.WATCHING: Kind.MONITORING,
    S.RESOLVED: Kind.RESOLVED,
    S.CLOSED: Kind.RESOLVED,
    S.DISMISSED: Kind.WITHDRAWN,
    S.MERGED: Kind.CORRECTION,
}
IMPACTS = {Severity.P1: Post.Impact.CRITICAL, Severity.P2: Post.Impact.MAJOR, Severity.P3: Post.Impact.MINOR, Severity.P4: Post.Impact.MINOR}
LEVELS = {Impact.Level.DEGRADED: ComponentState.DEGRADED, Impact.Level.PARTIAL: ComponentState.PARTIAL, Impact.Level.OUTAGE: ComponentState.MAJOR}
SYMPTOMS = {ComponentState.DEGRADED: "slow", ComponentState.PARTIAL: "partly", ComponentState.MAJOR: "unavailable"}
ADVICE = {ComponentState.DEGRADED: "retry", ComponentState.PARTIAL: "retry", ComponentState.MAJOR: "wait"}
NAMED = 3  # components that a title names


def kind_of(incident: Incident) -> Kind | None:
    """What the public would be told of the incident as it stands; None before it is confirmed."""
    return KINDS.get(incident.state)


def states(incident: Incident) -> dict[str, str]:
    """What the incident does to the components that are shown: {service slug: state}."""
    impacts = incident.impacts.filter(service__component__is_shown=True).order_by("service__position", "service__slug")
    return {slug: LEVELS[Impact.Level(level)].value for slug, level in impacts.values_list("service__slug", "level")}


def telling(incident: Incident, kind: str, post: Post | None = None) -> Telling:
    """The phrases that fit: what one notices and can do follow from the worst level, the next time from the playbook's promise."""
    if kind in ENDING or incident.state == State.MERGED:
        return Telling(kind, free=moved() if kind == Kind.CORRECTION else {}, services=restored(post))
    told = {**restored(post), **states(incident)}
    worst = max((ComponentState(state) for state in told.values()), key=lambda state: state.rank, default=ComponentState.OPERATIONAL)
    is_known = kind in (Kind.MONITORING, Kind.CORRECTION)
    return Telling(
        kind,
        symptom="" if is_known else SYMPTOMS.get(worst, ""),
        advice="" if is_known else ADVICE.get(worst, ""),
        next_minutes=promised_minutes(incident),
        services=told,
        title=dict(post.title) if post else title(told),
    )


def left_out(incident: Incident, kind: str, post: Post | None = None) -> Telling:
    """What stands in for what a person leaves out (a command, a REST body): the standard words, unseen.

    Of a private incident that is only what the public reads already: what is hit, how it shows and the title are somebody's own to say.
    """
    told = telling(incident, kind, post)
    if not incident.is_private:
        return told
    return replace(told, symptom="", advice="", title={}, services=told.services if kind in ENDING else dict(post.components if post else {}))


def promised_minutes(incident: Incident) -> int | None:
    """Within how many minutes the playbook promises the public to hear again."""
    seconds = publication.promise(incident, "status_page").next_update_seconds
    return None if seconds is None else max(seconds // 60, 1)


def restored(post: Post | None) -> dict[str, str]:
    """Every component that the post says something of, as working again."""
    return {slug: ComponentState.OPERATIONAL.value for slug in (post.components if post else {})}


def moved() -> dict[str, str]:
    """What is said of an incident that became part of another; it names neither."""
    return in_each(lambda: _("This problem is part of another one. We keep you informed there."))


def title(told: dict[str, str]) -> dict[str, str]:
    """A public title in each language, made of the components' public names and how badly they are hit."""
    hit = {slug: state for slug, state in told.items() if state != ComponentState.OPERATIONAL}
    names = dict(Component.objects.filter(service__slug__in=hit, is_shown=True).order_by("position", "id").values_list("service__slug", "name"))
    worst = max((ComponentState(state) for state in hit.values()), key=lambda state: state.rank, default=None)
    return in_each(lambda: _title(list(names.values()), worst))


def _title(names: list[Any], worst: ComponentState | None) -> str:
    if not names:
        return _("Service disruption")
    said = listed(pick(name) for name in names[:NAMED])
    if len(names) > NAMED:
        said = _("%(names)s and others") % {"names": said}
    if worst == ComponentState.MAJOR:
        return _("%(components)s: outage") % {"components": said}
    if worst == ComponentState.PARTIAL:
        return _("%(components)s: partial outage") % {"components": said}
    return _("%(components)s: slower than usual") % {"components": said}


def in_each(say: Any) -> dict[str, str]:
    """`say()` in each language."""
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = str(say())
    return found
