"""Registry of panels: what each room shows beside the story, with an address for its own refresh."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from incidents.page import Page


@dataclass(frozen=True)
class Panel:
    """A part of the incident page. `context` returns what `template` needs, or None to leave it out; what the head or another panel
    shows as well it asks of the page, which reads it once.

    `refresh_on` holds the kinds of entries after which its content may have changed.
    """

    name: str
    title: Any
    template: str
    context: Callable[[Page], dict[str, Any] | None]
    position: int = 100
    refresh_on: frozenset[str] = frozenset()


PANELS: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Show `panel` on the incident page."""
    PANELS[panel.name] = panel


def ordered() -> list[Panel]:
    """All panels from top to bottom."""
    return sorted(PANELS.values(), key=lambda panel: panel.position)


def for_kind(kind: str) -> list[str]:
    """Names of the panels that an entry of `kind` may change."""
    return [panel.name for panel in ordered() if kind in panel.refresh_on]
