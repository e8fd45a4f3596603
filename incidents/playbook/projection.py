"""Writes the rows that mirror the newest playbook version: teams, groups and services."""

import re
from decimal import Decimal
from typing import Any

from django.db import models

from incidents.models import Service, ServiceGroup, Team
from incidents.playbook.sections import Items

SLUG = re.compile(r"[-a-zA-Z0-9_]+")


def is_slug(text: str) -> bool:
    """Whether `text` may stand in an address."""
    return SLUG.fullmatch(text) is not None


def teams(items: Items) -> None:
    """A row per team; removed ones are archived, with their members kept."""
    _mirror(Team, {slug: {name: item.get(name) or blank for name, blank in _TEAM.items()} for slug, item in items.items()})


def groups(items: Items) -> None:
    """A row per group of services."""
    _mirror(ServiceGroup, {slug: {"name": item.get("name") or {}, "position": item.get("position") or 0} for slug, item in items.items()})


def services(items: Items) -> None:
    """A row per service with its dependencies; removed ones are archived, since incidents lead to them."""
    group_ids = dict(ServiceGroup.objects.values_list("slug", "pk"))
    team_ids = dict(Team.objects.values_list("slug", "pk"))
    rows = {}
    for slug, item in items.items():
        percent = item.get("availability_percent")
        rows[slug] = {name: item.get(name) or blank for name, blank in _SERVICE.items()} | {
            "group_id": group_ids.get(item.get("group") or ""),
            "owner_id": team_ids.get(item.get("owner") or ""),
            "rto_seconds": item.get("rto_seconds"),
            "rpo_seconds": item.get("rpo_seconds"),
            "availability_percent": None if percent is None else Decimal(str(percent)),
        }
    _mirror(Service, rows)
    _link(items)


_TEAM: dict[str, Any] = {"name": {}, "duty": {}, "lead_title": {}, "channel": "", "position": 0}
_SERVICE: dict[str, Any] = {"name": {}, "description": {}, "dashboard_url": "", "logs_url": "", "traces_url": "", "position": 0}


def _mirror(model: type[models.Model], rows: dict[str, dict[str, Any]]) -> None:
    """Create what is new, write what changed, archive what is gone, in few queries."""
    manager = model._default_manager
    known = {row.slug: row for row in manager.all()}  # type: ignore[attr-defined]
    manager.bulk_create([model(slug=slug, **values) for slug, values in rows.items() if slug not in known])
    changed = []
    for slug, row in known.items():
        values = {"archived": slug not in rows, **rows.get(slug, {})}
        if any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    if changed:
        names = {name.removesuffix("_id") for values in rows.values() for name in values} | {"archived"}
        manager.bulk_update(changed, sorted(names), batch_size=100)


def _link(items: Items) -> None:
    ids = dict(Service.objects.values_list("slug", "pk"))
    edges = Service.depends_on.through
    wanted = {(ids[slug], ids[other]) for slug, item in items.items() for other in item.get("depends_on") or () if other in ids}
    present = {(edge.from_service_id, edge.to_service_id): edge.pk for edge in edges._default_manager.all()}
    gone = [pk for pair, pk in present.items() if pair not in wanted]
    if gone:
        edges._default_manager.filter(pk__in=gone).delete()
    edges._default_manager.bulk_create([edges(from_service_id=one, to_service_id=other) for one, other in sorted(wanted - set(present))])
