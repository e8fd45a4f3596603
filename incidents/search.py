"""Finding incidents: the one reading of filters for list page and REST."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from incidents.models import Incident, Severity, State
from incidents.models.incident import OPEN_STATES
from incidents.querysets import IncidentQuerySet
from lib.errors import NotFound, Refused
from lib.i18n import listed
from lib.text import clean

ORDERINGS = ("declared_at", "-declared_at", "moved_at", "-moved_at")


def incidents(user: Any, wanted: Mapping[str, str]) -> IncidentQuerySet:
    """What `user` may see, narrowed by status, severity, service, team, q, since, until; several values separated by commas.

    Raises Refused (400) for a value that cannot be read.
    """
    found = Incident.objects.visible_to(user)
    if statuses := several(wanted, "status", ["open", "drill", *State.values]):
        states = {state for status in statuses if status != "drill" for state in (OPEN_STATES if status == "open" else [status])}
        found = found.open() if states == set(OPEN_STATES) else found.filter(state__in=states) if states else found
        found = found.filter(is_drill=True) if "drill" in statuses else found
    if severities := several(wanted, "severity", Severity.values):
        found = found.severity(*severities)
    if slug := wanted.get("service"):
        found = found.hitting(slug)
    if slug := wanted.get("team"):
        found = found.of_team(slug)
    if since := moment(wanted, "since"):
        found = found.filter(declared_at__gte=since)
    if until := moment(wanted, "until"):
        found = found.filter(declared_at__lt=until)
    if words := clean(wanted.get("q", ""), 200):
        found = matching(found, words)
    ordering = wanted.get("ordering", "")
    if ordering and ordering not in ORDERINGS:
        raise Refused(_("“%(value)s” is no order; use %(known)s.") % {"value": ordering, "known": listed(ORDERINGS)}, status=400)
    return found.order_by(ordering or "-declared_at", "-id")


def named(reference: str, rows: IncidentQuerySet) -> Incident:
    """The incident of that reference, in either case, among `rows`: those that the caller may see. Raises NotFound."""
    incident = rows.filter(reference=clean(reference, 24).upper()).first()
    if incident is None:
        raise NotFound(_("There is no such incident."))
    return incident


def matching(found: IncidentQuerySet, words: str) -> IncidentQuerySet:
    """Incidents whose reference, title or summary holds every word."""
    for word in words.split()[:8]:
        found = found.filter(Q(reference__icontains=word) | Q(title__icontains=word) | Q(summary__icontains=word))
    return found


def several(wanted: Mapping[str, str], name: str, known: list[str]) -> list[str]:
    """The values of a filter, separated by commas. Raises Refused (400) for one that is not `known`."""
    values = [value for value in wanted.get(name, "").split(",") if value]
    if unknown := [value for value in values if value not in known]:
        raise Refused(_("“%(value)s” is not known here; use %(known)s.") % {"value": clean(unknown[0], 60), "known": listed(known)}, status=400)
    return values


def moment(wanted: Mapping[str, str], name: str) -> datetime | None:
    """A date or time of a filter, in the reader's zone when it names none, as UTC. Raises Refused (400)."""
    value = wanted.get(name, "").strip()
    if not value:
        return None
    try:
        found = parse_datetime(value)
        if found is None and (day := parse_date(value)):
            found = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
        if found:
            found = (found if timezone.is_aware(found) else timezone.make_aware(found)).astimezone(UTC)
    except (ValueError, OverflowError, ValidationError):
        found = None
    if found is None:
        raise Refused(_("“%(value)s” is no date or time.") % {"value": value[:60]}, status=400)
    return found
