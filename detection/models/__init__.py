"""The tables of detection; each module holds one concept."""

from detection.models.alerts import Alert, AlertGroup, Candidate
from detection.models.changes import Change
from detection.models.restatements import Restatement
from detection.models.silences import Silence
from detection.models.sources import Envelope, Mapping, SetAside, Source

__all__ = ["Alert", "AlertGroup", "Candidate", "Change", "Envelope", "Mapping", "Restatement", "SetAside", "Silence", "Source"]
