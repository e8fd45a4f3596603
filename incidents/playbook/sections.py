"""The register of playbook sections: what each holds, how it is checked, which rows project it."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from incidents.playbook.fields import Field

Item = dict[str, Any]
Items = dict[str, Item]
Content = dict[str, Items]

Check = Callable[[Mapping[str, Items]], Iterable[str]]
Project = Callable[[Items], None]


@dataclass(frozen=True)
class Section:
    """One part of the playbook: items by key, each with the same fields.

    `data` is the shipped JSON file `{key: item}`. `check` sees the whole content and yields what is wrong beyond single
    fields. `project` writes the rows that mirror the section; it runs in the transaction of the new version, in the order
    of `position`. `fixed` keys can be changed but neither removed nor joined by others.
    """

    name: str
    label: Any
    fields: tuple[Field, ...]
    data: Path
    hint: Any = ""
    check: Check | None = None
    project: Project | None = None
    fixed: frozenset[str] | None = None
    position: int = 100

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)

    def shipped(self) -> Items:
        """What the release brings."""
        return json.loads(_text(self.data))


SECTIONS: dict[str, Section] = {}


def section(
    name: str,
    *,
    label: Any,
    fields: Iterable[Field],
    data: Path,
    hint: Any = "",
    check: Check | None = None,
    project: Project | None = None,
    fixed: Iterable[str] | None = None,
    position: int = 100,
) -> None:
    """Make `name` a part of the playbook. Each room does so in its `playbook.py`, which is imported at start.

    Readers of another room get the items with `current().items(name)`; registering twice replaces.
    """
    keys = None if fixed is None else frozenset(fixed)
    SECTIONS[name] = Section(name, label, tuple(fields), data, hint, check, project, keys, position)


def ordered() -> list[Section]:
    """All sections in the order of pages and projections."""
    return sorted(SECTIONS.values(), key=lambda one: (one.position, one.name))


def shipped_content() -> Content:
    """What this release ships, in every section."""
    return {one.name: one.shipped() for one in ordered()}


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
