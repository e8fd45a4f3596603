"""Says what a label's value means here: a service, a severity, or both; what already came follows by a sweep (`detection.restating`)."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from detection import restating
from detection.models import Alert, Mapping, Source
from detection.rules import NAME
from incidents import playbook
from incidents.models import Service, Severity
from lib import clock
from lib.db import StaleHead, retried
from lib.errors import Forbidden, Refused
from lib.text import clean

LONGEST = 200  # characters of a label's name, and of its value
MOST = 1000  # each request reads them all
MEANINGS = ("service", "severity")


def choices(alert: Alert) -> list[tuple[str, str]]:
    """The labels by which an alert can be mapped, with their values: its name first, then the service that nobody knows, then the others."""
    named = [(NAME, alert.name[:LONGEST])] if alert.name else []
    said = alert.unknown_service
    unknown = [(said["label"], said["value"])] if said else []
    others = [(label, value[:LONGEST]) for label, value in sorted(alert.labels.items()) if value and label != NAME and len(label) <= LONGEST]
    return list(dict.fromkeys([*named, *unknown, *others]))


def map_alert(alert: Alert, means: dict[str, Any], *, label: str = "", only_source: bool = False, actor: Any, request: Any = None) -> Mapping:
    """From now on this alert's value of `label` means `means` ("service", "severity" or both); what is not said stays as it is.

    Without a label it is the one that names an unknown service, or the alert's name where only a severity is said.
    Raises Refused (409) for an alert that has no such label, (422) as `put`, Forbidden.
    """
    label, value = _pair(alert, label or ("" if means.get("service") else NAME))
    return put(label, value, means, source=alert.source if only_source else None, actor=actor, request=request)[0]


def make_service(alert: Alert, *, label: str = "", only_source: bool = False, actor: Any, request: Any = None) -> Mapping:
    """Make a service of the name that the alert's label gives, and map the label to it. Raises Refused as `map_alert` does."""
    _may(actor)
    label, value = _pair(alert, label)
    slug = slugify(value)[:50].strip("-_").replace("_", "-")
    if not slug:
        raise Refused(_("No address can be made of this name; add the service in the playbook, then map it."), status=422)
    _make(slug, value, actor)
    means = {"service": Service.objects.get(slug=slug)}
    return put(label, value, means, source=alert.source if only_source else None, actor=actor, request=request)[0]


def put(
    label: str, value: str, means: dict[str, Any], *, source: Source | None = None, replaces: bool = False, actor: Any, request: Any = None
) -> tuple[Mapping, bool]:
    """From now on `value` of `label` means `means`, for all sources or for one; what came before follows. Whether it is new.

    `replaces`: what is not said is taken back; else it stays as it is. Raises Refused (422) for an empty label or value, for no meaning,
    and for more mappings than 1,000; Forbidden.
    """
    _may(actor)
    label, value = clean(label, LONGEST), clean(value, LONGEST)
    if not label or not value:
        raise Refused(_("A mapping needs a label and its value."), status=422)
    mapping, before = _store(label, value, means, source, replaces, actor, request)
    return mapping, before is None


@retried
def forget(mapping: Mapping, *, actor: Any, request: Any = None) -> None:
    """Take a mapping back; alerts that it sorted stay where they are, and what it had not sorted yet, too. Raises Forbidden."""
    _may(actor)
    with transaction.atomic():
        if Mapping.objects.filter(pk=mapping.pk).delete()[0]:
            audit.record("mapping.delete", actor=actor, target=f"mapping {mapping}"[:200], before=_told(mapping), request=request)


@retried
def _store(
    label: str, value: str, means: dict[str, Any], source: Source | None, replaces: bool, actor: Any, request: Any
) -> tuple[Mapping, dict[str, Any] | None]:
    """The mapping as it now is, and what it meant before; an entry of the audit trail where that is something else."""
    with transaction.atomic():
        mapping = Mapping.objects.select_related("service", "source", "restatement").filter(label=label, value=value, source=source).first()
        before = _told(mapping) if mapping else None
        if mapping is None:
            if Mapping.objects.count() >= MOST:
                raise Refused(_("There are %(count)s mappings already; remove some that are not needed.") % {"count": MOST}, status=422)
            mapping = Mapping(label=label, value=value, source=source, created_by=actor, created_at=clock.now())
        mapping.service = means.get("service", None if replaces else mapping.service)
        mapping.severity = means.get("severity", "" if replaces else mapping.severity)
        if mapping.service is None and mapping.severity not in Severity.values:
            raise Refused(_("A mapping needs a service or a severity."), status=422)
        if before != _told(mapping):
            try:
                with transaction.atomic():
                    mapping.save()
            except IntegrityError as error:
                raise StaleHead("the same mapping was made in between") from error
            audit.record("mapping.set", actor=actor, target=f"mapping {mapping}"[:200], before=before, after=_told(mapping), request=request)
        restating.ask(mapping, actor=actor)
    return mapping, before


@retried
def _make(slug: str, name: str, actor: Any) -> None:
    with transaction.atomic():
        if not Service.objects.filter(slug=slug).exists():
            playbook.edit("services", slug, {"name": {"en": name[:100]}}, actor=actor)


def _pair(alert: Alert, label: str) -> tuple[str, str]:
    """The alert's label and value that are meant. Raises Refused (409)."""
    if not label:
        said = alert.unknown_service
        if said is None:
            raise Refused(_("This alert names no unknown service."))
        return said["label"], said["value"]
    value = dict(choices(alert)).get(label)
    if value is None:
        raise Refused(_("This alert has no label “%(label)s”.") % {"label": clean(label, 60)})
    return label, value


def _told(mapping: Mapping) -> dict[str, Any]:
    return {
        "label": mapping.label,
        "value": mapping.value,
        "source": mapping.source.slug if mapping.source else None,
        "service": mapping.service.slug if mapping.service else None,
        "severity": mapping.severity,
    }


def _may(actor: Any) -> None:
    if actor is not None and not actor.can(Ability.CONFIGURE):
        raise Forbidden(_("You need the right “configure” for this."))
