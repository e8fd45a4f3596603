"""The playbook: every rule of the manual as data, in versions that a team changes (`design.md "Playbook"`).

`current()` and `incident_playbook(incident)` read it; `section()` registers a part of it (each room's `playbook.py` is
imported at start); `load`, `edit` and `replace` make versions.
"""

from incidents.playbook import core
from incidents.playbook.problems import check
from incidents.playbook.reader import ListRule, Playbook, ServiceRule, SeverityRule, StepRule, TeamRule, incident_playbook, read
from incidents.playbook.sections import SECTIONS, Section, ordered, section, shipped_content
from incidents.playbook.versions import Difference, current, current_version, diff, differences, edit, in_force, load, newest, replace, same

__all__ = [
    "SECTIONS",
    "Difference",
    "ListRule",
    "Playbook",
    "Section",
    "ServiceRule",
    "SeverityRule",
    "StepRule",
    "TeamRule",
    "check",
    "core",
    "current",
    "current_version",
    "diff",
    "differences",
    "edit",
    "in_force",
    "incident_playbook",
    "load",
    "newest",
    "ordered",
    "read",
    "replace",
    "same",
    "section",
    "shipped_content",
]
