"""What the board shows of alerts: candidates that wait, alerts that lead nowhere yet, sources that are held or storm."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.abilities import Ability
from detection.models import Alert, Candidate, Silence, Source
from lib import clock

STORM = 100  # alerts that began
STORM_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Storm:
    """A source that sends more than people can read."""

    source: Source
    count: int


@dataclass(frozen=True)
class Levers:
    """Which sources are held, which could be, and what this person may do about it."""

    holds: list[Silence]
    storms: list[Storm]
    may_hold: bool
    may_release: bool
    minutes: int = int(STORM_WITHIN.total_seconds() // 60)


def candidates(user: Any) -> QuerySet[Candidate]:
    """Candidates that wait for a person, the newest first, each with how many of its alerts fire (`firing`)."""
    firing = Count("group__alerts", filter=Q(group__alerts__status=Alert.Status.FIRING))
    return Candidate.objects.visible_to(user).waiting().select_related("service", "group").annotate(firing=firing).order_by("-created_at", "-id")


def loose(user: Any) -> QuerySet[Alert]:
    """Firing alerts that belong to no incident and to no waiting candidate and are not silenced, the gravest first."""
    firing = Alert.objects.visible_to(user).firing().filter(incident=None, silence=None)
    return firing.exclude(group__candidate__status=Candidate.Status.WAITING).select_related("service", "source").order_by("severity", "-received_at")


def levers(user: Any) -> Levers:
    """The storm strip: sources that are held, and those of which very many alerts came lately. Three queries."""
    now = clock.now()
    holds = [one for one in Silence.objects.active(now).filter(source__isnull=False).with_parts(user) if one.is_hold]
    lately = Alert.objects.visible_to(user).filter(is_firing=True, received_at__gte=now - STORM_WITHIN, silence=None).exclude(source__kind=Source.OWN)
    counts = dict(lately.order_by().values_list("source").annotate(count=Count("pk")).filter(count__gte=STORM))
    held = {one.source_id for one in holds}
    sources = Source.objects.filter(pk__in=counts.keys() - held).order_by("name")
    storms = [Storm(source, counts[source.pk]) for source in sources]
    return Levers(holds, storms, may_hold=user.can(Ability.COMMAND), may_release=user.can(Ability.RESPOND))
