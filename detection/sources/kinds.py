"""What every kind of source says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from detection.normal import Batch, NormalChange

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
    such a sender would, of a title, a severity (P1 to P4) and a status; `wrap` makes a request of one alert of a list. `key_field` is
    the name under which the payload itself holds the source's key, and `parse_change` reads what tells of a change where such come in, too. `parse_mapped`
    is `parse` without a choice of severities, where the protocol has one: for words that a mapping gives a meaning.
    """

    name: str
    label: Any
    path: str  # below the address for alerts; {key} is the key
    largest: int  # bytes
    parse: Callable[[Any], Batch]
    sample: Callable[[str, str, str], Any]
    snippets: tuple[Snippet, ...]
    wrap: Callable[[Any], Any] = lambda alert: [alert]
    key_field: str = ""
    parse_change: Callable[[Any], NormalChange] | None = None
    parse_mapped: Callable[[Any], Batch] | None = None

    @property
    def limit(self) -> str:
        """The largest body, for people."""
        return f"{self.largest // MIB} MiB" if self.largest >= MIB else f"{self.largest // 1024} KiB"

    def unkeyed(self, payload: Any) -> Any:
        """A payload without the source's key."""
        return {name: value for name, value in payload.items() if name != self.key_field} if isinstance(payload, dict) else payload

    def read(self, payload: Any) -> Batch | NormalChange:
        """The alerts of a kept payload, or the change that it tells of. Raises BadBatch."""
        if self.parse_change and isinstance(payload, dict) and "event_action" not in payload:
            return self.parse_change(payload)
        return self.parse(payload)
