"""The snapshot in the shape of Atlassian Statuspage's public API v2. Every field is named here: what is not, cannot leave.

Names and texts are in the portal's language; a Statuspage has one.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from statuspage.rendering import overall, strips
from statuspage.snapshot import Component, Group, Incident, Snapshot, Update

MOST = 50  # incidents in the list, as Statuspage's
Json = dict[str, Any]


def documents(snapshot: Snapshot) -> dict[str, bytes]:
    """Every document by its name below `api/v2/`."""
    one = Shape(snapshot)
    page, components, status = one.page(), one.components(), one.status()
    unresolved = [one.incident(incident) for incident in snapshot.open]
    every = sorted([*snapshot.open, *snapshot.past], key=lambda incident: incident.created_at, reverse=True)
    nothing: Json = {"page": page, "scheduled_maintenances": []}  # the portal plans none in public
    found: dict[str, Json] = {
        "summary": {"page": page, "components": components, "incidents": unresolved, "scheduled_maintenances": [], "status": status},
        "status": {"page": page, "status": status},
        "components": {"page": page, "components": components},
        "incidents": {"page": page, "incidents": [one.incident(incident) for incident in every[:MOST]]},
        "incidents/unresolved": {"page": page, "incidents": unresolved},
        "scheduled-maintenances": nothing,
        "scheduled-maintenances/upcoming": nothing,
        "scheduled-maintenances/active": nothing,
    }
    return {name: json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() for name, document in found.items()}


def moment(at: datetime | None) -> str | None:
    """ "2026-11-21T19:07:00.000Z"."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Shape:
    """One snapshot being serialized."""

    def __init__(self, snapshot: Snapshot):
        self.snapshot = snapshot
        self.language = settings.LANGUAGE_CODE
        # A page has no code of its own: its address is public, and the same address is the same page for ever.
        self.page_id = hashlib.blake2s(snapshot.page.url.encode(), digest_size=6).hexdigest()
        self.by_slug = {component.slug: component for component in snapshot.components}
        self.groups = {group.slug: group for group in snapshot.groups}

    def page(self) -> Json:
        """`page`."""
        page = self.snapshot.page
        zone = "Etc/UTC" if page.time_zone == "UTC" else page.time_zone
        with translation.override(self.language):
            name = page.name or _("Service status")
        return {"id": self.page_id, "name": name, "url": page.url.rstrip("/"), "time_zone": zone, "updated_at": moment(page.updated_at)}

    def status(self) -> Json:
        """`status`."""
        found = overall.indicator(self.snapshot)
        return {"indicator": found.value, "description": overall.DESCRIPTIONS[found]}

    def components(self) -> list[Json]:
        """Groups, each followed by its components; then those without one."""
        found = []
        for group in self.snapshot.groups:
            inside = [component for component in self.snapshot.components if component.group == group.slug]
            found += [self.group(group, inside), *map(self.component, inside)]
        return found + [self.component(component) for component in self.snapshot.components if component.group not in self.groups]

    def group(self, group: Group, inside: list[Component]) -> Json:
        """A group, which is a component to Statuspage."""
        return {
            "id": group.id,
            "name": group.names[self.language],
            "status": strips.worst(component.state for component in inside),
            "created_at": moment(min(component.created_at for component in inside)),
            "updated_at": moment(max(component.updated_at for component in inside)),
            "position": group.position,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self.page_id,
            "group": True,
            "only_show_if_degraded": False,
            "components": [component.id for component in inside],
        }

    def component(self, component: Component) -> Json:
        """A component."""
        return {
            "id": component.id,
            "name": component.names[self.language],
            "status": component.state,
            "created_at": moment(component.created_at),
            "updated_at": moment(component.updated_at),
            "position": component.position,
            "description": component.descriptions[self.language] or None,
            "showcase": True,
            "start_date": component.created_at.astimezone(UTC).date().isoformat(),
            "group_id": self.groups[component.group].id if component.group in self.groups else None,
            "page_id": self.page_id,
            "group": False,
            "only_show_if_degraded": False,
        }

    def incident(self, incident: Incident) -> Json:
        """An incident with its updates, newest first."""
        status = "resolved" if incident.is_withdrawn else incident.status
        ended = incident.updated_at if incident.is_withdrawn else None
        monitored = [update.at for update in incident.updates if update.kind == "monitoring"]
        found: Json = {
            "id": incident.id,
            "name": incident.names[self.language],
            "status": status,
            "created_at": moment(incident.created_at),
            "updated_at": moment(incident.updated_at),
            "monitoring_at": moment(monitored[0] if monitored else None),
            "resolved_at": moment(incident.resolved_at or ended),
            "impact": incident.impact,
            "shortlink": f"{self.snapshot.page.url}incidents/{incident.id}/",
            "started_at": moment(incident.created_at),
            "page_id": self.page_id,
            "incident_updates": self.updates(incident),
            "components": [self.component(self.by_slug[slug]) for slug in incident.components if slug in self.by_slug],
            "reminder_intervals": None,
        }
        if incident.postmortem is not None:
            found |= {"postmortem_body": incident.postmortem[self.language], "postmortem_published_at": moment(incident.postmortem_at)}
        return found

    def updates(self, incident: Incident) -> list[Json]:
        """Newest first; a published post-mortem stands among them at its time."""
        before: dict[str, str] = {}
        found = []
        for update in reversed(incident.updates):
            found.append(self.update(incident, update, before))
            before |= dict(update.components)
        if incident.postmortem is not None and incident.postmortem_at is not None:
            body = incident.postmortem[self.language]
            found.append(self.said(incident, f"{incident.id}-pm", "postmortem", body, incident.postmortem_at, None))
        return sorted(found, key=lambda one: one["created_at"])[::-1]

    def update(self, incident: Incident, update: Update, before: dict[str, str]) -> Json:
        """An update; of each component what was said of it before and what from then on."""
        affected = [
            {
                "code": self.by_slug[slug].id,
                "name": self.by_slug[slug].names[self.language],
                "old_status": before.get(slug, "operational"),
                "new_status": state,
            }
            for slug, state in update.components
            if slug in self.by_slug
        ]
        status = "resolved" if update.kind == "withdrawn" else update.status
        return self.said(incident, update.id, status, "\n\n".join(update.paragraphs[self.language]), update.at, affected or None)

    def said(self, incident: Incident, code: str, status: str, body: str, at: datetime, affected: list[Json] | None) -> Json:
        """One of `incident_updates`."""
        return {
            "id": code,
            "status": status,
            "body": body,
            "incident_id": incident.id,
            "created_at": moment(at),
            "updated_at": moment(at),
            "display_at": moment(at),
            "affected_components": affected,
            "deliver_notifications": False,
            "custom_tweet": None,
            "tweet_id": None,
        }
