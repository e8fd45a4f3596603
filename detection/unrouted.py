"""Alerts that belong to no service, gathered by the label that a person would map."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KT

from detection.models import Alert
from detection.rules import NAME
from lib import clock

RECENT = timedelta(days=7)  # ended ones are no longer worth a mapping
SHOWN = 100


@dataclass(frozen=True)
class Unrouted:
    """Alerts with the same unknown service, or without any and of the same name; `newest` stands for them."""

    label: str
    value: str
    count: int
    firing: int
    severity: str  # the gravest
    newest: Alert


def alerts(user: Any) -> QuerySet[Alert]:
    """Those that fire or ended lately, as far as `user` may see them: each half says all that its index is made for."""
    fires = Q(status=Alert.Status.FIRING, service=None)
    ended = Q(status=Alert.Status.RESOLVED, service=None, ends_at__gte=clock.now() - RECENT)
    return Alert.objects.visible_to(user).filter(fires | ended)


def gather(user: Any) -> list[Unrouted]:
    """The most that fire first, at most 100, in two queries."""
    is_named = When(why__service__from="unknown", then=KT("why__service__label"))
    by = alerts(user).annotate(
        by_label=Case(is_named, default=Value(NAME), output_field=TextField()),
        by_value=Case(When(why__service__from="unknown", then=KT("why__service__value")), default=F("name"), output_field=TextField()),
    )
    counted = (
        by.order_by()
        .values("by_label", "by_value")
        .annotate(count=Count("pk"), firing=Count("pk", filter=Q(is_firing=True)), gravest=Min("severity"), newest=Max("pk"))
    )
    rows = list(counted.order_by("-firing", "-count", "by_label", "by_value")[:SHOWN])
    newest = Alert.objects.select_related("source", "incident").in_bulk([row["newest"] for row in rows])
    return [
        Unrouted(row["by_label"], row["by_value"], row["count"], row["firing"], row["gravest"], newest[row["newest"]])
        for row in rows
        if row["newest"] in newest
    ]


def firing(user: Any) -> int:
    """How many fire and belong to no service."""
    return Alert.objects.visible_to(user).firing().filter(service=None).count()
