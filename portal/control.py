"""A child's line to its supervisor: signs of life go up, and its closing means stop."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable

GRACE_SECONDS = 4.5


class Control:
    """Wraps the descriptor that the supervisor handed down."""

    def __init__(self, descriptor: int):
        self.line = socket.socket(fileno=descriptor)
        self.line.setblocking(True)

    def beat(self) -> None:
        """Tell the supervisor that the main loop still turns; never blocks, never raises."""
        try:
            self.line.send(b".", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except OSError:
            return

    def watch(self, stop: Callable[[], None] | None = None) -> None:
        """Call `stop` (default: SIGTERM to ourselves) when the supervisor is gone, and end by force where that takes too long."""
        threading.Thread(target=self._wait, args=(stop or terminate,), name="control", daemon=True).start()

    def _wait(self, stop: Callable[[], None]) -> None:
        while self._said_something():
            pass
        stop()
        time.sleep(GRACE_SECONDS)
        if os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)  # we lead a session of our own: pool children go too
        os._exit(1)

    def _said_something(self) -> bool:
        try:
            return bool(self.line.recv(64))
        except OSError:
            return False


def terminate() -> None:
    """Ask our own process to end as if the supervisor had said so."""
    os.kill(os.getpid(), signal.SIGTERM)
