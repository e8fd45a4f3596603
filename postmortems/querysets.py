"""Questions asked of post-mortems and action items, in English."""

from datetime import date, datetime
from typing import Any, Self

from django.db import models

from incidents.querysets import VisibleThroughIncident, visible_incidents

UNFINISHED = ("draft", "in_review", "approved")


class PostmortemQuerySet(VisibleThroughIncident):
    """Post-mortems."""

    def unfinished(self) -> Self:
        """Neither published nor waived."""
        return self.filter(state__in=UNFINISHED)

    def late(self, now: datetime) -> Self:
        """Unfinished after the time the report was due."""
        return self.unfinished().filter(due_at__lte=now)


class VisibleThroughPostmortem(models.QuerySet):
    """Rows that belong to an incident through a field named `postmortem`."""

    def visible_to(self, user: Any) -> Self:
        """Only those whose incident this person may see."""
        return self.filter(visible_incidents(user, "postmortem__incident"))


class ActionItemQuerySet(VisibleThroughPostmortem):
    """Action items."""

    def open(self) -> Self:
        """Still to be done."""
        return self.filter(state="open")

    def late(self, today: date) -> Self:
        """Open after the day they were due."""
        return self.open().filter(due_on__lt=today)

    def of(self, user: Any) -> Self:
        """Owned by this person, or by a team they are in."""
        return self.filter(models.Q(owner=user) | models.Q(team__memberships__person=user)).distinct()
