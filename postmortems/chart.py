"""The one drawing of a post-mortem: how the time passed, from the beginning to the resolution, with the target in it."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from incidents.models import Incident
from incidents.playbook import incident_playbook
from lib.times import span
from postmortems.shapes import Chart

WIDTH, BAR_TOP, BAR_HEIGHT, HEIGHT = 720, 30, 22, 96
PHASES = (("began", "detected"), ("detected", "confirmed"), ("confirmed", "mitigated"), ("mitigated", "resolved"))
FILLS = ("#8b94a0", "#c28a00", "#c3242c", "#17713e")  # readable on paper, in the light and in the dark
NARROWEST = 34  # below that a part carries no length of its own


def _labels() -> tuple[str, ...]:
    return (_("Until detected"), _("Until confirmed"), _("Until mitigated"), _("Until resolved"))


def of(incident: Incident) -> Chart | None:
    """None before it is resolved."""
    if incident.resolved_at is None or incident.resolved_at <= incident.began_at:
        return None
    parts = _parts(incident)
    whole = (incident.resolved_at - incident.began_at).total_seconds()
    title = _("From the beginning to the resolution: %(time)s") % {"time": span(whole)}
    drawn = "".join(_bars(parts, incident.began_at, whole)) + "".join(_target(incident, whole)) + "".join(_legend(parts))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" font-size="12">'
        f"<title>{escape(title)}</title>{drawn}</svg>"
    )
    return Chart(mark_safe(svg), title)  # noqa: S308 - numbers and escaped words


def _parts(incident: Incident) -> list[tuple[int, datetime, datetime]]:
    """Which phase (its place in PHASES), from when to when; a milestone that is missing joins its phase to the next."""
    found: list[tuple[int, datetime, datetime]] = []
    start = incident.began_at
    for place, (_first, last) in enumerate(PHASES):
        end = getattr(incident, f"{last}_at")
        if end is not None and end > start:
            found.append((place, start, end))
            start = end
    return found


def _bars(parts: Sequence[tuple[int, datetime, datetime]], began: datetime, whole: float) -> list[str]:
    found = []
    for place, start, end in parts:
        x, width = WIDTH * (start - began).total_seconds() / whole, WIDTH * (end - start).total_seconds() / whole
        found.append(f'<rect x="{x:.1f}" y="{BAR_TOP}" width="{max(width, 1):.1f}" height="{BAR_HEIGHT}" fill="{FILLS[place]}"/>')
        if width >= NARROWEST + 20:
            said = escape(span((end - start).total_seconds()))
            found.append(f'<text x="{x + width / 2:.1f}" y="{BAR_TOP + 15}" text-anchor="middle" fill="#ffffff">{said}</text>')
    return found


def _target(incident: Incident, whole: float) -> list[str]:
    """A line where the severity's recovery objective ended, if it lies within."""
    rule = incident_playbook(incident).severity(incident.highest_severity)
    if rule.is_working_time or rule.rto_seconds >= whole:
        return []
    x = WIDTH * rule.rto_seconds / whole
    said = escape(_("target %(time)s") % {"time": span(rule.rto_seconds)})
    anchor, shift = ("end", -4) if x > WIDTH * 0.8 else ("start", 4)
    return [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{BAR_TOP + BAR_HEIGHT + 6}" stroke="currentColor" stroke-width="1.5"/>',
        f'<text x="{x + shift:.1f}" y="16" text-anchor="{anchor}" fill="currentColor">{said}</text>',
    ]


def _legend(parts: Sequence[tuple[int, datetime, datetime]]) -> list[str]:
    labels, found = _labels(), []
    for index, (place, start, end) in enumerate(parts):
        x, y = WIDTH / 4 * index, BAR_TOP + BAR_HEIGHT + 28
        said = escape(f"{labels[place]} · {span((end - start).total_seconds())}")
        found.append(
            f'<rect x="{x:.0f}" y="{y - 10}" width="10" height="10" fill="{FILLS[place]}"/><text x="{x + 15:.0f}" y="{y}" fill="currentColor">{said}</text>'
        )
    return found
