"""Questions asked of incidents, in English."""

from functools import lru_cache
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import BooleanField, F, Func, Q

from accounts.abilities import Ability

OPEN = ("declared", "confirmed", "diagnosing", "fixing", "rolling_back", "verifying", "watching")


def visible_incidents(user: Any, path: str = "") -> Q:
    """The condition under which `user` sees the incident at relation `path` ("" = the row itself).

    Public ones for everybody who may *see*; private ones for named people, members of a named team,
    who plays a part in it, and those with *see private* (design.md "Private").
    """
    prefix = f"{path}__" if path else ""
    if user is None or not user.is_authenticated or not user.can(Ability.SEE):
        return Q(pk__in=[])
    if user.can(Ability.SEE_PRIVATE):
        return Q()
    granted, playing = named_in(user.pk)
    return Q(**{f"{prefix}is_private": False}) | Q(**{f"{prefix}id__in": granted}) | Q(**{f"{prefix}id__in": playing})


@lru_cache(maxsize=1024)
def named_in(person: int) -> tuple[models.QuerySet, models.QuerySet]:
    """The subqueries for the incidents that a person is let see and plays a part in; a page asks with them many times."""
    granted = apps.get_model("incidents", "Grant").objects.filter(Q(person=person) | Q(team__memberships__person=person)).values("incident_id")
    playing = apps.get_model("incidents", "RoleAssignment").objects.filter(person=person, until=None).values("incident_id")
    return granted, playing


class IsOpen(Func):
    """The state is one before *resolved*, said in the words of the partial indexes: SQLite knows them by nothing else."""

    template = "%(expressions)s IN (" + ", ".join(f"'{state}'" for state in OPEN) + ")"
    output_field = BooleanField()


class IncidentQuerySet(models.QuerySet):
    """Incidents."""

    def visible_to(self, user: Any) -> Self:
        """Only what this person may see."""
        return self.filter(visible_incidents(user))

    def open(self) -> Self:
        """Before resolved."""
        return self.filter(IsOpen(F("state")))

    def real(self) -> Self:
        """No drills: what reports count (imported history is real)."""
        return self.filter(is_drill=False)

    def severity(self, *codes: str) -> Self:
        """Of one of these severities."""
        return self.filter(severity__in=codes)

    def hitting(self, slug: str) -> Self:
        """That hit this service."""
        return self.filter(impacts__service__slug=slug)

    def of_team(self, slug: str) -> Self:
        """That hit a service this team owns."""
        return self.filter(impacts__service__owner__slug=slug).distinct()


class VisibleThroughIncident(models.QuerySet):
    """Rows that belong to an incident through a field named `incident`."""

    def visible_to(self, user: Any) -> Self:
        """Only those whose incident this person may see."""
        return self.filter(visible_incidents(user, "incident"))


class StepQuerySet(VisibleThroughIncident):
    """Steps."""

    def pending(self) -> Self:
        """Neither done nor cancelled."""
        return self.filter(done_at=None, cancelled_at=None)


class ServiceQuerySet(models.QuerySet):
    """Services."""

    def current(self) -> Self:
        """Not archived."""
        return self.filter(archived=False)
