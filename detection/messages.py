"""How detection's timeline entries read."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from detection.why import SERVICE, SEVERITY
from incidents.catalogue import Sentence
from lib.i18n import listed

Data = Mapping[str, Any]


def _titles(data: Data) -> str:
    named = data.get("alerts", [])
    rest = max(data.get("began") or data.get("ended") or 0, len(named)) - len(named)
    said = listed(f"{one['title']} ({one['severity']})" for one in named)
    return ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", rest) % {"names": said, "count": rest} if rest else said


def _alerts(data: Data) -> str:
    began, ended, firing = data["began"], data["ended"], data["firing"]
    values = {"titles": _titles(data), "count": began or ended}
    if data.get("opened"):
        said = _("Opened by %(titles)s") % values
    elif data.get("reopened"):
        said = _("Fires again within an hour of resolving: %(titles)s") % values
    elif began:
        said = ngettext("Alert joined: %(titles)s", "%(count)s alerts joined: %(titles)s", began) % values
    else:
        said = ngettext("Alert ended: %(titles)s", "%(count)s alerts ended: %(titles)s", ended) % values
    if began and ended:
        said += " · " + ngettext("%(count)s ended", "%(count)s ended", ended) % {"count": ended}
    return said + " · " + (ngettext("%(count)s fires", "%(count)s fire", firing) % {"count": firing} if firing else _("none fires any more"))


def _alerts_why(data: Data) -> str:
    """The rules that the first alert met; for an opening also why it opened."""
    if not data.get("began") or not data.get("alerts"):
        return ""
    first = data["alerts"][0]
    rule = first.get("rule") or {}
    severity, service = rule.get("severity") or {}, rule.get("service") or {}
    parts = []
    if severity.get("from") in SEVERITY:
        parts.append(SEVERITY[severity["from"]](severity, first["severity"]))
    if service.get("from") in SERVICE:
        parts.append(SERVICE[service["from"]](service))
    return " ".join(_("%(sentence)s.") % {"sentence": part} for part in parts)


def _accepted(data: Data) -> str:
    return ngettext(
        "Accepted as an incident: %(count)s alert had waited for it",
        "Accepted as an incident: %(count)s alerts had waited for it",
        data["alerts"],
    ) % {"count": data["alerts"]}


def _acknowledged_why(data: Data) -> str:
    return _("What a sender says calls nobody off: only a person's press counts here.")


def _mapped(data: Data) -> str:
    means = listed(one for one in (data.get("service"), data.get("severity")) if one)
    return _("The label %(label)s “%(value)s” now means %(means)s") % {**data, "means": means}


TIMELINE = {
    "detection.alerts": Sentence("alert", "alert", _alerts, _alerts_why),
    "detection.acknowledged": Sentence("alert", "alert", lambda data: _("%(source)s says that somebody works on “%(title)s”") % data, _acknowledged_why),
    "detection.accepted": Sentence("decision", "alert", _accepted),
    "detection.mapped": Sentence("decision", "services", _mapped),
}
