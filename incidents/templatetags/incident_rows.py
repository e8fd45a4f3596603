"""What a row of a list shows of an incident, from what `views.with_row_parts` fetched beforehand, and an entry of its story."""

from typing import Any

from django import template

from incidents import page, story
from incidents.models import Incident
from lib import clock
from lib.i18n import listed

register = template.Library()

register.simple_tag(story.entry)


@register.simple_tag
def services_of(incident: Incident) -> str:
    """The services hit, by name."""
    return listed(impact.service for impact in incident.impacts.all())


@register.simple_tag
def commander_of(incident: Incident) -> Any:
    """Who commands it, or None."""
    held = incident.commanders  # type: ignore[attr-defined]
    return held[0].person if held else None


@register.simple_tag
def rto_of(incident: Incident) -> page.Face | None:
    """The recovery objective that decides, or None."""
    row = page.strictest(incident.clocks.all(), "rto")
    return page.countdown(row, "RTO", clock.now()) if row else None
