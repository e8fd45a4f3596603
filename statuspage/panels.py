"""What the public page shows beside the story: what the public reads, what lies ready, when it hears again."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from incidents.page import Page
from incidents.panels import Panel, register
from lib import clock
from statuspage import rules
from statuspage.models import Draft, Kind

KINDS = {f"statuspage.{kind}" for kind in ("published", "prepared", "dropped")} | {"incidents.state", "incidents.severity", "incidents.services"}


def public(page: Page) -> dict[str, Any] | None:
    """Nothing for a drill, for history and for what is neither public nor about to be."""
    incident = page.incident
    if rules.barred(incident):
        return None
    post = rules.post_of(incident)
    draft = Draft.objects.filter(incident=incident).first()
    kinds = rules.kinds(incident, post)
    if not kinds and post is None and draft is None:
        return None
    newest = post.updates.order_by("-number").first() if post else None
    now = clock.now()
    return {
        "post": post,
        "newest": newest,
        "draft": draft,
        "draft_kind": Kind(draft.kind).label if draft else "",
        "is_late": bool(newest and newest.next_at and newest.next_at <= now and post and post.is_open),
        "may_publish": page.may(Ability.PUBLISH) and bool(kinds),
    }


register(Panel("public", _("Public page"), "statuspage/panels/public.html", public, 26, frozenset(KINDS)))
