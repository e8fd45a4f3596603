"""Sentences for the public that exist translated, from the playbook in force."""

from collections.abc import Mapping
from typing import Any

from comms.playbook import PHRASES
from incidents import playbook
from lib.i18n import pick


def sentence(key: str, language: str, *, rules: playbook.Playbook | None = None, **values: Any) -> str:
    """The phrase `key` ("state.investigating") in `language`; one that the team removed reads as shipped.

    `rules` saves the look-up of the playbook in force where many are asked for. Raises LookupError for an unknown key.
    """
    item = (rules or playbook.current()).items(PHRASES).get(key) or _shipped().get(key)
    if item is None:
        raise LookupError(f"there is no phrase {key!r}")
    text = pick(item["text"], language)
    return text.format_map(values) if values else text


def choices(group: str, language: str | None = None) -> list[tuple[str, str]]:
    """The phrases of a group as (name without the group, text), in the team's order; for forms."""
    items = playbook.current().items(PHRASES)
    found = [(key.removeprefix(f"{group}."), item) for key, item in (items or _shipped()).items() if key.startswith(f"{group}.")]
    return [(name, pick(item["text"], language)) for name, item in sorted(found, key=lambda pair: (pair[1].get("position") or 0, pair[0]))]


def is_known(key: str) -> bool:
    """Whether there is such a phrase."""
    return key in playbook.current().items(PHRASES) or key in _shipped()


def _shipped() -> Mapping[str, Any]:
    return playbook.SECTIONS[PHRASES].shipped()
