"""Questions asked of deliveries, in English."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q

from accounts.abilities import Ability
from incidents.querysets import visible_incidents


class DeliveryQuerySet(models.QuerySet):
    """Deliveries."""

    def visible_to(self, user: Any) -> Self:
        """What this person may see: of incidents they see; without an incident (account mail) their own, and all with *configure*."""
        if user is None or not user.is_authenticated or not user.can(Ability.SEE):
            return self.none()
        loose = Q(incident=None) if user.can(Ability.CONFIGURE) else Q(incident=None, person=user)
        return self.filter(loose | Q(incident__isnull=False) & visible_incidents(user, "incident"))

    def due(self, now: datetime) -> Self:
        """Waiting, and their time has come."""
        return self.filter(state="due", not_before__lte=now)

    def to_be_sent(self) -> Self:
        """Not settled yet, whenever they are due."""
        return self.filter(state="due")
