"""Questions asked of alerts, groups and candidates, in English."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Max, Q, functions

from accounts.abilities import Ability
from incidents.querysets import visible_incidents


def through_incident(user: Any) -> Q:
    """The condition for rows that may stand alone or lead to an incident through a field named `incident`."""
    if user is None or not user.is_authenticated or not user.can(Ability.SEE):
        return Q(pk__in=[])
    allowed = visible_incidents(user, "incident")
    return Q(incident=None) | allowed if allowed else Q()  # an empty condition is "all", and would vanish from an OR


class LeadsToIncident(models.QuerySet):
    """Rows whose `incident` may be private, or absent."""

    def visible_to(self, user: Any) -> Self:
        """Only those that lead to no incident, or to one that this person may see."""
        return self.filter(through_incident(user))


class AlertQuerySet(LeadsToIncident):
    """Alerts."""

    def firing(self) -> Self:
        """Not ended."""
        return self.filter(status="firing")

    def owed(self, now: datetime) -> Self:
        """Firing ones whose silence is over at `now`: they are to be placed."""
        return self.firing().filter(silence__ends_at__lte=now)

    def touching(self, source: Any, fingerprints: list[str], starts: list[datetime], floor: datetime, startless: list[str]) -> Self:
        """What a batch may change: firing rows of its fingerprints, ended ones that its times reach into, and the last of those without a start."""
        reached = Q(status="firing") | Q(ends_at__gte=floor) | Q(starts_at__in=starts)
        if startless:
            of_each = self.filter(source=source, fingerprint__in=startless).order_by().values("fingerprint").annotate(newest=Max("pk"))
            reached |= Q(pk__in=of_each.values("newest"))
        return self.filter(reached, source=source, fingerprint__in=fingerprints).order_by("pk")

    def matching(self, words: str) -> Self:
        """Whose title, name, fingerprint or labels hold these words."""
        return self.filter(Q(title__icontains=words) | Q(name__icontains=words) | Q(fingerprint=words) | Q(label_text__icontains=words))


class GroupQuerySet(LeadsToIncident):
    """Groups of alerts."""

    def open(self) -> Self:
        """Those that a new alert of their key joins."""
        return self.filter(is_open=True)


class CandidateQuerySet(LeadsToIncident):
    """Candidates."""

    def waiting(self) -> Self:
        """Those that wait for a person's yes or no."""
        return self.filter(status="waiting")


class SilenceQuerySet(models.QuerySet):
    """Silences."""

    def active(self, now: datetime) -> Self:
        """In force at `now`."""
        return self.filter(starts_at__lte=now, ends_at__gt=now)

    def in_state(self, state: str, now: datetime) -> Self:
        """Coming, active or over at `now`."""
        if state == "pending":
            return self.filter(starts_at__gt=now, ends_at__gt=now)
        return self.filter(ends_at__lte=now) if state == "over" else self.active(now)

    def with_parts(self, user: Any) -> Self:
        """With everything that a list shows, and how many firing alerts that `user` may see each hides now (`hides`)."""
        alerts: Any = self.model._meta.get_field("alerts").related_model
        hidden = alerts._default_manager.visible_to(user).firing().filter(silence=models.OuterRef("pk")).order_by()
        counted = hidden.values("silence").annotate(count=models.Count("pk")).values("count")
        hides = functions.Coalesce(models.Subquery(counted), 0)
        return self.select_related("source", "created_by", "ended_early_by").annotate(hides=hides)
