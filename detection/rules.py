"""From labels to severity and service by rules that are data (interface.md "Default mapping rules")."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from detection.models import ServiceMapping, Source
from detection.normal import NormalAlert
from detection.playbook import SECTION, SEVERITIES
from incidents import playbook
from incidents.models import Service, Severity
from incidents.playbook import shipped_content

DEFAULT = Severity.P3  # absent or unknown
LONG_AGO = timedelta(hours=24)
AHEAD = timedelta(minutes=5)  # clocks of senders differ by less


@dataclass(frozen=True)
class Rules:
    """The rules in force for one request."""

    severity_labels: tuple[str, ...]
    service_labels: tuple[str, ...]
    words: Mapping[str, str]
    services: Mapping[str, Service] = field(default_factory=dict)
    mappings: Mapping[tuple[str, str], Service] = field(default_factory=dict)
    default_service: Service | None = None


@dataclass(frozen=True)
class Meaning:
    """What an alert is to us, and why: data for `detection.why`."""

    severity: str
    service: Service | None
    why: dict[str, Any]


def read(source: Source, label_sets: Iterable[Mapping[str, str]]) -> Rules:
    """The rules for these alerts, in a constant number of queries."""
    items = playbook.current().items(SECTION) or shipped_content()[SECTION]
    service_labels = tuple(items["service"]["words"].split())
    values = {labels[name][:200] for labels in label_sets for name in service_labels if labels.get(name)}
    slugs = [value.strip().lower() for value in values]
    named = Service.objects.current().filter(slug__in=slugs).order_by() if values else Service.objects.none()
    mapped = (
        ServiceMapping.objects.filter(value__in=values, service__archived=False).select_related("service").order_by()
        if values
        else ServiceMapping.objects.none()
    )
    return Rules(
        severity_labels=tuple(items["severity"]["words"].split()),
        service_labels=service_labels,
        words={word.lower(): code for code in SEVERITIES for word in items[code]["words"].split()},
        services={service.slug: service for service in named},
        mappings={(row.label, row.value): row.service for row in mapped},
        default_service=source.default_service,
    )


def meaning(alert: NormalAlert, rules: Rules, received: datetime) -> Meaning:
    """Severity, service and the reasons for both."""
    severity, severity_why = severity_of(alert.labels, rules)
    service, service_why = service_of(alert.labels, rules)
    why = {"severity": severity_why, "service": service_why, "notes": [*alert.notes, *start_notes(alert.starts_at, received, alert.notes)]}
    return Meaning(severity, service, why)


def severity_of(labels: Mapping[str, str], rules: Rules) -> tuple[str, dict[str, Any]]:
    """The first severity label that is there decides; an absent or unknown word is a P3 with a note."""
    for name in rules.severity_labels:
        value = labels.get(name, "").strip()
        if value:
            code = rules.words.get(value.lower())
            return code or DEFAULT.value, {"from": "label" if code else "unknown", "label": name, "value": value[:200]}
    return DEFAULT.value, {"from": "absent", "label": rules.severity_labels[0] if rules.severity_labels else ""}


def service_of(labels: Mapping[str, str], rules: Rules) -> tuple[Service | None, dict[str, Any]]:
    """A mapping made here, else the service of that slug, else the source's own; an unknown one is taken as unassigned."""
    unknown: dict[str, Any] | None = None
    for name in rules.service_labels:
        value = labels.get(name, "")[:200]
        if not value:
            continue
        said = {"label": name, "value": value}
        if mapped := rules.mappings.get((name, value)):
            return mapped, {"from": "mapping", "slug": mapped.slug, **said}
        if found := rules.services.get(value.strip().lower()):
            return found, {"from": "label", "slug": found.slug, **said}
        unknown = unknown or {"from": "unknown", **said}
    if unknown:
        return None, unknown
    if rules.default_service and not rules.default_service.archived:
        return rules.default_service, {"from": "default", "slug": rules.default_service.slug}
    return None, {"from": "absent", "label": rules.service_labels[0] if rules.service_labels else ""}


def start_notes(start: datetime | None, received: datetime, notes: Iterable[str] = ()) -> list[str]:
    """What is odd about a start: then the incident begins with the receipt."""
    if start is None:
        return [] if "start_unusable" in notes else ["start_absent"]
    if start > received + AHEAD:
        return ["start_future"]
    return ["start_old"] if start < received - LONG_AGO else []
