"""How each kind of timeline entry reads: every room's `messages.py` holds its sentences under the name TIMELINE."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any, Literal

from django.apps import apps
from django.utils.html import escape
from django.utils.module_loading import module_has_submodule

from lib.times import stamp

Category = Literal["decision", "message", "alert", "note", "step", "system"]


@dataclass(frozen=True)
class Sentence:
    """How a kind is shown: its category (the page's filter), its symbol, its sentence and why a machine did it."""

    category: Category
    icon: str
    render: Callable[[Mapping[str, Any]], str]
    why: Callable[[Mapping[str, Any]], str] | None = None


@cache
def sentences() -> dict[str, Sentence]:
    """Every kind that may stand on a timeline, collected from all rooms."""
    found: dict[str, Sentence] = {}
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "messages"):
            found |= getattr(import_module(f"{config.name}.messages"), "TIMELINE", {})
    return found


# A sentence is made once per language for all readers, so a time in it stays open until it meets its reader's zone.
_MOMENT = re.compile("\x02([^\x03]*)\x03")


def moment(iso: str | None) -> str:
    """A time inside a sentence, kept open: `as_html` and `as_text` write it out."""
    return f"\x02{iso}\x03" if iso else ""


def as_html(said: str) -> str:
    """The escaped sentence; its times are elements that the page turns into the reader's zone."""
    return _MOMENT.sub(lambda found: f'<time datetime="{found[1]}">{stamp(datetime.fromisoformat(found[1]), UTC)}</time>', escape(said))


def as_text(said: str) -> str:
    """The sentence with its times in UTC."""
    return _MOMENT.sub(lambda found: stamp(datetime.fromisoformat(found[1]), UTC), said)
