"""The states of components: the worst that open posts say, else what a person set by hand; each change is kept for the bars."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from lib import clock
from lib.db import lock, retried
from lib.errors import Forbidden, Refused
from statuspage import changes
from statuspage.models import Component, ComponentChange, ComponentState, Post


def follow(slugs: Iterable[str], *, now: datetime, actor: Any = None, post: str = "") -> list[ComponentChange]:
    """Bring components in step with what is said of them now; runs in the transaction of the cause. Returns what changed.

    The rows are locked first, so that two posts that touch one component follow each other.
    """
    wanted = set(slugs)
    if not wanted:
        return []
    rows = list(lock(Component.objects.filter(service__slug__in=wanted).order_by("pk")))
    names = dict(Component.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "service__slug"))
    said = spoken()
    found = []
    for row in rows:
        state = said.get(names[row.pk], ComponentState(row.set_state)).value
        if state != row.state:
            row.state, row.since, row.updated_at = state, now, now
            row.save(update_fields=["state", "since", "updated_at"])
            found.append(ComponentChange(component=row, state=state, at=now, actor=actor, post=post))
    return ComponentChange.objects.bulk_create(found)


def spoken() -> dict[str, ComponentState]:
    """The worst that open posts say of each component; those of which none says anything bad are not in it."""
    found: dict[str, ComponentState] = {}
    for told in Post.objects.filter(open_posts()).values_list("components", flat=True):
        for slug, state in told.items():
            one = ComponentState(state)
            if one != ComponentState.OPERATIONAL and one.rank > found.get(slug, ComponentState.OPERATIONAL).rank:
                found[slug] = one
    return found


def open_posts() -> Q:
    """The posts that still tell of something."""
    return Q(resolved_at=None, is_withdrawn=False)


@retried
def set_by_hand(component: Component, state: str, *, actor: Any, request: Any = None) -> Component:
    """Say how a component does while no post says worse; to the state it was set to already changes nothing.

    Raises Refused (422) for an unknown state, Forbidden without *publish*.
    """
    if actor is not None and not actor.can(Ability.PUBLISH):
        raise Forbidden(_("You need the right “publish” for this."))
    if state not in ComponentState.values:
        raise Refused(_("There is no state “%(state)s”.") % {"state": str(state)[:40]}, status=422)
    now = clock.now()
    with transaction.atomic():
        row = lock(Component.objects.filter(pk=component.pk)).get()
        if row.set_state == state:
            return row
        before = row.set_state
        row.set_state, row.set_by, row.set_at = state, actor, now
        row.save(update_fields=["set_state", "set_by", "set_at"])
        if follow([row.slug], now=now, actor=actor):
            changes.touch()
        audit.record("component.state", actor=actor, target=f"component {row.slug}", before={"set_state": before}, after={"set_state": state}, request=request)
    return Component.objects.get(pk=component.pk)
