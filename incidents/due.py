"""When something falls due: elapsed time, or working time where the severity says so."""

from datetime import datetime, timedelta

from accounts import calendars
from incidents.playbook import SeverityRule


def due_after(start: datetime, seconds: int, rule: SeverityRule) -> datetime:
    """The moment `seconds` after `start`; P3 and P4 count working time (design.md "Steps and clocks")."""
    if rule.is_working_time:
        return calendars.add_working(start, seconds)
    return start + timedelta(seconds=seconds)
