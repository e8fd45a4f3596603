"""Declaring: from a report or an alert to a numbered incident."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import clocks, playbook, steps, timeline
from incidents.lifecycle.privacy import add_grants
from incidents.models import Grant, Impact, Incident, Service, Severity
from incidents.models.incident import ReferenceCounter
from lib import clock
from lib.db import lock, retried
from lib.errors import Forbidden, Refused
from lib.i18n import listed
from lib.text import clean, whole

LONGEST_SUMMARY = 20_000
OLDEST_START = timedelta(hours=24)  # an alert's start counts as the beginning if within 24 h of receipt (design.md "Steps and clocks")


def next_reference(prefix: str, year: int) -> str:
    """The next gapless number of this prefix and year, inside the caller's transaction."""
    ReferenceCounter.objects.get_or_create(prefix=prefix, year=year)
    counter = lock(ReferenceCounter.objects.filter(prefix=prefix, year=year)).get()
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{prefix}-{year}-{counter.last:03d}"


@retried
def declare(
    *,
    title: str,
    severity: str,
    actor: Any,
    services: Iterable[str] = (),
    summary: str = "",
    users_affected: int | None = None,
    users_affected_percent: Decimal | None = None,
    private: bool = False,
    drill: bool = False,
    began: datetime | None = None,
    detected: datetime | None = None,
    source: str = "",
    related_to: Incident | None = None,
    t0: datetime | None = None,
    grants: Iterable[Grant] = (),
) -> Incident:
    """Open an incident with its steps and clocks. `services` are slugs; `actor` None is a machine.

    `detected` is the receipt of the first alert or report (T0); `t0` is given where the steps count from another moment
    (an accepted candidate). Raises Forbidden, or Refused (422) for an empty title, too long a summary, an unknown severity or service.
    """
    if actor is not None and not actor.can(Ability.RESPOND):
        raise Forbidden(_("You need the right “respond” to declare an incident."))
    title = clean(title, 200)
    if not title:
        raise Refused(_("An incident needs a title."), status=422)
    summary = (clean if actor is None else whole)(summary, LONGEST_SUMMARY, multiline=True)  # a machine's is cut, a person's never
    if severity not in Severity.values:
        raise Refused(_("The severity is one of P1, P2, P3, P4."), status=422)
    slugs = list(dict.fromkeys(services))
    with transaction.atomic():
        now = clock.now()
        found = {service.slug: service for service in Service.objects.current().filter(slug__in=slugs)}
        if unknown := [slug for slug in slugs if slug not in found]:
            raise Refused(_("There is no service called %(names)s.") % {"names": listed(unknown)}, status=422)
        detected = min(detected or now, now)
        began = began if began and detected - OLDEST_START <= began <= detected else detected
        incident = Incident.objects.create(
            reference=next_reference("DRILL" if drill else "INC", now.year),
            title=title,
            summary=summary,
            severity=severity,
            highest_severity=severity,
            is_private=private,
            is_drill=drill,
            playbook_id=playbook.in_force(),
            users_affected=users_affected,
            users_affected_percent=users_affected_percent,
            declared_by=actor,
            source=source,
            began_at=began,
            detected_at=detected,
            declared_at=now,
            related_to=related_to,
            moved_at=now,
        )
        Impact.objects.bulk_create(Impact(incident=incident, service=found[slug]) for slug in slugs)
        add_grants(incident, actor, grants)
        clocks.start(incident, now=now)
        steps.open_for_declaration(incident, now=now, t0=t0 or detected)
        timeline.record(
            incident, "incidents.declared", actor=actor, source=source, data={"severity": severity, "services": slugs, "drill": drill, "title": title}
        )
    return incident
