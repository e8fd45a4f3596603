"""How many requests one source may send before it is asked to wait; sources do not share."""

import threading
import time

PER_SECOND = 400.0  # interface.md promises 200
BURST = 800.0

_levels: dict[int, tuple[float, float]] = {}  # source → (requests left, when that was)
_lock = threading.Lock()


def admits(source_id: int, now: float | None = None) -> bool:
    """Whether this process takes one more request of the source; `now` in seconds of a monotonic clock."""
    now = time.monotonic() if now is None else now
    with _lock:
        left, when = _levels.get(source_id, (BURST, now))
        left = min(BURST, left + (now - when) * PER_SECOND)
        _levels[source_id] = (left - 1 if left >= 1 else left, now)
        return left >= 1


def forget() -> None:
    """Begin anew (tests)."""
    with _lock:
        _levels.clear()
