"""What the public page does about the steps of an incident: publish what the playbook lets go by itself, prepare the rest."""

import logging
from typing import Any

from incidents.models import Incident, State, TimelineEntry
from incidents.signals import entry_recorded
from lib.errors import Refused
from statuspage import drafts, publishing, reports, rules, standard
from statuspage.models import Draft, Kind, Post
from statuspage.telling import ENDING, checked

logger = logging.getLogger(__name__)

KINDS = {"incidents.state", "incidents.severity", "incidents.services", "incidents.merged_into", "incidents.merged_from"}
KEPT_STATUS = {Kind.CORRECTION, Kind.WITHDRAWN}


def follow(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> None:
    """Bring what is public, or lies ready, in step with the incident."""
    kind, post = standard.kind_of(incident), Post.objects.filter(incident=incident).first()
    how = rules.how(incident, post)
    if kind is None or how == "none" or not _has_news(incident, post, kind):
        _let_go(incident, post)
        return
    draft = Draft.objects.filter(incident=incident).first()
    if how == "auto" and not (post and _is_same(post, kind)):
        _publish(incident, post, kind)
        if draft is not None and draft.edited_by_id is None:
            draft.delete()
        return
    drafts.prepare(incident, kind, post)


def _has_news(incident: Incident, post: Post | None, kind: Kind) -> bool:
    """Whether the incident stands otherwise than the public reads; the end of what was never public is none."""
    if post is None:
        return kind not in ENDING and kind not in KEPT_STATUS
    if kind in KEPT_STATUS:
        return post.is_open
    if post.is_withdrawn:
        return kind not in ENDING
    return not _is_same(post, kind) or (post.is_open and _hits_otherwise(incident, post))


def _is_same(post: Post, kind: Kind) -> bool:
    return not post.is_withdrawn and post.status in (kind, "postmortem" if kind == Kind.RESOLVED else kind)


def _hits_otherwise(incident: Incident, post: Post) -> bool:
    return {**standard.restored(post), **standard.states(incident)} != post.components


def _let_go(incident: Incident, post: Post | None) -> None:
    """A draft that nobody touched and that fits no more goes; what a person wrote stays for them to decide."""
    stale = Draft.objects.filter(incident=incident, edited_by=None)
    if post is None or incident.state != State.DECLARED:
        stale.delete()


def _publish(incident: Incident, post: Post | None, kind: Kind) -> None:
    """The standard words by themselves; if one of them stands on the word list (a component's name, say), a person decides."""
    try:
        told, _hits = checked(standard.telling(incident, kind, post), all_the_same=False)
        publishing.put(incident, post, told, actor=None)
    except Refused:
        logger.warning("%s: the standard words were not published by themselves", incident.reference, exc_info=True)
        drafts.prepare(incident, kind, post)


entry_recorded.connect("statuspage.follow", follow, KINDS)
entry_recorded.connect("statuspage.take_over", reports.take_over, {reports.PUBLISHED})
