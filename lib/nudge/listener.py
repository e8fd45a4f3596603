"""The hearing side: a wait for a thread's loop, and a call-back."""

import logging
import threading
from collections.abc import Callable, Collection

from lib.nudge.wires import Ear, ear

logger = logging.getLogger(__name__)
LOOK = 1.0  # seconds between two looks at whether to stop


class Listener:
    """Hears nudges in this process: only `names`, or all. Use in one thread; close at the end."""

    def __init__(self, names: Collection[str] | None = None):
        self.names = None if names is None else set(names)
        self.closed = threading.Event()
        self.ear: Ear | None = None
        try:
            self.ear = ear()
        except OSError as error:
            logger.warning("nudges are not heard, sweeps look by themselves: %s", error)

    def wait(self, seconds: float) -> set[str]:
        """The names that were nudged, as soon as there are some; empty after `seconds` or when nothing can be heard."""
        if self.ear is None:
            self.closed.wait(seconds)
            return set()
        heard = self.ear.hear(seconds)
        return heard if self.names is None else heard & self.names

    def close(self) -> None:
        """Stop hearing. From the thread that waits, or after it ended."""
        self.closed.set()
        if self.ear is not None:
            self.ear.close()
            self.ear = None

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def listen(callback: Callable[[set[str]], None], *, names: Collection[str] | None = None) -> Callable[[], None]:
    """Call `callback(names)` in a daemon thread for each wake-up; returns the function that ends it. (A coroutine is woken by
    `loop.call_soon_threadsafe` in its call-back.)"""
    listener = Listener(names)
    stop = threading.Event()

    def run() -> None:
        with listener:
            while not stop.is_set():
                heard = listener.wait(LOOK)
                if heard and not stop.is_set():
                    _tell(callback, heard)

    threading.Thread(target=run, name="nudge-listener", daemon=True).start()
    return stop.set


def _tell(callback: Callable[[set[str]], None], names: set[str]) -> None:
    try:
        callback(names)
    except Exception:  # the thread's outer edge: one bad wake-up must not make the process deaf
        logger.exception("a wake-up failed")
