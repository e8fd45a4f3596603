"""The post-mortem beside an incident's story."""

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from incidents.models import State
from incidents.page import Page
from incidents.panels import Panel, register
from lib import clock
from postmortems import guards, opening
from postmortems.models import ActionItem, Postmortem
from postmortems.views.lists import TONES

KINDS = {
    f"postmortems.{kind}" for kind in ("opened", "submitted", "returned", "approved", "published", "published_outside", "waived", "resumed", "action_done")
}


def panel(page: Page) -> dict[str, Any] | None:
    """Where it stands and what closing waits for; nothing before the incident is resolved. One query."""
    incident = page.incident
    if incident.state not in opening.MINIMUM:
        return None
    items = Count("actions", filter=Q(actions__state=ActionItem.State.OPEN))
    found = Postmortem.objects.filter(incident=incident).select_related("author").annotate(open_items=items).first()
    if found is None and not page.may(Ability.RESPOND):
        return None
    if found is not None:
        found.incident = incident
    return {
        "postmortem": found,
        "tone": TONES[found.state] if found else "",
        "is_late": found is not None and not found.is_finished and found.due_at is not None and found.due_at <= clock.now(),
        "bars": guards.reason(incident, found) if incident.state == State.RESOLVED else None,
        "may_respond": page.may(Ability.RESPOND),
        "may_command": page.may(Ability.COMMAND),
    }


register(Panel("postmortem", _("Post-mortem"), "postmortems/_panel.html", panel, 15, frozenset({"incidents.state", *KINDS})))
