"""The message catalogue: every room's `messages.py` holds its kinds under the name MESSAGES."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from incidents.models import Incident


@dataclass(frozen=True)
class Content:
    """What a message says, in one language; every channel makes its own form of it."""

    subject: str
    lead: str
    facts: tuple[tuple[str, str], ...] = ()
    words: str = ""  # a person's own, in Markdown
    link: str = ""
    link_label: str = ""
    why: str = ""  # why this reader gets it
    unsubscribe: str = ""  # the link that ends it


@dataclass(frozen=True)
class Occasion:
    """What a renderer knows: language and zone are already active while it runs."""

    params: Mapping[str, Any]
    incident: Incident | None
    person: Any
    now: datetime


@dataclass(frozen=True)
class MessageKind:
    """One kind of message. `is_secret`: it carries a link or code, so parameters are sealed and its text is never kept."""

    label: Any
    render: Callable[[Occasion], Content] = field(repr=False)
    is_secret: bool = False


@cache
def kinds() -> dict[str, MessageKind]:
    """Every kind, collected from all rooms."""
    found: dict[str, MessageKind] = {}
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "messages"):
            found |= getattr(import_module(f"{config.name}.messages"), "MESSAGES", {})
    return found


def kind(name: str) -> MessageKind:
    """The kind called `name`; raises LookupError when no room declares it."""
    if name not in kinds():
        raise LookupError(f"no room declares the message kind {name!r}")
    return kinds()[name]


def label(name: str) -> str:
    """What people call a kind."""
    return str(kinds()[name].label) if name in kinds() else name
