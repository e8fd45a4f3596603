"""Proves that a story is whole: sequences gapless, chain unbroken, bodies as they were written."""

from django.utils.translation import gettext as _

from incidents.models import Incident, TimelineEntry
from incidents.timeline import digest_of, hash_of
from lib.jsonio import loads


def verify(incident: Incident, *, after: int = 0) -> list[str]:
    """What is wrong with the timeline of `incident` from entry `after` on; empty when it is true.

    A redacted body is excused only by a later entry of the chain that says so.
    """
    problems: list[str] = []
    entries = list(TimelineEntry.objects.filter(incident=incident, seq__gte=max(after, 1)).select_related("body").order_by("seq"))
    redactions = _redactions(entries)
    previous, expected = "", max(after, 1)
    for entry in entries:
        where = f"{incident.reference}#{entry.seq}"
        if entry.seq != expected:
            problems.append(_("%(where)s: entry %(expected)s is missing") % {"where": where, "expected": expected})
        if (entry.seq == 1 or expected > max(after, 1)) and entry.prev_hash != previous:
            problems.append(_("%(where)s: does not follow the entry before it") % {"where": where})
        if hash_of(entry, incident.reference) != entry.hash:
            problems.append(_("%(where)s: the header was changed") % {"where": where})
        problems += _body_problems(entry, where, redactions)
        previous, expected = entry.hash, entry.seq + 1
    if entries and (entries[-1].seq != incident.last_seq or entries[-1].hash != incident.last_hash):
        problems.append(_("%(reference)s: the story does not end where the incident says") % {"reference": incident.reference})
    if not entries and incident.last_seq >= max(after, 1):
        problems.append(_("%(reference)s: the story is missing") % {"reference": incident.reference})
    return problems


def _body_problems(entry: TimelineEntry, where: str, redactions: set[int]) -> list[str]:
    if not hasattr(entry, "body"):
        return [_("%(where)s: the body is missing") % {"where": where}]
    if entry.body.redacted:
        return [] if entry.seq in redactions and not entry.body.content else [_("%(where)s: redacted without an entry that says so") % {"where": where}]
    if digest_of(entry.body.salt, entry.body.content) != entry.digest:
        return [_("%(where)s: the body was changed") % {"where": where}]
    return []


def _redactions(entries: list[TimelineEntry]) -> set[int]:
    """The sequences that a true redaction entry names."""
    named = set()
    for entry in entries:
        if entry.kind == "incidents.redacted" and hasattr(entry, "body") and digest_of(entry.body.salt, entry.body.content) == entry.digest:
            named.add(loads(entry.body.content.encode())["data"]["seq"])
    return named
