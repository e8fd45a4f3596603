"""Finding post-mortems and action items: the one reading of filters for pages and REST."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from incidents.models import Severity
from incidents.search import several
from lib import clock
from lib.text import clean
from postmortems.models import ActionItem, Postmortem, Section
from postmortems.querysets import UNFINISHED, ActionItemQuerySet, PostmortemQuerySet

ORDER = ("-opened_at", "-id")
ACTION_ORDER = ("due_on", "id")
STATES = ("unfinished", "late", *Postmortem.State.values)
ACTION_STATES = ("late", *ActionItem.State.values)


def postmortems(user: Any, wanted: Mapping[str, str]) -> PostmortemQuerySet:
    """What `user` may see, narrowed by state ("unfinished", "late" or a state; several by commas), severity and q (title, reference, words).

    Raises Refused (400) for a value that cannot be read.
    """
    found = Postmortem.objects.visible_to(user)
    if states := several(wanted, "state", list(STATES)):
        now = clock.now()
        condition = Q(state__in=[state for state in states if state in Postmortem.State.values])
        condition |= Q(state__in=UNFINISHED) if "unfinished" in states else Q(pk__in=[])
        condition |= Q(state__in=UNFINISHED, due_at__lte=now) if "late" in states else Q(pk__in=[])
        found = found.filter(condition)
    if severities := several(wanted, "severity", Severity.values):
        found = found.filter(incident__highest_severity__in=severities)
    for word in clean(wanted.get("q"), 200).split()[:8]:
        said = Section.objects.filter(postmortem=OuterRef("pk"), text__icontains=word)
        found = found.filter(Q(incident__reference__icontains=word) | Q(incident__title__icontains=word) | Q(Exists(said)))
    return found.order_by(*ORDER)


def with_row_parts(found: PostmortemQuerySet) -> PostmortemQuerySet:
    """With what a list shows: the incident, the author, and how many action items are open."""
    items = Count("actions", filter=Q(actions__state=ActionItem.State.OPEN))
    return found.select_related("incident", "author").annotate(open_items=items)


def actions(user: Any, wanted: Mapping[str, str]) -> ActionItemQuerySet:
    """What `user` may see, narrowed by state ("open", "late", "done", "dropped"), horizon, priority, owner (user name), team, incident, mine, q.

    Raises Refused (400) for a value that cannot be read.
    """
    found = ActionItem.objects.visible_to(user).exclude(postmortem__state=Postmortem.State.WAIVED)
    if states := several(wanted, "state", list(ACTION_STATES)):
        condition = Q(state__in=[state for state in states if state != "late"])
        late = Q(state=ActionItem.State.OPEN, due_on__lt=timezone.localdate(clock.now()))
        found = found.filter(condition | late if "late" in states else condition)
    for name, known in (("horizon", ActionItem.Horizon.values), ("priority", ActionItem.Priority.values)):
        if values := several(wanted, name, list(known)):
            found = found.filter(**{f"{name}__in": values})
    if username := clean(wanted.get("owner"), 150):
        found = found.filter(owner__username__iexact=username)
    if slug := clean(wanted.get("team"), 60):
        found = found.filter(team__slug=slug)
    if reference := clean(wanted.get("incident"), 24):
        found = found.filter(postmortem__incident__reference__iexact=reference)
    if wanted.get("mine"):
        found = found.of(user)
    for word in clean(wanted.get("q"), 200).split()[:8]:
        found = found.filter(Q(title__icontains=word) | Q(acceptance__icontains=word) | Q(postmortem__incident__reference__icontains=word))
    return found.order_by(*ACTION_ORDER)
