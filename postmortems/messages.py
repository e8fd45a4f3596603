"""How the entries of post-mortems read, and the mail to who owes an action item."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from comms.catalogue import Content, MessageKind, Occasion
from incidents.catalogue import Sentence, moment
from lib.i18n import listed

Data = Mapping[str, Any]


def _opened(data: Data) -> str:
    return _("Post-mortem opened; the report is due at %(time)s") % {"time": moment(data["due"])} if data.get("due") else _("Post-mortem opened")


def _opened_why(data: Data) -> str:
    return _("A P1 or P2 that is resolved owes a post-mortem.")


def _submitted(data: Data) -> str:
    return _("Post-mortem handed in for review by %(names)s") % {"names": listed(data.get("reviewers", []))}


def _approved(data: Data) -> str:
    waiting = data.get("waiting", 0)
    if waiting:
        said = ngettext("Post-mortem approved; %(count)s reviewer is still asked", "Post-mortem approved; %(count)s reviewers are still asked", waiting)
        return said % {"count": waiting}
    return _("Post-mortem approved by all reviewers")


def _published(data: Data) -> str:
    if data.get("edition", 1) > 1:
        return _("Post-mortem changed after publication: edition %(number)s") % {"number": data["edition"]}
    return _("Post-mortem published inside")


def _settled(data: Data) -> str:
    said = {"done": _("Action item done: %(title)s"), "dropped": _("Action item dropped: %(title)s"), "open": _("Action item open again: %(title)s")}
    return said[data["state"]] % {"title": data["title"]}


def _late(data: Data) -> str:
    return _("Action item late: “%(title)s” was due on %(day)s") % {"title": data["title"], "day": _day(data["due"])}


def _day(iso: str) -> str:
    return date_format(date.fromisoformat(iso), "DATE_FORMAT")


TIMELINE = {
    "postmortems.opened": Sentence("decision", "postmortem", _opened, _opened_why),
    "postmortems.submitted": Sentence("decision", "postmortem", _submitted),
    "postmortems.returned": Sentence("decision", "postmortem", lambda data: _("Post-mortem returned to its author")),
    "postmortems.approved": Sentence("decision", "check", _approved),
    "postmortems.published": Sentence("decision", "postmortem", _published),
    "postmortems.published_outside": Sentence("decision", "public", lambda data: _("Public version of the post-mortem published")),
    "postmortems.waived": Sentence("decision", "postmortem", lambda data: _("Post-mortem waived")),
    "postmortems.resumed": Sentence("decision", "postmortem", lambda data: _("Post-mortem taken up again")),
    "postmortems.action_done": Sentence("step", "check", _settled),
    "postmortems.action_late": Sentence("step", "late", _late, lambda data: _("The day on which it was due has passed.")),
}


def _action_late(occasion: Occasion) -> Content:
    """An action item that is late: of a private incident without its words."""
    incident, params = occasion.incident, occasion.params
    if incident is None:
        raise LookupError("an action item belongs to an incident")
    title = _("Private incident") if incident.is_private else params["title"]
    values = {"title": title, "reference": incident.reference, "day": _day(params["due"])}
    return Content(
        subject=_("Action item late · %(reference)s · %(title)s") % values,
        lead=_("An action item from the post-mortem of %(reference)s was due on %(day)s: %(title)s") % values,
        link=f"{settings.SITE_URL}/action-items/?mine=1",
        link_label=_("Your action items"),
        why=_("You get this because the action item is yours, or your team's and you lead it."),
    )


MESSAGES = {"postmortems.action_late": MessageKind(gettext_lazy("Action item late"), _action_late)}
