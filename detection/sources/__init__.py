"""One file per kind of source; only that file knows the sender's payload."""

from detection.sources import alertmanager, generic, pagerduty
from detection.sources.kinds import Kind, Snippet

__all__ = ["KINDS", "OWN_DOORS", "Kind", "Snippet"]

KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in (alertmanager, generic, pagerduty)}
OWN_DOORS = [kind.name for kind in KINDS.values() if kind.path.startswith("/ingest/")]  # the others' are their vendor's
