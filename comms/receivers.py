"""What comms does about timeline entries: one row each; sweeps do the rest."""

from typing import Any

from comms import announcements, obligations
from comms.models import Fanout
from incidents.lifecycle import on_merge
from incidents.models import Incident, TimelineEntry
from incidents.signals import entry_recorded
from lib import clock
from lib.nudge import nudge

# Entry → the notice it asks for. A change of state is looked at in `_state`, one of severity in `_severity`.
NOTICES = {
    "incidents.declared": "notice.declared",
    "incidents.recovered": "notice.recovered",
    "incidents.fires_again": "notice.fires_again",
    "incidents.acknowledgement_asked": "notice.still_on_it",
    "incidents.acknowledgement_lapsed": "notice.lapsed",
    "incidents.merged_into": "notice.over",
    "incidents.no_commander": "notice.no_commander",
    "comms.update": "notice.update",
}
KINDS = {*NOTICES, "incidents.state", "incidents.severity"}
PLANNING = {
    *obligations.KEPT_BY,
    obligations.NOBODY,
    "comms.update",
    "incidents.acknowledged",
    "incidents.declared",
    "incidents.fires_again",
    "incidents.private",
    "incidents.recovered",
    "incidents.severity",
    "incidents.state",
}


def tell(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> None:
    """Note what is to be told to many; `sweeps.fan_out` finds the readers."""
    kind, params = _notice(entry, incident, data)
    if kind and not incident.is_imported:
        now = clock.now()
        Fanout.objects.get_or_create(entry=entry, kind=kind, defaults={"incident": incident, "params": params, "created_at": now, "not_before": now})
        nudge("comms.fan_out")


def _notice(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The notice that an entry asks for ("" for none) and its parameters."""
    if entry.kind == "incidents.state":
        return _state(incident, data)
    if entry.kind == "incidents.severity":
        return ("notice.raised", {"from": data["from"], "to": data["to"]}) if data.get("raised") else ("", {})
    kind = NOTICES.get(entry.kind, "")
    if kind == "notice.update":
        return kind, {"seq": entry.seq, "author": entry.actor_id}
    return kind, {"to": "merged"} if kind == "notice.over" else {}


def _state(incident: Incident, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if data["to"] in {"resolved", "dismissed"}:
        return "notice.over", {"to": data["to"]}
    if data["from"] in {"resolved", "dismissed"} and data["to"] != "closed":
        return "notice.reopened", {}
    if data.get("not_recovered") and incident.severity == "P1":
        return "notice.not_recovered", {}
    return "", {}


entry_recorded.connect("comms.tell", tell, KINDS)
entry_recorded.connect("comms.plan_updates", obligations.on_entry, PLANNING)
entry_recorded.connect("comms.announce", announcements.on_entry, {"incidents.private", "incidents.services", "incidents.severity", "incidents.state"})
on_merge("comms.obligations", obligations.hand_over)
on_merge("comms.announcements", announcements.hand_over)
