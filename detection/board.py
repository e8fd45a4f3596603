"""What the board shows of alerts: candidates that wait, and alerts that lead nowhere yet."""

from typing import Any

from django.db.models import Count, Q, QuerySet

from detection.models import Alert, Candidate


def candidates(user: Any) -> QuerySet[Candidate]:
    """Candidates that wait for a person, the newest first, each with how many of its alerts fire (`firing`)."""
    firing = Count("group__alerts", filter=Q(group__alerts__status=Alert.Status.FIRING))
    return Candidate.objects.visible_to(user).waiting().select_related("service", "group").annotate(firing=firing).order_by("-created_at", "-id")


def loose(user: Any) -> QuerySet[Alert]:
    """Firing alerts that belong to no incident and to no waiting candidate, the gravest first."""
    firing = Alert.objects.visible_to(user).firing().filter(incident=None)
    return firing.exclude(group__candidate__status=Candidate.Status.WAITING).select_related("service", "source").order_by("severity", "-received_at")
