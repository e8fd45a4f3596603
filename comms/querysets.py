"""Questions asked of deliveries, in English."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.abilities import Ability
from incidents.querysets import visible_incidents


class DeliveryQuerySet(models.QuerySet):
    """Deliveries."""

    def visible_to(self, user: Any) -> Self:
        """What this person may see: of incidents they see; without an incident (account mail) their own, and all with *configure*."""
        if user is None or not user.is_authenticated or not user.can(Ability.SEE):
            return self.none()
        known = self if user.can(Ability.PUBLISH) else self.exclude(priority=2)  # who subscribes is for those who publish
        loose = Q(incident=None) if user.can(Ability.CONFIGURE) else Q(incident=None, person=user)
        return known.filter(loose | Q(incident__isnull=False) & visible_incidents(user, "incident"))

    def due(self, now: datetime) -> Self:
        """Waiting, and their time has come."""
        return self.filter(state="due", not_before__lte=now)

    def to_be_sent(self) -> Self:
        """Not settled yet, whenever they are due."""
        return self.filter(state="due")


class SubscriberQuerySet(models.QuerySet):
    """Subscribers."""

    def active(self) -> Self:
        """Those whom messages reach: they agreed, and nobody said that they are gone."""
        return self.filter(ended_at=None, erased_at=None, suppressed_at=None)

    def known(self) -> Self:
        """All but the erased."""
        return self.filter(erased_at=None)

    def hearing_of(self, services: Iterable[str]) -> Self:
        """Active ones who asked for all services, or for one of these (slugs)."""
        chosen = self.model.services.through.objects.filter(subscriber=OuterRef("pk"))  # type: ignore[attr-defined]
        named = chosen.filter(service__slug__in=list(services))
        return self.active().filter(~Exists(chosen) | Exists(named))

    def searched(self, words: str) -> Self:
        """Those whose address holds `words`."""
        return self.filter(address__icontains=words) if words else self
