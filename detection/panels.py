"""The alerts beside an incident's story."""

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from detection import changes
from detection.models import Alert, Change
from incidents import rights
from incidents.models import Incident
from incidents.panels import Panel, register
from lib import clock

SHOWN = 12
CHANGES = 6
KINDS = frozenset(
    {
        "detection.alerts",
        "detection.acknowledged",
        "detection.accepted",
        "detection.mapped",
        "incidents.declared",
        "incidents.merged_from",
        "incidents.merged_into",
        "incidents.split_from",
        "incidents.split_into",
    }
)


def alerts(incident: Incident, user: Any) -> dict[str, Any] | None:
    """Its alerts, firing ones first, and others that fire on the same services; None where there are neither. Three queries."""
    counts = Alert.objects.filter(incident=incident).aggregate(firing=Count("pk", filter=Q(status="firing")), ended=Count("pk", filter=Q(status="resolved")))
    rows = list(Alert.objects.filter(incident=incident).select_related("service").order_by("status", "severity", "-received_at")[:SHOWN])
    services = [impact.service_id for impact in incident.impacts.all()]
    beside = (
        Alert.objects.visible_to(user).firing().filter(service__in=services).exclude(incident=incident)
        if services and incident.is_open
        else Alert.objects.none()
    )
    also = list(beside.order_by("severity", "-received_at")[:5])
    if not rows and not also:
        return None
    count = counts["firing"] + counts["ended"]
    may_split = incident.is_open and count > 1 and rights.may(user, Ability.COMMAND, incident)
    return {"rows": rows, "also": also, "more": count - len(rows), "may_split": may_split, **counts}


def changed(incident: Incident, user: Any) -> dict[str, Any] | None:
    """What was changed about its services from a day before it began; None where nothing was. One query."""
    services = [impact.service_id for impact in incident.impacts.all()]
    until = incident.resolved_at or clock.now()
    rows: list[Change] = list(changes.lately(services, incident.began_at or incident.declared_at, until)[:CHANGES]) if services else []
    return {"rows": rows} if rows else None


def connect() -> None:
    """Show the panels."""
    register(Panel("changes", _("Recent changes"), "detection/_changes.html", changed, position=45, refresh_on=frozenset({"incidents.services"})))
    register(Panel("alerts", _("Alerts"), "detection/_panel.html", alerts, position=40, refresh_on=KINDS))
