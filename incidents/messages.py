"""How the core's timeline entries read."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.catalogue import Sentence, moment
from incidents.models import Impact, Role, State
from lib.i18n import listed, pick, strung
from lib.times import span

Data = Mapping[str, Any]

MILESTONE_NAMES = {
    "began": lambda: _("began"),
    "detected": lambda: _("detected"),
    "declared": lambda: _("declared"),
    "acknowledged": lambda: _("acknowledged"),
    "confirmed": lambda: _("confirmed"),
    "mitigated": lambda: _("mitigated"),
    "resolved": lambda: _("resolved"),
    "closed": lambda: _("closed"),
}


def milestone_name(name: str) -> str:
    """A milestone's name in the reader's language."""
    return MILESTONE_NAMES[name]() if name in MILESTONE_NAMES else name


def _state(value: str) -> str:
    return str(dict(State.choices).get(value, value))


def _role(value: str) -> str:
    return str(dict(Role.choices).get(value, value))


def _declared(data: Data) -> str:
    where = listed(data.get("services", []))
    if data.get("drill"):
        return _("Drill declared as %(severity)s: %(title)s") % {"severity": data["severity"], "title": data.get("title", "")}
    if where:
        return _("Declared as %(severity)s on %(services)s") % {"severity": data["severity"], "services": where}
    return _("Declared as %(severity)s") % {"severity": data["severity"]}


def _changed(data: Data) -> str:
    if data.get("not_recovered"):
        said = _("Not recovered: back from “%(from)s” to diagnosing") % {"from": _state(data["from"])}
    else:
        said = _("%(from)s → %(to)s") % {"from": _state(data["from"]), "to": _state(data["to"])}
    if data.get("skipped"):
        said += " · " + _("set to now because skipped: %(names)s") % {"names": listed(milestone_name(name) for name in data["skipped"])}
    return said


def _acknowledged(data: Data) -> str:
    if data.get("until"):
        return _("Took it on; asked again at %(time)s without a sign of life") % {"time": moment(data["until"])}
    return _("Took it on")


def _severity(data: Data) -> str:
    said = _("Severity raised from %(from)s to %(to)s") if data.get("raised") else _("Severity lowered from %(from)s to %(to)s")
    return said % {"from": data["from"], "to": data["to"]}


def _severity_why(data: Data) -> str:
    if data.get("by") == "person":
        return ""
    why = data.get("why") or {}
    if why.get("merged"):
        return _("The merged incident %(reference)s was graver. A machine may raise, never lower.") % {"reference": why["merged"]}
    if why.get("alert"):
        return _("The alert “%(alert)s” asks for more. A machine may raise, never lower.") % {"alert": why["alert"]}
    return _("A machine may raise, never lower.")


def _titles(data: Data) -> str:
    rest = data["alerts"] - len(data["titles"])
    said = listed(data["titles"])
    return ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", rest) % {"names": said, "count": rest} if rest > 0 else said


def _split_into(data: Data) -> str:
    return _("Split off %(reference)s with %(titles)s") % {"reference": data["into"], "titles": _titles(data)}


def _split_from(data: Data) -> str:
    return _("Split off from %(reference)s with %(titles)s") % {"reference": data["from"], "titles": _titles(data)}


def _assigned(data: Data) -> str:
    person, previous = data.get("person"), data.get("previous")
    values = {"role": _role(data["role"]), "person": (person or {}).get("name", ""), "previous": (previous or {}).get("name", "")}
    if person and previous:
        return _("%(role)s: %(person)s takes over from %(previous)s") % values
    if person:
        return _("%(role)s: %(person)s") % values
    return _("%(role)s: nobody; %(previous)s stepped back") % values


def _milestone(data: Data) -> str:
    return _("Milestone “%(name)s” moved from %(old)s to %(new)s") % {
        "name": milestone_name(data["name"]),
        "old": moment(data["old"]),
        "new": moment(data["new"]),
    }


def _services(data: Data) -> str:
    parts = []
    if data["added"]:
        parts.append(_("now hit: %(names)s") % {"names": listed(data["added"])})
    if data["removed"]:
        parts.append(_("no longer hit: %(names)s") % {"names": listed(data["removed"])})
    if not parts:
        levels = [f"{slug} ({dict(Impact.Level.choices).get(level, level)})" for slug, level in sorted(data["levels"].items())]
        parts.append(_("impact is now %(levels)s") % {"levels": listed(levels)})
    return _("Services: %(what)s") % {"what": strung(parts)}


FIELD_NAMES = {
    "title": lambda: _("title"),
    "summary": lambda: _("summary"),
    "users_affected": lambda: _("users hit"),
    "users_affected_percent": lambda: _("users hit, per cent"),
}


def _edited(data: Data) -> str:
    parts = []
    for name, new in data["new"].items():
        label, old = FIELD_NAMES[name](), data["old"][name]
        values = {"field": label, "old": "–" if old is None else old, "new": "–" if new is None else new}
        parts.append(label if name == "summary" else _("%(field)s: %(old)s → %(new)s") % values)
    return _("Edited %(what)s") % {"what": strung(parts)}


def _done(data: Data) -> str:
    return _("Done: %(step)s") % {"step": " · ".join(dict.fromkeys(pick(step["title"]) for step in (data, *data.get("more", []))))}


def _done_why(data: Data) -> str:
    return _("Entry %(seq)s is what this step waited for.") % {"seq": data["seq"]} if data.get("by") == "entry" else ""


def _late(data: Data) -> str:
    return _("Late: “%(step)s” was due at %(time)s") % {"step": pick(data["title"]), "time": moment(data["due"])}


def _breached(data: Data) -> str:
    return _("%(clock)s broken: the target of %(target)s ended at %(time)s") % {
        "clock": data["kind"].upper(),
        "target": span(data["target"]),
        "time": moment(data["due"]),
    }


def _named(data: Data) -> str:
    return str((data.get("person") or {}).get("name") or pick((data.get("team") or {}).get("name", "")))


def _cancelled(data: Data) -> str:
    count = len(data.get("keys", [])) or data.get("count", 1)
    return ngettext("%(count)s step no longer applies", "%(count)s steps no longer apply", count) % {"count": count}


TIMELINE = {
    "incidents.declared": Sentence("decision", "flag", _declared),
    "incidents.state": Sentence("decision", "arrow", _changed),
    "incidents.acknowledged": Sentence("decision", "hand", _acknowledged),
    "incidents.acknowledgement_asked": Sentence(
        "system",
        "bell",
        lambda data: _("Asked %(person)s: still on it?") % {"person": _named(data)},
        lambda data: _("No sign of life for the whole lease of the acknowledgement."),
    ),
    "incidents.acknowledgement_lapsed": Sentence(
        "system",
        "bell",
        lambda data: _("Nobody has it any more: %(person)s did not answer") % {"person": _named(data)},
        lambda data: _("The question “still on it?” stayed open; escalation goes on."),
    ),
    "incidents.severity": Sentence("decision", "level", _severity, _severity_why),
    "incidents.severity_advised": Sentence(
        "system",
        "level",
        lambda data: _("Advice: this looks like %(severity)s") % {"severity": data["severity"]},
        lambda data: _("A commander set the severity, so machines only advise."),
    ),
    "incidents.role": Sentence("decision", "person", _assigned),
    "incidents.no_commander": Sentence(
        "system", "bell", lambda data: _("Nobody commands yet"), lambda data: _("A P1 without a commander after five minutes goes to the backup.")
    ),
    "incidents.milestone": Sentence("decision", "clock", _milestone),
    "incidents.services": Sentence("decision", "services", _services),
    "incidents.edited": Sentence("decision", "pencil", _edited),
    "incidents.users_affected": Sentence("decision", "people", _edited),
    "incidents.note": Sentence("note", "note", lambda data: ""),
    "incidents.step_done": Sentence("step", "check", _done, _done_why),
    "incidents.step_undone": Sentence("step", "check", lambda data: _("Open again: %(step)s") % {"step": pick(data["title"])}),
    "incidents.step_late": Sentence("step", "late", _late, lambda data: _("The playbook's time for this step has passed.")),
    "incidents.step_cancelled": Sentence("step", "check", _cancelled, lambda data: _("They are not in the list of the new severity.")),
    "incidents.clock_breached": Sentence("step", "late", _breached, lambda data: _("The recovery objective of the playbook has run out.")),
    "incidents.recovered": Sentence(
        "alert",
        "wave",
        lambda data: _("Recovered by itself; waits for a look until %(time)s") % {"time": moment(data.get("look_due"))},
        lambda data: _("All its alerts ended before anybody took it on. A machine never resolves."),
    ),
    "incidents.look_due": Sentence("step", "late", lambda data: _("Recovered by itself, and nobody has looked yet")),
    "incidents.fires_again": Sentence("alert", "fire", lambda data: _("Fires again")),
    "incidents.watch_suggested": Sentence(
        "alert",
        "wave",
        lambda data: _("All alerts have ended: begin the watch?"),
        lambda data: _("No alert of this incident fires any more. A person decides."),
    ),
    "incidents.watch_restarted": Sentence(
        "alert", "fire", lambda data: _("The watch begins anew"), lambda data: _("An alert fired again while the incident was being watched.")
    ),
    "incidents.watch_over": Sentence("step", "clock", lambda data: _("The watch is over and nothing came back: resolve?")),
    "incidents.merged_into": Sentence("decision", "merge", lambda data: _("Became part of %(reference)s") % {"reference": data["into"]}),
    "incidents.merged_from": Sentence("decision", "merge", lambda data: _("Took in %(reference)s") % {"reference": data["from"]}),
    "incidents.split_into": Sentence("decision", "merge", _split_into),
    "incidents.split_from": Sentence("decision", "merge", _split_from),
    "incidents.private": Sentence(
        "decision", "lock", lambda data: _("Closed to all but named people") if data["private"] else _("Opened to everybody in the portal")
    ),
    "incidents.grant": Sentence("decision", "lock", lambda data: _("%(name)s may see this") % {"name": _named(data)}),
    "incidents.revoked": Sentence("decision", "lock", lambda data: _("%(name)s may no longer see this") % {"name": _named(data)}),
    "incidents.glass_broken": Sentence(
        "decision", "lock", lambda data: _("%(name)s opened this private incident without being named") % {"name": _named(data)}
    ),
    "incidents.redacted": Sentence("decision", "redact", lambda data: _("Entry %(seq)s was redacted") % {"seq": data["seq"]}),
}
