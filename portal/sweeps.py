"""The table of sweeps: everything that happens by itself, how often, in which queue, within what time."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import import_string

QUEUES = ("page", "engine", "checks", "bulk", "pdf")


@dataclass(frozen=True)
class Sweep:
    """One line of the table. `function` is a dotted path, called without arguments; it returns how many rows it worked."""

    name: str  # also the name of the Celery task and of the nudge that wakes it
    function: str
    interval: float  # seconds between two looks when nobody nudges
    queue: str
    time_limit: float  # seconds; one that takes longer is stuck, and its process is started anew

    def load(self) -> Callable[[], int | None]:
        """The function itself."""
        found: Callable[[], int | None] = import_string(self.function)
        return found


SWEEPS = (
    Sweep("accounts.answer_resets", "accounts.sweeps.answer_resets", 5, "page", 60),
    Sweep("comms.drain_outbox", "comms.sweeps.drain_outbox", 1, "page", 120),
    Sweep("comms.fan_out", "comms.sweeps.fan_out", 1, "engine", 120),
    Sweep("comms.release_announcements", "comms.sweeps.release_announcements", 1, "engine", 120),
    Sweep("comms.sweep_obligations", "comms.sweeps.sweep_obligations", 2, "engine", 60),
    Sweep("incidents.retry_reactions", "incidents.sweeps.retry_reactions", 2, "engine", 60),
    Sweep("incidents.sweep_steps", "incidents.sweeps.sweep_steps", 1, "engine", 60),
    Sweep("detection.sweep_silences", "detection.sweeps.sweep_silences", 2, "engine", 120),
    Sweep("detection.restate", "detection.sweeps.restate", 1, "engine", 120),
    Sweep("detection.end_refusals", "detection.sweeps.end_refusals", 10, "engine", 60),
    Sweep("statuspage.publish", "statuspage.sweeps.publish", 5, "engine", 60),
    Sweep("postmortems.sweep_actions", "postmortems.sweeps.sweep_actions", 60, "engine", 60),
    Sweep("postmortems.render", "postmortems.printing.sweep", 5, "pdf", 180),
    Sweep("portal.audit", "portal.auditor.sweep", 30, "checks", 60),
    Sweep("comms.forget_bodies", "comms.sweeps.forget_bodies", 600, "bulk", 300),
    Sweep("lib.prune", "lib.prune.prune", 600, "bulk", 300),
)
