"""Words, figures, services and milestones of an incident; and the one way to take words back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from incidents import clocks, pictures, rights, timeline
from incidents.lifecycle.holding import hold
from incidents.messages import milestone_name
from incidents.models import Impact, Incident, Service, TimelineBody, TimelineEntry
from incidents.models.incident import MILESTONES
from lib import clock
from lib.db import retried
from lib.errors import NotFound, Refused
from lib.i18n import listed
from lib.text import clean, whole

LONGEST_NOTE = 20_000
KINDS_OF_EDIT = {"incidents.edited": ("title", "summary"), "incidents.users_affected": ("users_affected", "users_affected_percent")}


@retried
def note(incident: Incident, text: str, *, actor: Any, at: datetime | None = None, source: str = "", shown: Sequence[bytes] = ()) -> TimelineEntry:
    """A person's own words (Markdown, ≤ 20,000 characters) and pictures; `at` dates it back. Raises Refused (422) when empty, too long or in the future."""
    text = whole(text, LONGEST_NOTE, multiline=True)
    if not text.strip() and not shown:
        raise Refused(_("Write something first."), status=422)
    if at is not None and at > clock.now():
        raise Refused(_("A note cannot lie in the future."), status=422)
    with transaction.atomic():
        incident = hold(incident.pk)
        rights.require(actor, Ability.RESPOND, incident)
        text = "\n\n".join(part for part in (text, pictures.keep(incident, shown, actor=actor)) if part)
        return timeline.record(incident, "incidents.note", actor=actor, text=text, at=at, source=source)


@retried
def edit(incident: Incident, *, actor: Any, source: str = "", **changes: Any) -> Incident:
    """Change title, summary, users_affected or users_affected_percent; unchanged values are no entry."""
    with transaction.atomic():
        incident = hold(incident.pk)
        rights.require(actor, Ability.RESPOND, incident)
        changed = {name: value for name, value in _checked(changes).items() if getattr(incident, name) != value}
        old = {name: _plain(getattr(incident, name)) for name in changed}
        for name, value in changed.items():
            setattr(incident, name, value)
        if changed:
            incident.save(update_fields=list(changed))
        for kind, names in KINDS_OF_EDIT.items():
            if told := [name for name in names if name in changed]:
                data = {"old": {name: old[name] for name in told}, "new": {name: _plain(changed[name]) for name in told}}
                timeline.record(incident, kind, actor=actor, source=source, data=data)
    return incident


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes cleaned; raises Refused (422)."""
    checked = dict(changes)
    if "title" in checked:
        checked["title"] = clean(checked["title"], 200)
        if not checked["title"]:
            raise Refused(_("An incident needs a title."), status=422)
    if "summary" in checked:
        checked["summary"] = whole(checked["summary"], LONGEST_NOTE, multiline=True)
    percent = checked.get("users_affected_percent")
    if percent is not None and not Decimal(0) <= percent <= Decimal(100):
        raise Refused(_("A share lies between 0 and 100 per cent."), status=422)
    users = checked.get("users_affected")
    if users is not None and not 0 <= users <= 2_000_000_000:
        raise Refused(_("That number of users cannot be right."), status=422)
    return checked


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


@retried
def set_services(incident: Incident, levels: Mapping[str, str], *, actor: Any, source: str = "") -> Incident:
    """Say which services are hit and how badly: {slug: level}. Replaces what was said before; clocks follow."""
    with transaction.atomic():
        incident = hold(incident.pk)
        rights.require(actor, Ability.RESPOND, incident)
        found = {service.slug: service for service in Service.objects.filter(slug__in=levels)}
        if unknown := sorted(set(levels) - set(found)):
            raise Refused(_("There is no service called %(names)s.") % {"names": listed(unknown)}, status=422)
        if wrong := sorted(set(levels.values()) - set(Impact.Level.values)):
            raise Refused(_("“%(level)s” is no level of impact.") % {"level": wrong[0]}, status=422)
        had = {row.service.slug: row.level for row in incident.impacts.select_related("service")}
        if had != dict(levels):
            incident.impacts.exclude(service__slug__in=levels).delete()
            for slug, level in levels.items():
                if had.get(slug) != level:
                    Impact.objects.update_or_create(incident=incident, service=found[slug], defaults={"level": level})
            clocks.recompute(incident, now=clock.now())
            data = {"added": sorted(set(levels) - set(had)), "removed": sorted(set(had) - set(levels)), "levels": dict(levels)}
            timeline.record(incident, "incidents.services", actor=actor, source=source, data=data)
    return incident


@retried
def edit_milestone(incident: Incident, name: str, at: datetime, *, actor: Any, reason: str, source: str = "") -> Incident:
    """Correct a milestone that was reached: they stay in order, verdicts are computed anew, kept and missed steps stand.

    Raises Refused (422) for one not reached, in the future, out of order or without a reason.
    """
    reason = clean(reason, 2000, multiline=True)
    if name not in MILESTONES:
        raise Refused(_("There is no milestone called “%(name)s”.") % {"name": name}, status=422)
    if not reason:
        raise Refused(_("Say why the milestone changes."), status=422)
    with transaction.atomic():
        incident = hold(incident.pk)
        rights.require(actor, Ability.COMMAND, incident)
        old = getattr(incident, f"{name}_at")
        if old is None:
            raise Refused(_("%(reference)s has not reached this milestone.") % {"reference": incident.reference}, status=422)
        if at > clock.now():
            raise Refused(_("A milestone cannot lie in the future."), status=422)
        setattr(incident, f"{name}_at", at)
        reached = [moment for other in MILESTONES if (moment := getattr(incident, f"{other}_at"))]
        if reached != sorted(reached):
            raise Refused(_("Milestones stay in their order: %(names)s.") % {"names": listed(milestone_name(name) for name in MILESTONES)}, status=422)
        if at != old:
            incident.save(update_fields=[f"{name}_at"])
            clocks.recompute(incident, now=clock.now())
            data = {"name": name, "old": old.isoformat(), "new": at.isoformat()}
            timeline.record(incident, "incidents.milestone", actor=actor, source=source, data=data, text=reason)
    return incident


@retried
def redact(incident: Incident, seq: int, *, actor: Any, reason: str, request: Any = None, source: str = "") -> Incident:
    """Turn the body of one entry into a tombstone; its header stays, so the chain still verifies. Needs *command* and a reason."""
    reason = clean(reason, 2000, multiline=True)
    if not reason:
        raise Refused(_("Say why the entry is redacted."), status=422)
    with transaction.atomic():
        incident = hold(incident.pk)
        rights.require(actor, Ability.COMMAND, incident)
        body = TimelineBody.objects.filter(entry__incident=incident, entry__seq=seq).select_related("entry").first()
        if body is None:
            raise NotFound(_("There is no such entry."))
        if body.entry.kind == "incidents.redacted":
            raise Refused(_("A redaction itself stays readable."))
        if not body.redacted:
            pictures.drop(incident, body.content)
            TimelineBody.objects.filter(pk=body.pk).update(content="", redacted=True)
            timeline.record(incident, "incidents.redacted", actor=actor, source=source, data={"seq": seq, "kind": body.entry.kind}, text=reason)
            told = None if incident.is_private else {"reason": reason}  # who may audit need not be one who may see it
            audit.record("incidents.redact", actor=actor, target=f"{incident.reference}#{seq}", after=told, request=request)
    return incident
