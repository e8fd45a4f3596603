"""Sets right what already came when a label got another meaning: services, groups and candidates, severities and what follows from them."""

from collections.abc import Iterable, Iterator

from django.db import IntegrityError, transaction

from detection import bulk, correlate, groups, rules
from detection.deciding import decide, reworded
from detection.models import Alert, AlertGroup, Candidate, Mapping, Restatement, Source
from detection.placing import GROUPS, SPLIT, Standing, standing
from incidents import lifecycle, timeline
from incidents.models import Impact, Incident, Service, TimelineEntry
from lib import clock
from lib.db import StaleHead, lock, retried
from lib.failpoints import hit
from lib.jsonio import loads


def units(mapping: Mapping, alerts: Iterable[Alert]) -> Iterator[tuple[Source, int | None, list[int]]]:
    """Those of these alerts to which the mapping applies, by source and group: what is set right in one transaction."""
    found: dict[tuple[int, int], list[Alert]] = {}
    for row in alerts:
        if _applies(mapping, row):
            found.setdefault((row.group_id or 0, row.source_id), []).append(row)
    for (group_id, _source), rows in sorted(found.items()):
        yield rows[0].source, group_id or None, [row.pk for row in rows]


def _applies(mapping: Mapping, row: Alert) -> bool:
    value = row.name if mapping.label == rules.NAME else row.labels.get(mapping.label, "")
    return bool(value[:200] == mapping.value)


def unit(asked: Restatement, mapping: Mapping, source: Source, group_id: int | None, keys: list[int]) -> None:
    """Give these alerts the meaning that the rules in force now give them, and do what follows; again is harmless.

    A graver severity declares and raises as if the alert had just come; a lesser one never lowers an incident, and a candidate that has
    nothing left to wait for is withdrawn. An incident that is over is left as it is, whatever its alerts are called from now on.
    """
    _name(source, group_id, keys, mapping, asked)
    hit("detection.half_restated")
    _grade(source, keys, mapping)


@retried
def _name(source: Source, group_id: int | None, keys: list[int], mapping: Mapping, asked: Restatement) -> None:
    """Services: of the alerts, their group, its candidate and incident. Lock order incident → group → alerts."""
    with transaction.atomic():
        group = AlertGroup.objects.filter(pk=group_id).first() if group_id else None
        incident = lifecycle.hold(group.incident_id) if group and group.incident_id else None
        if group is not None:
            seen, group = group, lock(AlertGroup.objects.filter(pk=group.pk)).get()
            if group.incident_id != seen.incident_id:
                raise StaleHead("the group got its incident in between")
        rows = [row for row in lock(Alert.objects.filter(pk__in=keys).order_by("pk")) if row.group_id == group_id]
        in_force = rules.read(source, (row.labels for row in rows))
        changed = [row for row in rows if _served(row, in_force)]
        graded = any(rules.severity_of(row.labels, in_force, row.name)[0] != row.severity for row in rows)
        Alert.objects.bulk_update(changed, ["service", "why"], batch_size=200)
        services = {row.service for row in changed if row.service}
        if group is not None and len(services) == 1 and not _is_over(group, incident):
            _rekey(group, *services)
        if incident is not None and incident.is_open and (changed or graded):
            _hit(incident, services, mapping, asked)


def _served(row: Alert, in_force: rules.Rules) -> bool:
    """Give an alert the service that the rules name; whether anything is other than it was."""
    service, why = rules.service_of(row.labels, in_force, row.name)
    is_other = row.service_id != (service.pk if service else None) or row.why.get("service") != why
    row.service, row.why = service, reworded(row, row.severity, {"service": why})
    return is_other


def _is_over(group: AlertGroup, incident: Incident | None) -> bool:
    return standing(group, incident, Candidate.objects.filter(group=group).first(), clock.now()) is Standing.OVER


def _rekey(group: AlertGroup, service: Service) -> None:
    """Later alerts of the service join this group if all of its are the service's, unless that has an open one of its own."""
    if Alert.objects.filter(group=group).exclude(service=service).exists():
        return
    key = f"service:{service.pk}"
    Candidate.objects.filter(group=group, status=Candidate.Status.WAITING).update(service=service)
    if group.is_open and group.key != key and not group.key.startswith(SPLIT) and not AlertGroup.objects.open().filter(key=key).exists():
        try:
            with transaction.atomic():
                AlertGroup.objects.filter(pk=group.pk).update(key=key, service=service, source=None, name="")
        except IntegrityError as error:
            raise StaleHead("the service got a group in between") from error


def _hit(incident: Incident, services: Iterable[Service], mapping: Mapping, asked: Restatement) -> None:
    """The services join those that the incident hits; it is the rule that says so, whoever made it. One entry, however many batches it takes."""
    levels = {row.service.slug: row.level for row in incident.impacts.select_related("service")}
    if missing := [service.slug for service in services if service.slug not in levels]:
        incident = lifecycle.set_services(incident, {**levels, **dict.fromkeys(missing, Impact.Level.PARTIAL)}, actor=None)
    data = {
        "label": mapping.label,
        "value": mapping.value,
        "service": mapping.service.slug if mapping.service else "",
        "severity": mapping.severity,
    }
    told = TimelineEntry.objects.filter(incident=incident, kind="detection.mapped", recorded_at__gte=asked.asked_at).values_list("body__content", flat=True)
    if not any(content and loads(content.encode())["data"] == data for content in told):
        timeline.record(incident, "detection.mapped", actor=asked.asked_by, data=data)


@retried
def _grade(source: Source, keys: list[int], mapping: Mapping) -> None:
    """Severities, and what they mean for incidents and candidates."""
    with transaction.atomic():
        before = dict(Alert.objects.filter(pk__in=keys, incident=None, group__isnull=False).values_list("pk", "group_id"))
        changes = correlate.regrade(source, keys, clock.now())
        left = [change.row for change in changes if change.row.severity not in GROUPS and change.row.incident_id is None and change.row.group_id]
        for row in left:
            row.group = None
            decide(row, "kept")
        bulk.update(left, ["group", "why"])
        _withdraw({before[change.row.pk] for change in changes if change.row.pk in before}, mapping)


def _withdraw(group_ids: set[int], mapping: Mapping) -> None:
    """A candidate none of whose alerts could become an incident any more waits for nothing; its group is locked."""
    for candidate in Candidate.objects.waiting().filter(group__in=group_ids).order_by("pk"):
        if not Alert.objects.firing().filter(group=candidate.group_id, severity__in=GROUPS).exists():
            why = {"from": "mapping", "label": mapping.label, "value": mapping.value, "severity": mapping.severity}
            groups.settle(candidate, Candidate.Status.WITHDRAWN, why=why)
