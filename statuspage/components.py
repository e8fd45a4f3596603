"""Keeps the components in step with the playbook: one per service, under its public name, hidden or shown."""

from typing import Any

from incidents.models import Service
from incidents.playbook.sections import Items
from lib import clock
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
        "name": {**service.name, **_said(item.get("name"))},
        "description": {**service.description, **_said(item.get("description"))},
        "group_id": service.group_id,
        "position": service.position if position is None else position,
        "is_shown": not service.archived and not item.get("is_hidden", False),
    }


def _said(text: dict[str, str] | None) -> dict[str, str]:
    return {language: words for language, words in (text or {}).items() if words.strip()}
