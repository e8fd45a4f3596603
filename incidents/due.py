"""When something falls due: elapsed time, or working time where the severity says so."""

import logging
from datetime import datetime, timedelta

from accounts import calendars
from incidents.playbook import SeverityRule

logger = logging.getLogger(__name__)


def due_after(start: datetime, seconds: int, rule: SeverityRule) -> datetime:
    """The moment `seconds` after `start`; P3 and P4 count working time (design.md "Steps and clocks").

    A calendar without working time in reach must not keep an incident from being declared: time then counts as it passes.
    """
    if rule.is_working_time:
        try:
            return calendars.add_working(start, seconds)
        except calendars.NoWorkingTime:
            logger.warning("the default calendar has no working time near %s", start)
    return start + timedelta(seconds=seconds)
