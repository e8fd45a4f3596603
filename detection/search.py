"""Finding alerts: the one reading of filters for list page and REST."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from detection.models import Alert
from incidents.models import Service, Severity
from incidents.search import several
from lib.text import clean

ORDER = ("-is_firing", "-received_at", "-id")  # firing first, then the newest
UNASSIGNED = "none"


def alerts(user: Any, wanted: Mapping[str, str]) -> QuerySet[Alert]:
    """What `user` may see, narrowed by status, severity, service ("none": unassigned), source and q; several values by commas.

    Raises Refused (400) for a value that cannot be read.
    """
    found = Alert.objects.visible_to(user).select_related("source", "service", "incident", "group__candidate", "silence__source", "silence__created_by")
    if statuses := several(wanted, "status", Alert.Status.values):
        found = found.filter(status__in=statuses)
    if severities := several(wanted, "severity", Severity.values):
        found = found.filter(severity__in=severities)
    if slug := clean(wanted.get("service"), 60):
        found = found.filter(service=None) if slug == UNASSIGNED else found.filter(service__slug=slug)
    if slug := clean(wanted.get("source"), 60):
        found = found.filter(source__slug=slug)
    for word in clean(wanted.get("q"), 200).split()[:8]:
        found = found.matching(word)
    return found.order_by(*ORDER)


@dataclass(frozen=True)
class Firing:
    """How many alerts fire, of each severity and of each service (slug, name, count), the most first."""

    total: int
    by_severity: list[tuple[str, int]]
    by_service: list[tuple[str, str, int]]
    unrouted: int


def firing(user: Any) -> Firing:
    """Counts of what fires and `user` may see, in two queries."""
    counted = list(Alert.objects.visible_to(user).firing().order_by().values_list("severity", "service").annotate(count=Count("pk")))
    severities: Counter[str] = Counter()
    services: Counter[int | None] = Counter()
    for severity, service, count in counted:
        severities[severity] += count
        services[service] += count
    named = Service.objects.in_bulk([pk for pk in services if pk])
    by_service = sorted(((named[pk].slug, str(named[pk]), count) for pk, count in services.items() if pk in named), key=lambda one: (-one[2], one[0]))
    return Firing(sum(severities.values()), sorted(severities.items()), by_service, services[None])
