"""Severities that only a mapping knows: what a reader refuses for such a word is read all the same, once somebody said what it means."""

from typing import Any

from django.db.models import Q

from detection.models import Mapping, Source
from detection.normal import BadBatch, Batch
from detection.sources.kinds import Kind

LABEL = "severity"


def read(source: Source, kind: Kind, payload: Any, bad: BadBatch) -> Batch:
    """The batch of a payload that its reader refused as `bad`. Raises `bad` where no mapping helps."""
    mapped = Mapping.objects.filter(Q(source=None) | Q(source=source), label=LABEL, value=bad.detail).exclude(severity="")
    if bad.reason != "bad_severity" or kind.parse_mapped is None or not mapped.exists():
        raise bad
    return kind.parse_mapped(payload)
