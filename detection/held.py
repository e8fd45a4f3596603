"""The locked rows that a batch of alerts is decided on."""

from dataclasses import dataclass, field

from detection.models import AlertGroup, Candidate
from detection.placing import Home
from incidents.models import Incident


@dataclass
class Held:
    """Locked in the order incident, group; `by_key` holds the open groups, `candidates` go by group."""

    incidents: dict[int, Incident] = field(default_factory=dict)
    groups: dict[int, AlertGroup] = field(default_factory=dict)
    candidates: dict[int, Candidate] = field(default_factory=dict)
    by_key: dict[str, AlertGroup] = field(default_factory=dict)
    homes: dict[str, Home] = field(default_factory=dict)  # by fingerprint
