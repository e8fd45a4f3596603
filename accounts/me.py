"""The parts of the page about oneself: this room's own, and a slot for higher ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True)
class Part:
    """A section of /me/: its template and what that needs."""

    template: str
    context: Callable[[HttpRequest], dict[str, Any]]
    position: int


_parts: dict[str, Part] = {}


def register(template: str, context: Callable[[HttpRequest], dict[str, Any]], position: int = 50) -> None:
    """Add a section to /me/ (call it in AppConfig.ready). `context(request)` is made for the signed-in person only."""
    _parts[template] = Part(template, context, position)


def parts(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections in their order, each with `template` and its context."""
    ordered = sorted(_parts.values(), key=lambda part: (part.position, part.template))
    return [{"template": part.template, **part.context(request)} for part in ordered]
