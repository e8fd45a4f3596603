"""How the public page's timeline entries read."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from incidents.catalogue import Sentence, moment
from lib.i18n import listed, pick
from statuspage.models import Kind

Data = Mapping[str, Any]


def _kind(data: Data) -> str:
    return str(dict(Kind.choices).get(data.get("kind", ""), data.get("kind", "")))


def _published(data: Data) -> str:
    said = _("Told on the public page: %(kind)s") % {"kind": _kind(data)}
    if title := pick(data.get("title") or {}):
        said += " · " + _("“%(title)s”") % {"title": title}
    if data.get("promised"):
        said += " · " + _("next update promised by %(time)s") % {"time": moment(data["promised"])}
    if data.get("accepted"):
        said += " · " + _("published all the same: %(words)s") % {"words": listed(data["accepted"])}
    return said


def _published_why(data: Data) -> str:
    if not data.get("auto"):
        return ""
    return _("A person confirmed the incident, and the playbook lets standard words go out by themselves at this severity.")


def _prepared(data: Data) -> str:
    return _("Ready for the public page: %(kind)s. It waits for somebody to publish it") % {"kind": _kind(data)}


def _prepared_why(data: Data) -> str:
    return _("At this severity the playbook has a person publish, or what is to be said is no standard step.")


TIMELINE = {
    "statuspage.published": Sentence("message", "public", _published, _published_why),
    "statuspage.prepared": Sentence("message", "public", _prepared, _prepared_why),
    "statuspage.dropped": Sentence("message", "public", lambda data: _("Draft for the public page dropped: %(kind)s") % {"kind": _kind(data)}),
}
