"""Shows playbook values to people: tables of a section, and what differs between two items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from incidents.models import State
from incidents.playbook import SECTIONS, Difference, Section, fields
from incidents.playbook_forms import spelled
from lib.i18n import listed, pick


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
    group: str = ""


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
            return length(value)
        case fields.PerSeverity():
            return " · ".join(f"{severity} {offset(value, severity)}" for severity in sorted(value))
        case fields.Flag():
            return _("yes") if value else ""
        case fields.Choice():
            return str(dict(field.choices).get(value, value))
        case fields.Reference():
            return _name(content, field.to, value)
        case fields.References():
            return listed(_name(content, field.to, key) for key in value)
        case fields.Conditions():
            return "\n".join(condition(one) for one in value)
        case _:
            return str(value)


def offset(value: Mapping[str, Any], severity: str) -> str:
    """The time at a severity: "15 min", "–" without one, "" where the severity is not meant."""
    if severity not in value:
        return ""
    return "–" if value[severity] is None else length(value[severity])


def length(seconds: int) -> str:
    """A length of time; none is "at once"."""
    return spelled(seconds) if seconds else _("at once")


def condition(text: str) -> str:
    """What ticks a step, in words where it is a state; else the kind as it stands."""
    kind, _colon, rest = text.partition(":")
    if kind != "incidents.state" or not rest.startswith("to="):
        return text
    names = [str(dict(State.choices).get(code, code)) for code in rest.removeprefix("to=").split("|")]
    if len(names) > 1 and rest.endswith(State.RESOLVED):
        return _("from “%(state)s” on") % {"state": names[0]}
    return _("at “%(states)s”") % {"states": listed(names)}


def _name(content: Mapping[str, Any], section: str, key: str) -> str:
    item = content.get(section, {}).get(key, {})
    return pick(item.get("name") or item.get("title")) or key


def rows(section: Section, content: Mapping[str, Any], changed: set[str]) -> list[Row]:
    """The items of a section in their order, those of one list together."""
    grouping = grouped_by(section)
    lists = {key: (item.get("position") or 0, key) for key, item in content.get(grouping.to, {}).items()} if grouping else {}
    items = sorted(content.get(section.name, {}).items(), key=lambda pair: (lists.get(pair[1].get("list"), (0, "")), pair[1].get("position") or 0, pair[0]))
    return [
        Row(
            key=key,
            title=pick(item.get("name") or item.get("title")) or key,
            cells=[cell for field in columns(section) for cell in _cells(field, item.get(field.name), content)],
            is_changed=key in changed,
            group=shown(grouping, item.get(grouping.name), content) if grouping else "",
        )
        for key, item in items
    ]


def _cells(field: fields.Field, value: Any, content: Mapping[str, Any]) -> list[Cell]:
    if isinstance(field, fields.PerSeverity):
        return [Cell(severity, offset(value or {}, severity)) for severity in fields.SEVERITIES]
    return [Cell(field.label, shown(field, value, content))]


def grouped_by(section: Section) -> fields.Reference | None:
    """The field that says which list an item belongs to."""
    field = section.field("list")
    return field if isinstance(field, fields.Reference) else None


def columns(section: Section) -> list[fields.Field]:
    """What a table shows beside the name."""
    hidden = {"name", "title", "position", *([grouping.name] if (grouping := grouped_by(section)) else [])}
    return [field for field in section.fields if field.name not in hidden]


def headings(section: Section) -> list[Any]:
    """The table's heads beside the name; a time per severity takes four columns."""
    return [label for field in columns(section) for label in (fields.SEVERITIES if isinstance(field, fields.PerSeverity) else (field.label,))]


def change(difference: Difference, ours: Mapping[str, Any], shipped: Mapping[str, Any]) -> Change | None:
    """A difference to be read; None for a section of a room that is not here."""
    section = SECTIONS.get(difference.section)
    if section is None:
        return None
    before, after = difference.shipped or {}, difference.ours or {}
    told = [(field.label, shown(field, before.get(field.name), shipped), shown(field, after.get(field.name), ours)) for field in section.fields]
    title = pick(after.get("name") or after.get("title") or before.get("name") or before.get("title")) or difference.key
    return Change(section, difference.key, difference.kind, title, [row for row in told if row[1] != row[2]])
