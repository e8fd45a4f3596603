"""The command palette: every page and every act by name, as JSON for its script."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from incidents import acts
from incidents.models import Incident, Service
from portal import navigation

MOST_INCIDENTS = 30


def entries(user: Any, reference: str = "") -> list[dict[str, str]]:
    """What the palette offers: acts on the incident one is looking at, pages, open incidents, services."""
    return [*on_incident(user, reference), *pages(user), *open_incidents(user), *services()]


def entry(group: Any, label: Any, url: str, *, keys: str = "", words: str = "") -> dict[str, str]:
    """One line of the palette; `words` are further names it is found by."""
    return {"group": str(group), "label": str(label), "url": url, "keys": keys, "words": words}


def on_incident(user: Any, reference: str) -> list[dict[str, str]]:
    """The acts on the incident of this page."""
    incident = Incident.objects.visible_to(user).filter(reference=reference).first() if reference else None
    if incident is None:
        return []
    offered = acts.offered(incident, user)
    return [entry(incident.reference, act.label, reverse("incidents:act", args=[incident.reference, act.name]), words=f"/{act.name}") for act in offered]


def pages(user: Any) -> list[dict[str, str]]:
    """All pages that exist and that `user` may open."""
    links = navigation.open_to((*navigation.OTHER, *navigation.NAV, *navigation.FOOT), user)
    found = [entry(_("Go to"), link.label, link.path, keys=link.keys) for link in links]
    for group in navigation.settings_groups(user):
        found += [entry(group.title, link.label, link.path) for link in group.links]
    return found


def open_incidents(user: Any) -> list[dict[str, str]]:
    """Open incidents, the gravest first."""
    rows = Incident.objects.visible_to(user).open().order_by("severity", "-declared_at")[:MOST_INCIDENTS]
    return [entry(_("Open incidents"), f"{row.severity} {row.title}", row.get_absolute_url(), words=row.reference) for row in rows]


def services() -> list[dict[str, str]]:
    """All services, where they have pages."""
    if not navigation.exists("/services/x/"):
        return []
    return [entry(_("Services"), service, f"/services/{service.slug}/", words=service.slug) for service in Service.objects.current()[:200]]
