"""From labels to severity and service by rules that are data (interface.md "Default mapping rules")."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from detection import models
from detection.models import Source
from detection.normal import NormalAlert
from detection.playbook import SECTION, SEVERITIES
from incidents import playbook
from incidents.models import Service, Severity
from incidents.playbook import shipped_content

DEFAULT = Severity.P3  # absent or unknown
LONG_AGO = timedelta(hours=24)
NAME = "alertname"  # in a mapping: the alert's name, whatever its sender calls it
AHEAD = timedelta(minutes=5)  # clocks of senders differ by less


@dataclass(frozen=True)
class Rules:
    """The rules in force for one request."""

    severity_labels: tuple[str, ...]
    service_labels: tuple[str, ...]
    words: Mapping[str, str]
    services: Mapping[str, Service] = field(default_factory=dict)
    mappings: Mapping[str, Mapping[str, models.Mapping]] = field(default_factory=dict)  # label → value → mapping, the decisive labels first
    own_mappings: Mapping[str, Mapping[str, models.Mapping]] = field(default_factory=dict)  # the same, of the source alone
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
    severity_labels = tuple(items["severity"]["words"].split())
    slugs = {labels[name][:200].strip().lower() for labels in label_sets for name in service_labels if labels.get(name)}
    named = Service.objects.current().filter(slug__in=slugs).order_by() if slugs else Service.objects.none()
    mapped = list(models.Mapping.objects.filter(Q(source=None) | Q(source=source)).select_related("service", "source").order_by())
    order = (NAME, *service_labels, *severity_labels)
    return Rules(
        severity_labels=severity_labels,
        service_labels=service_labels,
        words={word.lower(): code for code in SEVERITIES for word in items[code]["words"].split()},
        services={service.slug: service for service in named},
        mappings=_by_label([row for row in mapped if row.source_id is None], order),
        own_mappings=_by_label([row for row in mapped if row.source_id], order),
        default_service=source.default_service,
    )


def _by_label(rows: Iterable[models.Mapping], order: tuple[str, ...]) -> dict[str, dict[str, models.Mapping]]:
    """The name of an alert says most about it, then the labels in the order of asking, then any other."""
    found: dict[str, dict[str, models.Mapping]] = {}
    for row in sorted(rows, key=lambda row: (order.index(row.label) if row.label in order else len(order), row.label)):
        found.setdefault(row.label, {})[row.value] = row
    return found


def meaning(alert: NormalAlert, rules: Rules, received: datetime) -> Meaning:
    """Severity, service and the reasons for both."""
    severity, severity_why = severity_of(alert.labels, rules, alert.name)
    service, service_why = service_of(alert.labels, rules, alert.name)
    why = {"severity": severity_why, "service": service_why, "notes": [*alert.notes, *start_notes(alert.starts_at, received, alert.notes)]}
    return Meaning(severity, service, why)


def severity_of(labels: Mapping[str, str], rules: Rules, name: str = "") -> tuple[str, dict[str, Any]]:
    """A mapping made here, else the first severity label that is there; an absent or unknown word is a P3 with a note."""
    for mapped in _mapped(labels, rules, name):
        if mapped.severity:
            return mapped.severity, _said(mapped)
    for label in rules.severity_labels:
        value = labels.get(label, "").strip()
        if value:
            code = rules.words.get(value.lower())
            return code or DEFAULT.value, {"from": "label" if code else "unknown", "label": label, "value": value[:200]}
    return DEFAULT.value, {"from": "absent", "label": rules.severity_labels[0] if rules.severity_labels else ""}


def service_of(labels: Mapping[str, str], rules: Rules, name: str = "") -> tuple[Service | None, dict[str, Any]]:
    """A mapping made here, else the service of that slug, else the source's own; an unknown one is taken as unassigned."""
    for mapped in _mapped(labels, rules, name):
        if mapped.service and not mapped.service.archived:
            return mapped.service, {**_said(mapped), "slug": mapped.service.slug}
    unknown: dict[str, Any] | None = None
    for label in rules.service_labels:
        value = labels.get(label, "")[:200]
        if not value:
            continue
        said = {"label": label, "value": value}
        if found := rules.services.get(value.strip().lower()):
            return found, {"from": "label", "slug": found.slug, **said}
        unknown = unknown or {"from": "unknown", **said}
    if unknown:
        return None, unknown
    if rules.default_service and not rules.default_service.archived:
        return rules.default_service, {"from": "default", "slug": rules.default_service.slug}
    return None, {"from": "absent", "label": rules.service_labels[0] if rules.service_labels else ""}


def _mapped(labels: Mapping[str, str], rules: Rules, name: str) -> Iterator[models.Mapping]:
    """The mappings that an alert meets, the decisive first: one of its source beats one of all."""
    for known in (rules.own_mappings, rules.mappings):
        for label, meant in known.items():
            value = (name if label == NAME else labels.get(label, ""))[:200]
            if value and value in meant:
                yield meant[value]


def _said(mapped: models.Mapping) -> dict[str, Any]:
    return {"from": "mapping", "label": mapped.label, "value": mapped.value, **({"source": mapped.source.name} if mapped.source else {})}


def start_notes(start: datetime | None, received: datetime, notes: Iterable[str] = ()) -> list[str]:
    """What is odd about a start: then the incident begins with the receipt."""
    if start is None:
        return [] if "start_unusable" in notes else ["start_absent"]
    if start > received + AHEAD:
        return ["start_future"]
    return ["start_old"] if start < received - LONG_AGO else []
