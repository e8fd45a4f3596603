"""Finding alerts: the one reading of filters for list page and REST."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from detection.models import Alert
from incidents.models import Severity
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
