"""What every kind of source says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from detection.normal import Batch

MIB = 1024 * 1024


@dataclass(frozen=True)
class Snippet:
    """Ready configuration for a sender: what it is called, and its template."""

    title: Any
    template: str


@dataclass(frozen=True)
class Kind:
    """A kind of source: how it is called, who reads its payload, what it may weigh, and what its sender needs to know.

    `parse` makes a batch of a decoded request and raises BadBatch when it is nothing of this kind; `sample` makes a request as
    such a sender would, of a title, a severity (P1 to P4) and a status.
    """

    name: str
    label: Any
    path: str  # below the address for alerts; {key} is the key
    largest: int  # bytes
    parse: Callable[[Any], Batch]
    sample: Callable[[str, str, str], Any]
    snippets: tuple[Snippet, ...]

    @property
    def limit(self) -> str:
        """The largest body, for people."""
        return f"{self.largest // MIB} MiB" if self.largest >= MIB else f"{self.largest // 1024} KiB"
