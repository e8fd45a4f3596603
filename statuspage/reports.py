"""The redacted report of a post-mortem on the incident's post: kept as soon as it is published outside, shown once the post is resolved."""

import json
from datetime import datetime
from typing import Any

from incidents.models import Incident, TimelineEntry
from statuspage import changes, rules
from statuspage.models import Post, Status

PUBLISHED = "postmortems.published_outside"


def take_over(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> None:
    """Keep the report on the incident's post. One that was never public has none; should it get one, `earlier` finds the report."""
    post = Post.objects.filter(incident=incident).first()
    if post is None or rules.barred(incident):
        return
    post.postmortem, post.postmortem_at = data.get("document") or {}, None
    show(post, now=entry.at)
    if post.postmortem_at:
        post.updated_at = entry.at
    post.save(update_fields=["postmortem", "postmortem_at", "updated_at", "status"])
    changes.touch()


def earlier(incident: Incident) -> dict[str, str]:
    """The report that was published outside before the incident had a post; {} without one."""
    entry = TimelineEntry.objects.filter(incident=incident, kind=PUBLISHED).select_related("body").order_by("-seq").first()
    if entry is None or entry.body.redacted:
        return {}
    return json.loads(entry.body.content)["data"].get("document") or {}


def show(post: Post, *, now: datetime) -> None:
    """A report that waits becomes the last word of a post that is resolved; the caller saves."""
    if not post.postmortem or post.resolved_at is None or post.is_withdrawn:
        return
    post.postmortem_at, post.status = post.postmortem_at or now, Status.POSTMORTEM
