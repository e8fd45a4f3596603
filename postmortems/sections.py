"""Writing a section: every save is a new version; who was overtaken is told and loses no word."""

from collections.abc import Iterable
from datetime import timedelta
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import rights, timeline
from lib import clock
from lib.db import retried
from lib.errors import Forbidden, NotFound, Refused
from lib.text import clean, whole
from postmortems.holding import hold
from postmortems.models import Postmortem, Section, SectionVersion, Writing

LONGEST = 50_000  # characters of a section
AT_IT = timedelta(seconds=90)  # so long after the last key somebody counts as writing
S = Postmortem.State


class Overtaken(Refused):
    """Somebody saved a newer version meanwhile; `section` is it, `text` what was typed."""

    def __init__(self, section: Section, text: str):
        super().__init__(_("Somebody saved “%(section)s” meanwhile. Your words are kept: put the two together.") % {"section": section}, current=section.number)
        self.section = section
        self.text = text


def may_write(postmortem: Postmortem, user: Any) -> bool:
    """Whether `user` may change words now: a draft by who responds, a published one by its author or who commands."""
    if postmortem.state == S.DRAFT:
        return rights.may(user, Ability.RESPOND, postmortem.incident)
    if postmortem.state == S.PUBLISHED:
        return postmortem.author_id == getattr(user, "pk", None) or rights.may(user, Ability.COMMAND, postmortem.incident)
    return False


def require_writer(postmortem: Postmortem, user: Any) -> None:
    """Raise Forbidden, NotFound, or Refused while it is being reviewed or was waived."""
    rights.require(user, Ability.RESPOND, postmortem.incident)
    if postmortem.state not in (S.DRAFT, S.PUBLISHED):
        raise Refused(_("It is “%(state)s”: its words stand still. Return it to its author to change them.") % {"state": postmortem.get_state_display()})
    if not may_write(postmortem, user):
        raise Forbidden(_("After publication its author or a commander changes it."))


def named(postmortem: Postmortem, key: str) -> Section:
    """The section `key`. Raises NotFound."""
    found = Section.objects.filter(postmortem=postmortem, key=key).first()
    if found is None:
        raise NotFound(_("There is no such section."))
    return found


@retried
def save(section: Section, text: str, *, base: int, actor: Any, note: str = "", source: str = "") -> Section:
    """Save `text` as the next version, written on top of version `base`; the same words again change nothing.

    After publication `note` says what was changed, and the edition rises. Raises Overtaken (409) where `base` is not the newest,
    Refused (422) for more than 50,000 characters or a missing note, Forbidden, NotFound.
    """
    text, note = whole(text, LONGEST, multiline=True), clean(note, 500)
    with transaction.atomic():
        postmortem, incident = hold(section.postmortem)
        require_writer(postmortem, actor)
        section = Section.objects.get(pk=section.pk)
        section.postmortem = postmortem
        if section.text != text:
            if section.number != base:
                raise Overtaken(section, text)
            if postmortem.state == S.PUBLISHED and not note:
                raise Refused(_("It is published: say what you changed, and why."), status=422, missing="note")
            section.number, section.text = section.number + 1, text
            section.save(update_fields=["number", "text"])
            SectionVersion.objects.create(section=section, number=section.number, author=actor, at=clock.now(), text=text, note=note)
            touch(postmortem)
            if postmortem.state == S.PUBLISHED:
                postmortem.edition += 1
                postmortem.save(update_fields=["edition"])
                data = {"edition": postmortem.edition, "section": section.key}
                timeline.record(incident, "postmortems.published", actor=actor, source=source, data=data, text=note)
        Writing.objects.filter(section=section, person=actor).delete()
    return section


def touch(postmortem: Postmortem) -> None:
    """Say that something of it changed: its tag, and what a reviewer has read."""
    Postmortem.objects.filter(pk=postmortem.pk).update(revision=F("revision") + 1)
    postmortem.revision += 1


@retried
def keep(section: Section, text: str, *, base: int, actor: Any) -> Writing | None:
    """Keep what `actor` is typing, so that a lost connection loses nothing and others see who is at it. Raises as `save` does.

    None where `actor` has saved on top of `base` meanwhile: that came late, and what it says was saved.
    """
    text = whole(text, LONGEST, multiline=True)
    with transaction.atomic():
        postmortem, _incident = hold(section.postmortem)
        require_writer(postmortem, actor)
        if SectionVersion.objects.filter(section=section, number__gt=base, author=actor).exists():
            return None
        values = {"text": text, "base": base, "at": clock.now()}
        row, _is_new = Writing.objects.update_or_create(section=section, person=actor, defaults=values)
    return row


def discard(section: Section, *, actor: Any) -> None:
    """Forget what `actor` typed and did not save."""
    Writing.objects.filter(section=section, person=actor).delete()


def at_it(postmortem: Postmortem, user: Any) -> dict[str, list[Any]]:
    """Who else is writing in which section now."""
    rows = Writing.objects.filter(section__postmortem=postmortem, at__gte=clock.now() - AT_IT).exclude(person=user)
    found: dict[str, list[Any]] = {}
    for row in rows.select_related("section", "person").order_by("at"):
        found.setdefault(row.section.key, []).append(row.person)
    return found


class Change(NamedTuple):
    """A piece of a comparison: "same", "gone" or "new", and its lines."""

    sign: str
    lines: list[str]


def compared(old: str, new: str) -> list[Change]:
    """What became of `old`, line by line; long runs of the same are cut to their edges."""
    before, after = old.splitlines(), new.splitlines()
    changes: list[Change] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            changes.append(Change("same", _edges(before[a:b])))
        else:
            changes += [Change("gone", before[a:b])] if b > a else []
            changes += [Change("new", after[c:d])] if d > c else []
    return changes


def _edges(lines: list[str], kept: int = 3) -> list[str]:
    return lines if len(lines) <= 2 * kept + 1 else [*lines[:kept], "…", *lines[-kept:]]


def missing(sections: Iterable[Section]) -> list[Section]:
    """The sections that a review needs and that are empty."""
    return [section for section in sections if section.is_required and not section.text.strip()]
