"""Taking hold of an incident: the lock that every change begins with."""

from incidents.models import Incident
from lib.db import lock


def hold(pk: int) -> Incident:
    """The incident, locked until the transaction ends and read anew. Hold before you look, look before you write."""
    return lock(Incident.objects.filter(pk=pk)).get()


def hold_all(*pks: int) -> dict[int, Incident]:
    """Several incidents, locked in the order of their ids so that two holders never wait for each other."""
    return {incident.pk: incident for incident in lock(Incident.objects.filter(pk__in=pks).order_by("pk"))}
