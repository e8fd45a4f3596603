"""Keeps the components in step with the playbook: one per service, under its public name, hidden or shown; and changes that."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.abilities import Ability
from comms.public_names import COMPONENTS as SECTION
from comms.public_names import filled
from incidents import playbook
from incidents.models import Service
from incidents.playbook.sections import Items
from lib import clock
from lib.errors import Forbidden
from statuspage import changes
from statuspage.models import Component


def project(items: Items) -> None:
    """A row per service, as the playbook's sections “services” and “components” say; runs with each new version."""
    now = clock.now()
    known = {row.service_id: row for row in Component.objects.all()}
    made, changed = [], []
    for service in Service.objects.all():
        values = _values(service, items.get(service.slug) or {})
        row = known.get(service.pk)
        if row is None:
            made.append(Component(service=service, since=now, created_at=now, updated_at=now, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in (values | {"updated_at": now}).items():
                setattr(row, name, value)
            changed.append(row)
    Component.objects.bulk_create(made)
    if changed:
        Component.objects.bulk_update(changed, ["name", "description", "group", "position", "is_shown", "updated_at"], batch_size=100)
    if made or changed:
        changes.touch()


def _values(service: Service, item: dict[str, Any]) -> dict[str, Any]:
    position = item.get("position")
    return {
        "name": {**service.name, **filled(item.get("name"))},
        "description": {**service.description, **filled(item.get("description"))},
        "group_id": service.group_id,
        "position": service.position if position is None else position,
        "is_shown": not service.archived and not item.get("is_hidden", False),
    }


def edit(component: Component, said: dict[str, Any], *, actor: Any) -> Component:
    """Change what a component is called and where it stands: `name`, `description`, `position`, `is_hidden`; the rest stays.

    What is the service's own anyway is not kept here, so that it goes on following. Raises Forbidden without *configure*,
    Refused (422) for what does not fit.
    """
    if actor is not None and not actor.can(Ability.CONFIGURE):
        raise Forbidden(_("You need the right “configure” for this."))
    slug, service = component.slug, component.service
    item = {**(playbook.current().items(SECTION).get(slug) or {}), **said}
    for field, own in (("name", service.name), ("description", service.description)):
        if field in said:
            item[field] = {language: words.strip() for language, words in (said[field] or {}).items() if words.strip() and words.strip() != own.get(language)}
    if item.get("position") == service.position:
        item["position"] = None
    kept = {name: value for name, value in item.items() if value not in (None, {}, "", False)}
    known = slug in playbook.current().items(SECTION)
    if kept or known:
        playbook.edit(SECTION, slug, kept or None, actor=actor)
    return Component.objects.get(pk=component.pk)
