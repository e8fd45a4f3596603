"""The hearing side: a wait for a thread's loop, one for asyncio, and a call-back."""

import asyncio
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
    """Call `callback(names)` in a daemon thread for each wake-up; returns the function that ends it."""
    listener = Listener(names)
    stop = threading.Event()

    def run() -> None:
        with listener:
            while not stop.is_set():
                heard = listener.wait(LOOK)
                if heard and not stop.is_set():
                    callback(heard)

    threading.Thread(target=run, name="nudge-listener", daemon=True).start()
    return stop.set


class AsyncListener:
    """The same for a coroutine: make it inside the running loop, `await wait(seconds)`, close at the end."""

    def __init__(self, names: Collection[str] | None = None):
        self.loop = asyncio.get_running_loop()
        self.heard: set[str] = set()
        self.arrived = asyncio.Event()
        self.stop = listen(self._from_thread, names=names)

    def _from_thread(self, names: set[str]) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._arrive, names)

    def _arrive(self, names: set[str]) -> None:
        self.heard |= names
        self.arrived.set()

    async def wait(self, seconds: float) -> set[str]:
        """The names that were nudged, as soon as there are some; empty after `seconds`."""
        try:
            await asyncio.wait_for(self.arrived.wait(), seconds)
        except TimeoutError:
            return set()
        self.arrived.clear()
        heard, self.heard = self.heard, set()
        return heard

    def close(self) -> None:
        """Stop hearing."""
        self.stop()
