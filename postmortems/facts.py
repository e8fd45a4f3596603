"""The figures of a post-mortem: how long, how many, against which targets, what was kept and what was broken."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from incidents.messages import milestone_name
from incidents.models import Clock, Incident, TimelineEntry
from incidents.models.incident import MILESTONES
from incidents.playbook import incident_playbook
from lib.i18n import pick
from lib.times import span

ANNOUNCED = ("statuspage.published", "comms.users_told", "comms.update")  # what tells that it is over, the most public first


@dataclass(frozen=True)
class Fact:
    """A figure and what it means: "good" kept, "bad" broken, "" neither."""

    label: str
    value: str
    level: str = ""
    hint: str = ""


def stamp(moment: datetime | None) -> str:
    """ "2024-01-15 14:30 UTC": a document has no reader whose zone could be known."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else "–"


def minutes(seconds: float) -> str:
    """ "135 min (2 h 15 min)": targets are in minutes, people think in hours."""
    count = int(seconds // 60)
    said = _("%(count)s min") % {"count": count}
    return f"{said} ({span(seconds)})" if count >= 60 else said


def lasted(incident: Incident) -> float | None:
    """Seconds from the beginning to the resolution, None while it is not resolved."""
    return (incident.resolved_at - incident.began_at).total_seconds() if incident.resolved_at else None


def users(incident: Incident) -> str:
    """ "8,500 (85 %)", "not known"."""
    parts = [f"{incident.users_affected:,}"] if incident.users_affected is not None else []
    if incident.users_affected_percent is not None:
        percent = f"{Decimal(incident.users_affected_percent).normalize():f} %"
        parts.append(f"({percent})" if parts else percent)
    return " ".join(parts) or _("not known")


def overview(incident: Incident) -> list[Fact]:
    """What one must know at a glance."""
    seconds = lasted(incident)
    severity = incident.highest_severity
    if incident.severity != severity:
        severity = _("%(highest)s (%(last)s at the end)") % {"highest": severity, "last": incident.severity}
    name = pick(incident_playbook(incident).severity(incident.highest_severity).name)
    return [
        Fact(_("Incident"), incident.reference),
        Fact(_("Severity"), f"{severity} · {name}"),
        Fact(_("Began"), stamp(incident.began_at)),
        Fact(_("Resolved"), stamp(incident.resolved_at)),
        Fact(_("Lasted"), minutes(seconds) if seconds is not None else _("not resolved")),
        Fact(_("Users hit"), users(incident)),
    ]


def milestones(incident: Incident) -> list[tuple[str, datetime]]:
    """The milestones that were reached, in order."""
    found = [(milestone_name(name), getattr(incident, f"{name}_at")) for name in MILESTONES if name != "closed"]
    return sorted([(label, at) for label, at in found if at], key=lambda pair: pair[1])


def impact(incident: Incident) -> list[Fact]:
    """Who and what was hit."""
    rows = incident.impacts.select_related("service").order_by("service__position")
    mitigated = (incident.mitigated_at or incident.resolved_at, incident.began_at)
    away = minutes((mitigated[0] - mitigated[1]).total_seconds()) if mitigated[0] else "–"
    return [Fact(_("Users hit"), users(incident)), *(Fact(pick(row.service.name), f"{row.get_level_display()} · {away}") for row in rows)]


def clocks(incident: Incident) -> list[Fact]:
    """Recovery objectives kept and broken, and how soon the recovery was told (`manual.md §9`: "Show that")."""
    rows = incident.clocks.exclude(kind=Clock.Kind.WATCH).select_related("service").order_by("kind", "due_at")
    found = [_rto(row) if row.kind == Clock.Kind.RTO else _rpo(row) for row in rows]
    return [*_whole(incident), *found, *_announcement(incident)]


def _whole(incident: Incident) -> list[Fact]:
    """From the beginning to the resolution, held against the severity's target; working time is what clocks count."""
    rule, seconds = incident_playbook(incident).severity(incident.highest_severity), lasted(incident)
    if seconds is None or rule.is_working_time:
        return []
    said = {"took": minutes(seconds), "target": minutes(rule.rto_seconds), "severity": rule.code}
    if seconds > rule.rto_seconds:
        return [Fact(_("Until resolved"), _("%(took)s against the %(severity)s target of %(target)s: broken") % said, "bad")]
    return [Fact(_("Until resolved"), _("%(took)s against the %(severity)s target of %(target)s: kept") % said, "good")]


def _rto(row: Clock) -> Fact:
    label = pgettext("clock", "RTO") + (f" · {row.service}" if row.service else "")
    if row.stopped_at is None:
        return Fact(label, _("still running against %(target)s") % {"target": minutes(row.target_seconds)})
    took = (row.stopped_at - row.started_at).total_seconds()
    said = {"took": minutes(took), "target": minutes(row.target_seconds)}
    if row.breached_at is not None:
        return Fact(label, _("%(took)s against a target of %(target)s: broken") % said, "bad")
    return Fact(label, _("%(took)s against a target of %(target)s: kept") % said, "good")


def _rpo(row: Clock) -> Fact:
    label = _("RPO exposure") + (f" · {row.service}" if row.service else "")
    if row.exposure_seconds is None:
        return Fact(label, _("unknown: no recovery point was reported"))
    is_broken = row.exposure_seconds > row.target_seconds
    said = {"took": minutes(row.exposure_seconds), "target": minutes(row.target_seconds)}
    template = _("%(took)s against a target of %(target)s: broken") if is_broken else _("%(took)s against a target of %(target)s: kept")
    return Fact(label, template % said, "bad" if is_broken else "good")


def _announcement(incident: Incident) -> list[Fact]:
    """How long after the recovery people were told of it; nothing while nobody was."""
    recovered = incident.mitigated_at or incident.resolved_at
    if recovered is None:
        return []
    rows = TimelineEntry.objects.filter(incident=incident, kind__in=ANNOUNCED, at__gte=recovered).select_related("body").order_by("at", "seq")
    told = next((row for row in rows if _tells_of_recovery(row)), None)
    label = _("Recovery announced")
    if told is None:
        return [Fact(label, _("never"), "bad")] if incident.resolved_at else []
    wait = (told.at - recovered).total_seconds()
    if wait < 60:
        return [Fact(label, _("at once"), "good")]
    return [Fact(label, _("%(time)s after the recovery") % {"time": minutes(wait)}, "bad" if wait > 3600 else "")]


def _tells_of_recovery(entry: TimelineEntry) -> bool:
    """On the public page "monitoring" is not yet the word; elsewhere what is told after the recovery tells of it."""
    if entry.kind != "statuspage.published" or not entry.body.content:
        return True
    return bool(json.loads(entry.body.content)["data"].get("kind") == "resolved")


def day(moment: datetime) -> str:
    """The UTC day as the language writes it."""
    return date_format(moment.astimezone(UTC), "DATE_FORMAT")
