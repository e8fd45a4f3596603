"""What every source's file makes of a payload: alerts in one form, and what could not be taken."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypedDict

FIRING, RESOLVED = "firing", "resolved"
MOST_ALERTS = 50_000
MOST_LABELS = 200
LONGEST_NAME = 200
LONGEST_LABEL = 2_000
LONGEST_ANNOTATION = 8_000
# Outside of this a time is data of no use: it cannot be shown in every zone, and no alert began then.
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(9990, 1, 1, tzinfo=UTC)


class BadAlert(Exception):
    """One alert cannot be taken: a code of `detection.reasons`, and the field or word it is about."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class BadBatch(BadAlert):
    """The request is well-formed and yet nothing that this source sends."""


class NormalLink(TypedDict):
    """A link that a sender gives along; an image is a link, too."""

    href: str
    text: str
    image: bool


@dataclass(frozen=True, slots=True)
class NormalAlert:
    """One alert of one notification. `starts_at` None: the source does not say; `ends_at` is set for ended ones only."""

    fingerprint: str
    status: str
    starts_at: datetime | None
    ends_at: datetime | None
    name: str
    title: str
    summary: str
    url: str
    labels: dict[str, str]
    annotations: dict[str, str]
    notes: tuple[str, ...] = ()
    links: tuple[NormalLink, ...] = ()

    @property
    def is_firing(self) -> bool:
        """Whether this is a firing notice."""
        return self.status == FIRING


@dataclass(frozen=True, slots=True)
class NormalChange:
    """A change that a sender tells of. `at` None: it does not say when."""

    summary: str
    kind: str
    at: datetime | None
    origin: str
    links: tuple[NormalLink, ...]
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """An alert that is set aside, and where it stood in the batch."""

    index: int
    reason: str
    detail: str
    payload: Any


@dataclass(slots=True)
class Batch:
    """What one request holds."""

    alerts: list[NormalAlert] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)  # fingerprints of which the sender says that somebody works on them
    truncated: int = 0
