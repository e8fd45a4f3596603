"""Says everything that is wrong with a playbook's content at once."""

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from incidents.playbook.sections import SECTIONS, Content, Section, ordered

KEY = re.compile(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*")
LONGEST_KEY = 100
MOST_ITEMS = 2000


def check(content: Any) -> list[str]:
    """Every problem of `content` as "section/key/field: what is wrong"; an empty list when it may become a version."""
    if not isinstance(content, dict):
        return [_("a playbook takes sections by name")]
    problems = [f"{name}: {_('there is no such section')}" for name in content if name not in SECTIONS]
    shapes_hold = True
    for section in ordered():
        found = list(_section_problems(section, content))
        shapes_hold = shapes_hold and not found
        problems += found
    if shapes_hold:
        for section in ordered():
            problems += section.check(content) if section.check else []
    return problems


def _section_problems(section: Section, content: Content) -> Iterator[str]:
    items = content.get(section.name)
    if not isinstance(items, dict):
        yield f"{section.name}: {_('takes items by key')}"
        return
    if len(items) > MOST_ITEMS:
        yield f"{section.name}: {_('holds too many items')}"
        return
    if section.fixed is not None:
        yield from (f"{section.name}/{key}: {_('cannot be removed')}" for key in sorted(section.fixed - set(items)))
        yield from (f"{section.name}/{key}: {_('cannot be added')}" for key in sorted(set(items) - section.fixed))
    for key, item in items.items():
        if not KEY.fullmatch(key) or len(key) > LONGEST_KEY:
            yield f"{section.name}/{key[:60]}: {_('a key takes letters, digits and dashes')}"
        yield from (f"{section.name}/{key[:60]}{problem}" for problem in _item_problems(section, item, content))


def _item_problems(section: Section, item: Any, content: Content) -> Iterator[str]:
    if not isinstance(item, dict):
        yield f": {_('takes fields by name')}"
        return
    known = {field.name for field in section.fields}
    yield from (f"/{str(name)[:60]}: {_('there is no such field')}" for name in item if name not in known)
    for field in section.fields:
        yield from (f"/{field.name}: {problem}" for problem in field.problems(item.get(field.name), content))
