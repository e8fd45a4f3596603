"""Shows playbook values to people: tables of a section, and what differs between two items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from incidents.playbook import SECTIONS, Difference, Section, fields
from incidents.playbook_forms import spelled
from lib.i18n import pick

NARROW = (fields.Text, fields.Texts)  # what has room of its own in a table


@dataclass(frozen=True)
class Cell:
    """A value of one field, ready to be read."""

    label: Any
    text: str


@dataclass(frozen=True)
class Row:
    """One item of a section."""

    key: str
    title: str
    cells: list[Cell]
    is_changed: bool


@dataclass(frozen=True)
class Change:
    """A difference, field by field: what it was, what it is."""

    section: Section
    key: str
    kind: str
    title: str
    fields: list[tuple[Any, str, str]]


def shown(field: fields.Field, value: Any, content: Mapping[str, Any]) -> str:
    """A value in the reader's language; "" where nothing is said."""
    if value in (None, "", {}, []):
        return ""
    match field:
        case fields.Text():
            return pick(value)
        case fields.Texts():
            return " · ".join(pick(text) for text in value)
        case fields.Seconds():
            return spelled(value)
        case fields.PerSeverity():
            return " · ".join(f"{severity} {_('any time') if seconds is None else spelled(seconds)}" for severity, seconds in sorted(value.items()))
        case fields.Flag():
            return _("yes") if value else ""
        case fields.Choice():
            return str(dict(field.choices).get(value, value))
        case fields.Reference():
            return _name(content, field.to, value)
        case fields.References():
            return ", ".join(_name(content, field.to, key) for key in value)
        case fields.Conditions():
            return "\n".join(value)
        case _:
            return str(value)


def _name(content: Mapping[str, Any], section: str, key: str) -> str:
    item = content.get(section, {}).get(key, {})
    return pick(item.get("name") or item.get("title")) or key


def rows(section: Section, content: Mapping[str, Any], changed: set[str]) -> list[Row]:
    """The items of a section in their order."""
    items = sorted(content.get(section.name, {}).items(), key=lambda pair: (pair[1].get("list") or "", pair[1].get("position") or 0, pair[0]))
    found = []
    for key, item in items:
        cells = [Cell(field.label, shown(field, item.get(field.name), content)) for field in columns(section)]
        found.append(Row(key, pick(item.get("name") or item.get("title")) or key, cells, key in changed))
    return found


def columns(section: Section) -> list[fields.Field]:
    """What a table shows beside the name."""
    return [field for field in section.fields if field.name not in ("name", "title", "position")]


def change(difference: Difference, ours: Mapping[str, Any], shipped: Mapping[str, Any]) -> Change | None:
    """A difference to be read; None for a section of a room that is not here."""
    section = SECTIONS.get(difference.section)
    if section is None:
        return None
    before, after = difference.shipped or {}, difference.ours or {}
    told = [(field.label, shown(field, before.get(field.name), shipped), shown(field, after.get(field.name), ours)) for field in section.fields]
    title = pick(after.get("name") or after.get("title") or before.get("name") or before.get("title")) or difference.key
    return Change(section, difference.key, difference.kind, title, [row for row in told if row[1] != row[2]])
