"""Says what a label's unknown service means here, and sets right what already came."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from detection.models import Alert, AlertGroup, Candidate, ServiceMapping
from incidents import lifecycle, playbook, timeline
from incidents.models import Impact, Incident, Service
from lib import clock
from lib.db import StaleHead, lock, retried
from lib.errors import Forbidden, Refused
from lib.text import clean

LONGEST = 200  # characters of a label's name, and of its value


@retried
def map_service(alert: Alert, service: Service, *, actor: Any, request: Any = None) -> ServiceMapping:
    """From now on the label value of `alert` means `service`; the alerts of its group and their incident follow at once.

    Raises Refused (409) for an alert whose labels name no unknown service, Forbidden.
    """
    _may(actor)
    said = alert.unknown_service
    if said is None:
        raise Refused(_("This alert names no unknown service."))
    with transaction.atomic():
        mapping, before = _set(said["label"], said["value"], service, actor)
        _apply(alert, mapping, actor)
        _tell(mapping, before, actor, request)
    return mapping


@retried
def put(label: str, value: str, service: Service, *, actor: Any, request: Any = None) -> tuple[ServiceMapping, bool]:
    """From now on `value` of `label` means `service`, without an alert at hand; what already came stays where it is. Whether it is new.

    Raises Refused (422) for an empty label or value, Forbidden.
    """
    _may(actor)
    label, value = clean(label, LONGEST), clean(value, LONGEST)
    if not label or not value:
        raise Refused(_("A mapping needs a label and its value."), status=422)
    with transaction.atomic():
        mapping, before = _set(label, value, service, actor)
        if before is None or before["service"] != service.slug:
            _tell(mapping, before, actor, request)
    return mapping, before is None


@retried
def make_service(alert: Alert, *, actor: Any, request: Any = None) -> ServiceMapping:
    """Make a service of the name that the alert's label gives, and map the label to it. Raises Refused as `map_service` does."""
    _may(actor)
    said = alert.unknown_service
    slug = slugify(said["value"])[:50].strip("-_").replace("_", "-") if said else ""
    if said is None or not slug:
        raise Refused(_("No address can be made of this name; add the service in the playbook, then map it."), status=422)
    with transaction.atomic():
        if not Service.objects.filter(slug=slug).exists():
            playbook.edit("services", slug, {"name": {"en": said["value"][:100]}}, actor=actor)
        return map_service(alert, Service.objects.get(slug=slug), actor=actor, request=request)


@retried
def forget(mapping: ServiceMapping, *, actor: Any, request: Any = None) -> None:
    """Take a mapping back; alerts that it sorted stay where they are. Raises Forbidden."""
    _may(actor)
    with transaction.atomic():
        before = {"label": mapping.label, "value": mapping.value, "service": mapping.service.slug}
        if ServiceMapping.objects.filter(pk=mapping.pk).delete()[0]:
            audit.record("mapping.delete", actor=actor, target=f"mapping {mapping.label}={mapping.value}"[:200], before=before, request=request)


def _set(label: str, value: str, service: Service, actor: Any) -> tuple[ServiceMapping, dict[str, Any] | None]:
    """The mapping as it now is, and what it meant before."""
    try:
        with transaction.atomic():
            mapping, is_new = ServiceMapping.objects.get_or_create(
                label=label, value=value, defaults={"service": service, "created_by": actor, "created_at": clock.now()}
            )
    except IntegrityError as error:
        raise StaleHead("the same mapping was made in between") from error
    before = None if is_new else {"service": mapping.service.slug}
    if mapping.service_id != service.pk:
        mapping.service = service
        mapping.save(update_fields=["service"])
    return mapping, before


def _tell(mapping: ServiceMapping, before: dict[str, Any] | None, actor: Any, request: Any) -> None:
    after = {"label": mapping.label, "value": mapping.value, "service": mapping.service.slug}
    audit.record("mapping.set", actor=actor, target=f"mapping {mapping.label}={mapping.value}"[:200], before=before, after=after, request=request)


def _apply(alert: Alert, mapping: ServiceMapping, actor: Any) -> None:
    """Set the group of `alert` right: lock order incident → group → alerts."""
    group = AlertGroup.objects.filter(pk=alert.group_id).first() if alert.group_id else None
    incident_id = group.incident_id if group else alert.incident_id
    incident = lifecycle.hold(incident_id) if incident_id else None
    if group is not None:
        group = lock(AlertGroup.objects.filter(pk=group.pk)).get()
        if group.incident_id != incident_id:
            raise StaleHead("the group got its incident in between")
    rows = lock(Alert.objects.filter(group=group) if group else Alert.objects.filter(pk=alert.pk)).filter(service=None).order_by("pk")
    meant = [row for row in rows if (said := row.unknown_service) and (said["label"], said["value"]) == (mapping.label, mapping.value)]
    for row in meant:
        row.service = mapping.service
        row.why = {**row.why, "service": {"from": "mapping", "label": mapping.label, "value": mapping.value, "slug": mapping.service.slug}}
    Alert.objects.bulk_update(meant, ["service", "why"])
    if group is not None and not Alert.objects.filter(group=group, service=None).exists():
        _rekey(group, mapping.service)
        Candidate.objects.filter(group=group, service=None).update(service=mapping.service)
    if incident is not None and incident.is_open:
        _hit(incident, mapping, actor)


def _rekey(group: AlertGroup, service: Service) -> None:
    """Later alerts of the service join this group, unless the service has an open one of its own."""
    key = f"service:{service.pk}"
    if group.is_open and group.key != key and not AlertGroup.objects.open().filter(key=key).exists():
        try:
            with transaction.atomic():
                AlertGroup.objects.filter(pk=group.pk).update(key=key, service=service, source=None, name="")
        except IntegrityError as error:
            raise StaleHead("the service got a group in between") from error


def _hit(incident: Incident, mapping: ServiceMapping, actor: Any) -> None:
    levels = {row.service.slug: row.level for row in incident.impacts.select_related("service")}
    data = {"label": mapping.label, "value": mapping.value, "service": mapping.service.slug}
    if mapping.service.slug not in levels:
        incident = lifecycle.set_services(incident, {**levels, mapping.service.slug: Impact.Level.PARTIAL}, actor=actor)
    timeline.record(incident, "detection.mapped", actor=actor, data=data)


def _may(actor: Any) -> None:
    if actor is not None and not actor.can(Ability.CONFIGURE):
        raise Forbidden(_("You need the right “configure” for this."))
