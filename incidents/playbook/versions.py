"""Makes playbook versions: the three-way load of what a release ships, a team's own edits, and what differs."""

import hashlib
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from incidents.models import PlaybookVersion
from incidents.playbook.problems import check
from incidents.playbook.reader import Playbook, by_id, current_id, forget_until_commit
from incidents.playbook.sections import SECTIONS, Content, Item, Items, ordered, shipped_content
from lib import clock
from lib.db import StaleHead, lock, retried
from lib.errors import Refused
from lib.jsonio import canonical


@dataclass(frozen=True)
class Difference:
    """One item that is not as shipped: `ours` None was removed here, `shipped` None is ours alone."""

    section: str
    key: str
    ours: Item | None
    shipped: Item | None

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        """What the team did."""
        if self.shipped is None:
            return "added"
        return "removed" if self.ours is None else "changed"


def current() -> Playbook:
    """The rules in force. A portal that has none yet starts with the shipped ones."""
    return by_id(in_force())


def in_force() -> int:
    """The id of the version in force, made from the shipped content where there is none yet."""
    pk = current_id()
    return load().pk if pk is None else pk


def current_version() -> PlaybookVersion:
    """The version in force with all its content."""
    return PlaybookVersion.objects.get(pk=in_force())


def newest() -> PlaybookVersion | None:
    """The version in force, None before the first load."""
    return PlaybookVersion.objects.order_by("-number").first()


@retried
def load(shipped: Content | None = None, *, actor: Any = None, note: str = "") -> PlaybookVersion:
    """Merge what the release ships into the version in force and return the result.

    Items that nobody here touched follow the shipped ones; edited, removed and own ones stay and show in `diff()`.
    Without a change there is no new version. Raises Refused (422) with every problem of the result.
    """
    shipped = deepcopy(shipped if shipped is not None else shipped_content())
    with transaction.atomic():
        last = _hold_newest()
        if last is None:
            return _make(None, shipped, shipped, actor=actor, note=note or "shipped")
        merged = merge(base=last.shipped, ours=last.content, shipped=shipped)
        if canonical(merged) == canonical(last.content) and canonical(shipped) == canonical(last.shipped):
            return last
        return _make(last, merged, shipped, actor=actor, note=note or "shipped")


@retried
def edit(section: str, key: str, item: Item | None, *, actor: Any, note: str = "") -> PlaybookVersion:
    """Put `item` at `key` of `section` (None removes it) and return the version then in force.

    Saying what is already so makes no version. Raises Refused: 404 for an unknown section or for removing what is not
    there, 422 with every problem.
    """
    if section not in SECTIONS:
        raise Refused(_("There is no section “%(name)s” in the playbook.") % {"name": section[:60]}, status=404)
    with transaction.atomic():
        last = _hold_newest() or load()
        items: Items = dict(last.content.get(section, {}))
        if item is None and key not in items:
            raise Refused(_("There is no “%(key)s” in “%(section)s”.") % {"key": key[:60], "section": section}, status=404)
        if item is not None and same(items.get(key), item):
            return last
        if item is None:
            del items[key]
        else:
            items[key] = item
        return _make(last, {**last.content, section: items}, last.shipped, actor=actor, note=note or f"{section}/{key}")


@retried
def replace(content: Content, *, actor: Any, note: str = "") -> PlaybookVersion:
    """Put a whole content in force (a dump that was edited outside). Raises Refused (422) with every problem."""
    with transaction.atomic():
        last = _hold_newest() or load()
        if isinstance(content, dict) and canonical(content) == canonical(last.content):
            return last
        _require_sound(content, last.content)
        return _make(last, deepcopy(content), last.shipped, actor=actor, note=note or "file")


def merge(*, base: Content, ours: Content, shipped: Content) -> Content:
    """The three-way merge, item by item. Sections of rooms that are not installed any more stay as they are."""
    names = [*shipped, *(name for name in ours if name not in shipped)]
    return {name: _merge_items(base.get(name, {}), ours.get(name, {}), shipped[name]) if name in shipped else ours[name] for name in names}


def _merge_items(base: Items, ours: Items, shipped: Items) -> Items:
    merged: Items = {}
    for key in [*shipped, *(key for key in ours if key not in shipped)]:
        untouched = same(base.get(key), ours.get(key))
        item = shipped.get(key) if untouched else ours.get(key)
        if item is not None:
            merged[key] = item
    return merged


def same(one: Item | None, other: Item | None) -> bool:
    """Whether two items say the same; an absent field and an empty one do."""
    return canonical(_plain(one)) == canonical(_plain(other))


def _plain(item: Item | None) -> Item | None:
    return None if item is None else {name: value for name, value in item.items() if value not in (None, "", {}, []) and value is not False}


def diff(version: PlaybookVersion | None = None) -> list[Difference]:
    """Every item of the version in force (or of `version`) that differs from what was shipped, in reading order."""
    version = version or newest()
    return [] if version is None else differences(version.content, version.shipped)


def differences(ours: Content, shipped: Content) -> list[Difference]:
    """Every item in which two contents differ."""
    found = []
    for name in [*ours, *(name for name in shipped if name not in ours)]:
        here, there = ours.get(name, {}), shipped.get(name, {})
        for key in [*here, *(key for key in there if key not in here)]:
            if not same(here.get(key), there.get(key)):
                found.append(Difference(name, key, here.get(key), there.get(key)))
    return found


def _hold_newest() -> PlaybookVersion | None:
    """The newest version with its row locked, so that two writers follow each other."""
    return lock(PlaybookVersion.objects.order_by("-number")).first()


def _require_sound(content: Any, kept: Content) -> None:
    """Raise Refused with every problem; sections of rooms that are not installed any more are let be where `kept` has them."""
    judged = {name: items for name, items in content.items() if name in SECTIONS or name not in kept} if isinstance(content, dict) else content
    if problems := check(judged):
        raise Refused(_("This playbook does not hold together."), status=422, problems=problems)


def _make(last: PlaybookVersion | None, content: Content, shipped: Content, *, actor: Any, note: str) -> PlaybookVersion:
    _require_sound(content, content)
    number = last.number + 1 if last else 1
    try:
        with transaction.atomic():
            version = PlaybookVersion.objects.create(
                number=number,
                content=content,
                shipped=shipped,
                digest=hashlib.sha256(canonical(content).encode()).hexdigest(),
                author=actor,
                note=note[:200],
                created_at=clock.now(),
            )
    except IntegrityError as error:
        raise StaleHead(f"playbook {number} was made by another") from error
    forget_until_commit(version.pk)
    for section in ordered():
        if section.project:
            section.project(content.get(section.name, {}))
    audit.record(
        "playbook.version",
        actor=actor,
        target=f"playbook {number}",
        before={"version": last.number if last else 0},
        after={"version": number, "note": note[:200]},
    )
    return version
