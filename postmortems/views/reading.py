"""A post-mortem as a page: the document with its contents at the side, its Markdown, who is writing."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.abilities import Ability
from incidents import page, rights
from incidents.models import Incident
from lib import clock, markup
from lib.errors import Refused
from lib.i18n import pick
from postmortems import actions, chart, document, facts, opening, saw, sections, story
from postmortems import lifecycle as acts
from postmortems.assembling import in_order
from postmortems.exporting import as_markdown
from postmortems.holding import find
from postmortems.models import ActionItem, Postmortem, Section
from postmortems.playbook import CHAPTERS
from postmortems.views.answering import back
from postmortems.views.lists import TONES

S = Postmortem.State
ACTS_OF: dict[str, tuple[str, ...]] = {
    S.DRAFT: ("submit",),
    S.IN_REVIEW: ("approve", "return"),
    S.APPROVED: ("publish", "return"),
    S.PUBLISHED: ("outside",),
    S.WAIVED: ("resume",),
}
FIXED = ("overview", "timeline", "root_cause", "impact", "clocks", "saw", "went_well", "to_improve", "actions", "lessons", "related", "other", "about")


@require_GET
def postmortem(request: HttpRequest, reference: str) -> HttpResponse:
    """`/postmortems/INC-…/`."""
    found = find(request.user, reference)
    return render(request, "postmortems/detail.html", context_of(found, request.user))


def context_of(found: Postmortem, user: Any) -> dict[str, Any]:
    """All that the page shows; a constant number of queries."""
    incident = found.incident
    may_write = sections.may_write(found, user)
    written = list(found.sections.all())
    for section in written:
        dress(section)
    chapters = [{"key": key, "title": title, "sections": [one for one in written if one.chapter == key]} for key, title in titles()]
    return {
        "postmortem": found,
        "incident": incident,
        "tone": TONES[found.state],
        "is_late": not found.is_finished and found.due_at is not None and found.due_at <= clock.now(),
        "chapters": [chapter for chapter in chapters if chapter["sections"] or chapter["key"] in {"overview", "timeline", "clocks", "saw", "actions", "about"}],
        "overview": facts.overview(incident),
        "milestones": facts.milestones(incident),
        "chart": chart.of(incident),
        "impact": facts.impact(incident),
        "clocks": facts.clocks(incident),
        "saw": saw.everything(incident),
        "rows": story.rows(found),
        "items": items_of(found, user),
        "reviews": list(found.reviews.select_related("person")),
        "at_it": present(found, user),
        "missing": sections.missing(written) if found.state == S.DRAFT else [],
        "may_write": may_write,
        "may_respond": rights.may(user, Ability.RESPOND, incident),
        "may_command": rights.may(user, Ability.COMMAND, incident),
        "acts": offered(found, user),
    }


def titles() -> list[tuple[str, str]]:
    """The chapters in their order, with what the portal fills in."""
    own = {
        "overview": _("Overview"),
        "timeline": _("Timeline"),
        "clocks": _("Targets kept and broken"),
        "saw": _("What the portal saw"),
        "actions": _("Action items"),
        "about": _("About this document"),
    }
    return [(key, own.get(key) or str(dict(CHAPTERS)[key])) for key in FIXED]


def dress(section: Section) -> Section:
    """With its words as HTML; the only one of its chapter needs no heading of its own."""
    section.html = markup.render(section.text)  # type: ignore[attr-defined]
    section.is_alone = pick(section.title) == str(dict(CHAPTERS).get(section.chapter))  # type: ignore[attr-defined]
    return section


def items_of(found: Postmortem, user: Any) -> list[ActionItem]:
    """The action items in order, with what this person may do to them."""
    today = timezone.localdate(clock.now())
    items = in_order(found.actions.select_related("owner", "team"))
    for item in items:
        item.postmortem = found
        dress_item(item, user, today)
    return items


def dress_item(item: ActionItem, user: Any, today: Any = None) -> ActionItem:
    """A row of the table."""
    item.is_late = item.state == ActionItem.State.OPEN and item.due_on < (today or timezone.localdate(clock.now()))  # type: ignore[attr-defined]
    item.may_settle = actions.may_settle(item, user)  # type: ignore[attr-defined]
    return item


def offered(found: Postmortem, user: Any) -> list[str]:
    """What this person may do now, the likeliest first."""
    incident = found.incident
    needs = {"submit": Ability.RESPOND, "approve": Ability.RESPOND, "return": Ability.RESPOND, "publish": Ability.PUBLISH, "outside": Ability.PUBLISH}
    names = [name for name in ACTS_OF[found.state] if rights.may(user, needs.get(name, Ability.COMMAND), incident)]
    if "outside" in names and incident.is_drill:
        names.remove("outside")
    if found.state == S.DRAFT and rights.may(user, Ability.RESPOND, incident):
        names.append("author")
    if S.WAIVED in acts.allowed(found) and rights.may(user, Ability.COMMAND, incident):
        names.append("waive")
    return names


def present(found: Postmortem, user: Any) -> list[dict[str, Any]]:
    """Who else writes where now."""
    at_it = sections.at_it(found, user)
    names = dict(found.sections.values_list("key", "title")) if at_it else {}
    return [{"person": person, "section": pick(names[key]), "key": key} for key, people in at_it.items() for person in people]


@require_GET
def presence(request: HttpRequest, reference: str) -> HttpResponse:
    """Who is writing, alone."""
    found = find(request.user, reference)
    return render(request, "postmortems/detail.html#presence", {"postmortem": found, "at_it": present(found, request.user)})


@require_GET
def markdown(request: HttpRequest, reference: str) -> HttpResponse:
    """The document as a Markdown file in the reader's language."""
    found = find(request.user, reference)
    said = as_markdown(document.of(found, get_language() or "en"))
    name = slugify(f"{found.incident.reference}-postmortem")
    return HttpResponse(said, content_type="text/markdown; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}.md"'})


@require_POST
def open_one(request: HttpRequest, reference: str) -> HttpResponse:
    """Open one by hand."""
    incident: Incident = page.find(request.user, reference)
    try:
        return redirect(opening.open_by_hand(incident, actor=request.user, source="web"))
    except Refused as refused:
        return back(request, incident, refused=refused)
