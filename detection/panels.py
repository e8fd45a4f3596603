"""The alerts beside an incident's story."""

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from detection import changes
from detection.models import Alert, Change
from incidents.page import Page
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


def alerts(page: Page) -> dict[str, Any] | None:
    """Its alerts, firing ones first, and others that fire on the same services; None where there are neither. At most three queries."""
    incident = page.incident
    rows = list(Alert.objects.filter(incident=incident).select_related("service").order_by("status", "severity", "-received_at")[:SHOWN])
    services = [impact.service_id for impact in page.impacts]
    beside = (
        Alert.objects.visible_to(page.user).firing().filter(service__in=services).exclude(incident=incident)
        if services and incident.is_open
        else Alert.objects.none()
    )
    also = list(beside.order_by("severity", "-received_at")[:5])
    if not rows and not also:
        return None
    firing, count = sum(row.status == "firing" for row in rows), len(rows)
    if count == SHOWN:
        every = Alert.objects.filter(incident=incident).aggregate(firing=Count("pk", filter=Q(status="firing")), count=Count("pk"))
        firing, count = every["firing"], every["count"]
    may_split = incident.is_open and count > 1 and page.may(Ability.COMMAND)
    return {"rows": rows, "also": also, "more": count - len(rows), "may_split": may_split, "firing": firing, "ended": count - firing}


def changed(page: Page) -> dict[str, Any] | None:
    """What was changed about its services from a day before it began; None where nothing was. One query."""
    services = [impact.service_id for impact in page.impacts]
    until = page.incident.resolved_at or clock.now()
    rows: list[Change] = list(changes.lately(services, page.incident.began_at or page.incident.declared_at, until)[:CHANGES]) if services else []
    return {"rows": rows} if rows else None


def connect() -> None:
    """Show the panels."""
    register(Panel("changes", _("Recent changes"), "detection/_changes.html", changed, position=45, refresh_on=frozenset({"incidents.services"})))
    register(Panel("alerts", _("Alerts"), "detection/_panel.html", alerts, position=40, refresh_on=KINDS))
