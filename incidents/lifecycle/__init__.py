"""The only changer of an incident's state, severity and roles. Every function is one transaction and may be called twice."""

from incidents.lifecycle.declaring import declare
from incidents.lifecycle.details import edit, edit_milestone, note, redact, set_services
from incidents.lifecycle.holding import hold
from incidents.lifecycle.importing import Told, bring_in
from incidents.lifecycle.merging import merge, on_merge
from incidents.lifecycle.people import acknowledge, assign
from incidents.lifecycle.privacy import break_glass, grant, revoke, set_private
from incidents.lifecycle.recovery import fires_again, mark_recovered, restart_watch, suggest_watch
from incidents.lifecycle.severity import advise_severity, change_severity
from incidents.lifecycle.states import TRANSITIONS, allowed, needs_note, transition

__all__ = [
    "TRANSITIONS", "Told", "acknowledge", "advise_severity", "allowed", "assign", "break_glass", "bring_in", "change_severity", "declare", "edit",
    "edit_milestone",
    "fires_again", "grant", "hold", "mark_recovered", "merge", "needs_note", "note", "on_merge", "redact", "restart_watch", "revoke",
    "set_private", "set_services", "suggest_watch", "transition",
]  # fmt: skip
