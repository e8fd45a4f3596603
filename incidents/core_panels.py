"""The panels that the core itself shows beside the story: steps, services, people, clocks, related incidents."""

from collections import Counter
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.abilities import Ability
from incidents.messages import milestone_name
from incidents.models import Clock, Impact, Incident, Role, State, Step, TimelineEntry
from incidents.models.incident import MILESTONES
from incidents.page import Face, Page, countdown
from incidents.panels import Panel, register
from incidents.playbook import incident_playbook
from lib import clock
from lib.i18n import pick
from lib.times import span

SHOWN = 6  # steps due next that stand open; the later ones are folded
SHOWN_KIN = 20
BESIDE = 5  # incidents of the same services
LATELY = timedelta(days=90)  # before it was declared
KINDS = {
    "steps": ("state", "step_done", "step_undone", "step_late", "step_cancelled", "severity", "declared"),
    "services": ("services", "users_affected", "edited"),
    "roles": ("role", "acknowledged"),
    "clocks": ("state", "milestone", "clock_breached", "severity", "services", "watch_restarted", "acknowledged"),
    "related": ("merged_from", "merged_into", "split_from", "split_into", "services"),
}


def steps(page: Page) -> dict[str, Any]:
    """What is late, what is due, what is done."""
    now = clock.now()
    rows = list(Step.objects.filter(incident=page.incident).select_related("done_by"))
    roles, states = dict(Role.choices), dict(State.choices)
    lists, titles = incident_playbook(page.incident).lists, Counter(str(row) for row in rows)
    for row in rows:
        row.list_title = pick(lists[row.list].title) if titles[str(row)] > 1 and row.list in lists else ""  # type: ignore[attr-defined]
        row.cancelled_why = str(states.get(row.cancel_reason, row.cancel_reason))  # type: ignore[attr-defined]
        row.role_label = str(roles.get(row.role, row.role))  # type: ignore[attr-defined]
    rows.sort(key=lambda row: (row.due_at is None, row.due_at or now, row.position))
    pending = [row for row in rows if row.done_at is None and row.cancelled_at is None]
    late = [row for row in pending if row.due_at and row.due_at <= now]
    due = [row for row in pending if row not in late]
    groups: list[dict[str, Any]] = [
        {"state": "late", "title": _("Late"), "tone": "bad-text", "steps": late},
        {"state": "due", "title": _("Due") if late else "", "steps": due[:SHOWN]},
        {"state": "due", "title": _("Later"), "fold": True, "steps": due[SHOWN:]},
        {"state": "done", "title": _("Done"), "fold": True, "steps": [row for row in rows if row.done_at]},
        {"state": "cancelled", "title": _("No longer apply"), "fold": True, "steps": [row for row in rows if row.cancelled_at and not row.done_at]},
    ]
    return {"groups": [group for group in groups if group["steps"]], "count": len(pending), "may_tick": page.may(Ability.RESPOND)}


def services(page: Page) -> dict[str, Any]:
    """What is hit, and how badly."""
    return {
        "impacts": page.impacts,
        "may_respond": page.may(Ability.RESPOND),
    }


def roles(page: Page) -> dict[str, Any]:
    """Who plays which part, and the commander's chair even when it is empty."""
    held = {row.role: row.person for row in page.people}
    order = [Role.COMMANDER, *(role for role in Role if role != Role.COMMANDER and role in held)]
    return {
        "rows": [{"label": role.label, "person": held.get(role)} for role in order],
        "may_assign": page.incident.is_open and page.may(Ability.RESPOND),
    }


def clocks(page: Page) -> dict[str, Any]:
    """Each clock with its verdict, and the milestones."""
    now = clock.now()
    rows = [{"label": label(row), "service": row.service, "face": face_of(row, now), "target": row.target_seconds} for row in page.clocks]
    reached = [{"name": name, "label": milestone_name(name), "at": at} for name in MILESTONES if (at := getattr(page.incident, f"{name}_at"))]
    return {"clocks": rows, "milestones": reached, "may_command": page.may(Ability.COMMAND)}


def label(row: Clock) -> str:
    """What a clock is called."""
    return {"rto": pgettext("clock", "RTO"), "rpo": pgettext("clock", "RPO"), "watch": pgettext("clock", "Watch")}.get(row.kind, row.kind)


def face_of(row: Clock, now: Any) -> Face:
    """A clock's verdict; for the RPO the exposure."""
    if row.kind != Clock.Kind.RPO:
        return countdown(row, label(row), now)
    if row.exposure_seconds is None:
        return Face("rpo", label(row), _("unknown"), "warn")
    return Face("rpo", label(row), span(row.exposure_seconds), "bad" if row.exposure_seconds > row.target_seconds else "good")


def related(page: Page) -> dict[str, Any] | None:
    """Incidents this one grew from, became part of, took in or was split into; then those that hit its services lately."""
    incident = page.incident
    splits = TimelineEntry.objects.filter(incident__in=[incident, *page.kin], kind="incidents.split_from")
    apart = set(splits.values_list("incident", flat=True)) if page.kin else set()
    origins = (
        (incident.related_to_id, _("split off from it") if incident.pk in apart else _("this recurs")),
        (incident.merged_into_id, _("became part of it")),
    )
    rows: list[dict[str, Any]] = [{"incident": other, "why": why} for pk, why in origins for other in page.kin if other.pk == pk]
    rows += [{"incident": other, "why": _("merged here")} for other in page.kin if other.merged_into_id == incident.pk][:SHOWN_KIN]
    later = [other for other in page.kin if other.related_to_id == incident.pk][:SHOWN_KIN]
    rows += [{"incident": other, "why": _("split off from here") if other.pk in apart else _("a later one")} for other in later]
    known = {incident.pk, *(row["incident"].pk for row in rows)}
    rows += [{"incident": other, "why": _("on the same service")} for other in _beside(page) if other.pk not in known]
    return {"rows": rows} if rows else None


def _beside(page: Page) -> QuerySet[Incident]:
    """The newest that hit one of its services within the 90 days before it or later; drills beside drills."""
    lately = Incident.objects.visible_to(page.user).filter(is_drill=page.incident.is_drill, declared_at__gte=page.incident.declared_at - LATELY)
    same = Impact.objects.filter(service__in=[impact.service_id for impact in page.impacts]).values("incident")
    return lately.filter(pk__in=same).exclude(pk=page.incident.pk).exclude(state=State.MERGED)[:BESIDE]


def register_all() -> None:
    """Show them, the most urgent first."""
    shown = (
        ("steps", gettext_lazy("Steps"), steps, 20),
        ("services", gettext_lazy("Services hit"), services, 30),
        ("roles", gettext_lazy("People"), roles, 60),
        ("clocks", gettext_lazy("Clocks and milestones"), clocks, 70),
        ("related", gettext_lazy("Related incidents"), related, 80),
    )
    for name, title, context, position in shown:
        kinds = frozenset(f"incidents.{kind}" for kind in KINDS[name])
        register(Panel(name, title, f"incidents/panels/{name}.html", context, position, kinds))
